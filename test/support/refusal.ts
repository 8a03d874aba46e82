/** What every refused command owes the one who typed it: a status, a code, what is wrong, what to do; no key, and nothing written. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Ended, runCli } from "./cli.ts";

/** Keys that stand in the environment of every command here, and may be seen nowhere. */
export const secrets = {
  QDRANT_API_KEY: "s3cr3t-qdrant-key",
  CHROMA_API_KEY: "s3cr3t-chroma-key",
} as const;

export interface Refusal {
  readonly exit: number;
  readonly code: string;
  /** What the first line says. */
  readonly says: string | RegExp;
  /** What the line `What to do:` says. */
  readonly remedy: string | RegExp;
}

/** Runs the command in `cwd` with a key for each end, and sees that none is printed nor logged there. */
export async function runKeyed(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const ended = await runCli(args, { cwd, env: { ...secrets, ...env } });
  const keys = Object.values({ ...secrets, ...env }).filter((value) => value.includes("s3cr3t"));
  const seen = [ended.stdout, ended.stderr, ...textsBelow(cwd)].join("\n");
  for (const key of keys) expect(seen).not.toContain(key);
  return ended;
}

/** Sees that a command was refused as it should be. */
export function expectRefusal({ status, stdout, stderr }: Ended, refusal: Refusal): void {
  const [first = ""] = stderr.split("\n").filter((line) => line.startsWith("Error: "));
  const [, todo = ""] = /^ {2}What to do: +(.+)$/m.exec(stderr) ?? [];
  expect(first, stdout + stderr).toMatch(refusal.says);
  expect(first, stderr).toContain(`[${refusal.code}]`);
  expect(todo).toMatch(refusal.remedy);
  const begun = !["E_USAGE", "E_NO_MIGRATION"].includes(refusal.code);
  expect(stderr.includes("What was kept:"), stderr).toBe(begun);
  expect(stderr).toContain("To go on:      vecferry ");
  expect(status, stderr).toBe(refusal.exit);
}

/** Files of the collections in an embedded Qdrant's folder; none where it was not made. */
export function embeddedCollections(folder: string): string[] {
  const collections = join(folder, "collections");
  return existsSync(collections) ? readdirSync(collections) : [];
}

/** Texts of the logs, journals and reports below a folder. */
function textsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(log|json|jsonl|sqlite|sqlite-wal)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}
