#!/usr/bin/env node
/** The command. Looks at Node's version before it imports anything that an older one cannot read. */
import process from "node:process";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`vecferry needs Node 22.18 or later; this is ${process.version}.`);
  process.exitCode = 2;
} else {
  quietSqlite();
  void import("./run.ts").then(({ main }) => main());
}

/** Node 22 warns once that node:sqlite is experimental; that one warning is left out, every other is printed. */
function quietSqlite(): void {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] === "ExperimentalWarning" && String(warning).includes("SQLite")) return;
    Reflect.apply(emit, process, [warning, ...rest]);
  };
}
