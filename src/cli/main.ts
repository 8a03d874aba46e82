#!/usr/bin/env node
/** The command. Looks at Node's version before it imports anything that an older one cannot read. */
import process from "node:process";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`vecferry needs Node 22.18 or later; this is ${process.version}.`);
  process.exitCode = 2;
} else {
  void import("./run.ts").then(({ main }) => main());
}
