/** Gives a test file a temporary folder of its own: whatever it and the programs that it starts leave there goes with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "vecferry-tests-"));
// The second is Windows'.
const names = ["TMPDIR", "TEMP"] as const;
const before = names.map((name) => process.env[name]);
for (const name of names) process.env[name] = folder;

afterAll(() => {
  for (const [at, name] of names.entries()) {
    const value = before[at];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
