/** The built command as a process, in a world without anybody's variables. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "./files.ts";

export const mainFile = join(projectRoot, "dist/cli/main.js");

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** What stdout has said so far. */
  stdout(): string;
  /** Resolves when stdout fits; rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the command. */
export function startCli(args: readonly string[], { cwd, env = {} }: CliOptions): Started {
  const child = spawn(process.execPath, [mainFile, ...args], {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        const found = pattern.exec(stdout);
        if (found === null) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
      void ended.then(() => reject(new Error(`It ended without ${pattern}: ${stdout}${stderr}`)));
    });
  return { child, stdout: () => stdout, until, ended };
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}

/** A folder of its own for each test; gone with the test. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "vecferry-cli-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Unpacks the recorded folder of a Chroma version into `target`; gives its path. */
export function unpackChroma(version: string, target: string): string {
  const archive = join(projectRoot, `test/fixtures/chroma/${version}/folder.tar.gz`);
  execFileSync("tar", ["-xzf", archive, "-C", target]);
  return target;
}

/** Nobody's variables: what a process of ours may be told of the stores at hand is left out. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = { ...process.env, NO_COLOR: "1" };
  for (const name of Object.keys(environment)) {
    if (/^(CHROMA|QDRANT|VECTOR|VECFERRY)_/.test(name)) delete environment[name];
  }
  return environment;
}
