/** The package as it is published, laid out as an installation of it, without a registry. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "./files.ts";

const run = promisify(execFile);

/** Packs what is built and unpacks it below `folder`/node_modules, with what it depends on and the `peers`, from this project's own. */
export async function unpackPackage(folder: string, peers: readonly string[]): Promise<void> {
  const modules = join(folder, "node_modules");
  const own = join(modules, "vecferry");
  mkdirSync(own, { recursive: true });
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await run("npm", pack, { cwd: projectRoot });
  const archive = join(folder, stdout.trim().split("\n").at(-1) ?? "");
  await run("tar", ["-xzf", archive, "-C", own, "--strip-components=1"]);
  const wanted = [...dependenciesOf(own), ...peers];
  for (const name of wanted) {
    const target = join(modules, name);
    if (existsSync(target)) continue;
    cpSync(join(projectRoot, "node_modules", name), target, { recursive: true });
    wanted.push(...dependenciesOf(target));
  }
}

function dependenciesOf(folder: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.keys(dependencies);
}

/** Bytes of all files below a folder. */
export function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
