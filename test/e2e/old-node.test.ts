/** What a user of an older Node sees: one sentence and exit 2, not a syntax error of some module. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../support/files.ts";

/** A Node on the path that is older than 22.18; null = none. */
function oldNode(): { path: string; version: string } | null {
  const name = process.platform === "win32" ? "node.exe" : "node";
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const version = spawnSync(path, ["--version"], { encoding: "utf8" }).stdout.trim();
    const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
    if (major * 1000 + minor < 22_018) return { path, version };
  }
  return null;
}

it("the command says what it needs on a Node before 22.18, and exits 2", (context) => {
  const old = oldNode();
  if (old === null) return context.skip("no Node before 22.18 on the path");
  const main = join(projectRoot, "dist/cli/main.js");
  const ended = spawnSync(old.path, [main, "--version"], { encoding: "utf8" });
  expect(ended.stderr.trim()).toBe(`vecferry needs Node 22.18 or later; this is ${old.version}.`);
  expect(ended.stdout).toBe("");
  expect(ended.status).toBe(2);
});
