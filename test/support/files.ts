/** The files of the project as the tidy tests see them: everything that is written by hand. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

/** Made by a tool, by a run or by another project: no rule of ours holds there. */
const foreign = new Set([".git", ".cache", ".vecferry", "node_modules", "dist", "demo-out"]);
const foreignPaths = new Set(["test/fixtures", "examples/chroma", "package-lock.json"]);

/** Paths below `folder`, with `/` on every system, relative to the project, sorted. */
export function projectFiles(folder = ""): string[] {
  return readdirSync(join(projectRoot, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (foreign.has(entry.name) || foreignPaths.has(path)) return [];
      if (entry.isDirectory()) return projectFiles(path);
      return [".tgz", ".log"].includes(extname(path)) ? [] : [path];
    })
    .sort();
}

export function readProjectFile(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}

/** The TypeScript files below each folder, with their texts. */
export function sourcesBelow(...folders: string[]): Map<string, string> {
  const paths = folders.flatMap((folder) => projectFiles(folder));
  return new Map(
    paths.filter((path) => path.endsWith(".ts")).map((path) => [path, readProjectFile(path)]),
  );
}
