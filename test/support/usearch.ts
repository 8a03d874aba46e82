/** The optional package usearch, for the tests that need a real one: installed once into VECFERRY_CACHE (default `.cache/`). */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const version = "2.26.2";
const cache = resolve(process.env["VECFERRY_CACHE"] || join(import.meta.dirname, "../../.cache"));
const folder = join(cache, `usearch-${version}`);

/** Where the package is (for VECFERRY_USEARCH), or why it cannot be had here. */
export function usearchAvailable(): { readonly path: string } | string {
  const path = join(folder, "node_modules/usearch");
  if (existsSync(path)) return { path };
  // Installed under a temporary name, then renamed: two processes at once do no harm. Its install script would build what is there already.
  const target = `${folder}.tmp${process.pid}`;
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "package.json"), "{}");
  const words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `usearch@${version}`];
  const { status, stderr } = spawnSync("npm", words, { cwd: target, encoding: "utf8" });
  if (status !== 0) {
    rmSync(target, { recursive: true, force: true });
    return `npm could not install usearch ${version}: ${stderr.trim().split("\n").at(-1)}`;
  }
  try {
    renameSync(target, folder);
  } catch (error) {
    if (!existsSync(path)) throw error;
    rmSync(target, { recursive: true, force: true });
  }
  return { path };
}
