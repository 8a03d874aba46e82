import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What pip installs for each version. From 1.0 on the wheel alone is enough; the Python servers need their dependencies (500 MB each). */
const installs = {
  "1.5.9": ["--no-deps", "--only-binary", ":all:", "chromadb==1.5.9"],
  "1.0.20": ["--no-deps", "--only-binary", ":all:", "chromadb==1.0.20"],
  "0.6.3": ["chromadb==0.6.3"],
  "0.5.23": ["chromadb==0.5.23"],
  "0.4.24": ["chromadb==0.4.24", "numpy<2", "fastapi==0.110.0"],
} as const;

export type ChromaVersion = keyof typeof installs;
const current: ChromaVersion = "1.5.9";

const cache = resolve(process.env["VECFERRY_CACHE"] || join(import.meta.dirname, "../../.cache"));
const installed = (version: ChromaVersion): string => join(cache, `chroma-${version}`);

export interface ChromaServer extends AsyncDisposable {
  readonly url: string;
  /** The persistent folder; null for a server that was not started here. */
  readonly path: string | null;
  readonly version: ChromaVersion;
  /** What the server has printed, the last 64 kB. */
  log(): string;
  /** SIGKILL, as a crash would; dispose still cleans up. */
  kill(): Promise<void>;
}

export interface StartOptions {
  readonly version?: ChromaVersion;
  /** An existing folder, kept afterwards; without it a temporary one. */
  readonly path?: string;
  /** Further environment, say for the authentication of 0.x. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Why a server of this version cannot be had here; null when it can. `own` = it must be started here, whatever CHROMA_URL says. Installs the current version once, into VECFERRY_CACHE (default `.cache/`);
 * older ones only where VECFERRY_OLD_CHROMA=1 asks for it.
 */
export function chromaAvailable(version: ChromaVersion = current, own = false): string | null {
  if (version === current && !own && process.env["CHROMA_URL"]) return null;
  if (existsSync(installed(version))) return null;
  if (version !== current && process.env["VECFERRY_OLD_CHROMA"] !== "1") {
    return `Chroma ${version} is not in ${cache}; VECFERRY_OLD_CHROMA=1 installs it`;
  }
  if (spawnSync("python3", ["--version"]).status !== 0)
    return "python3 is not there to install a Chroma with";
  return install(version);
}

/** Installs under a temporary name, then renames: two processes at once do no harm. */
function install(version: ChromaVersion): string | null {
  mkdirSync(cache, { recursive: true });
  const target = `${installed(version)}.tmp${process.pid}`;
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--target",
    target,
  ];
  const { status, stderr } = spawnSync("python3", [...pip, ...installs[version]], {
    encoding: "utf8",
  });
  if (status !== 0) {
    rmSync(target, { recursive: true, force: true });
    return `pip could not install Chroma ${version}: ${stderr.trim().split("\n").at(-1)}`;
  }
  try {
    renameSync(target, installed(version));
  } catch (error) {
    rmSync(target, { recursive: true, force: true });
    if (!existsSync(installed(version))) throw error;
  }
  return null;
}

/** Starts a real Chroma server on a free port and waits until it answers. Without options, the one at CHROMA_URL where that is set. */
export async function startChroma(options: StartOptions = {}): Promise<ChromaServer> {
  const { version = current } = options;
  const given = process.env["CHROMA_URL"];
  if (given && version === current && !options.path && !options.env) return givenServer(given);
  const path = options.path ?? (await mkdtemp(join(tmpdir(), "vecferry-chroma-")));
  const server = await launch(version, path, options.env ?? {});
  return {
    url: server.url,
    path,
    version,
    log: server.log,
    kill: () => stop(server.child, "SIGKILL"),
    async [Symbol.asyncDispose]() {
      await stop(server.child, "SIGTERM");
      if (options.path === undefined) await rm(path, { recursive: true, force: true });
    },
  };
}

function givenServer(url: string): ChromaServer {
  const nothing = async (): Promise<void> => {};
  return {
    url: url.replace(/\/+$/, ""),
    path: null,
    version: current,
    log: () => "",
    kill: nothing,
    [Symbol.asyncDispose]: nothing,
  };
}

const rustMain = "import sys, chromadb_rust_bindings as b; b.cli(['chroma', *sys.argv[1:]])";
const pythonMain = "from chromadb.cli.cli import app; app()";

async function launch(version: ChromaVersion, path: string, env: Readonly<Record<string, string>>) {
  const port = await freePort();
  const main = version.startsWith("1.") ? rustMain : pythonMain;
  const child = spawn(
    "python3",
    ["-c", main, "run", "--path", path, "--host", "127.0.0.1", "--port", String(port)],
    {
      env: {
        ...process.env,
        PYTHONPATH: installed(version),
        ANONYMIZED_TELEMETRY: "False",
        ...env,
      },
      cwd: path,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed = (printed + text).slice(-65_536);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const api = version.startsWith("0.4.") ? "v1" : "v2";
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (child.exitCode !== null)
      throw new Error(`Chroma ${version} ended with ${child.exitCode}:\n${printed}`);
    if (await answers(`${url}/api/${api}/heartbeat`)) return { url, child, log: () => printed };
    await sleep(50);
  }
  await stop(child, "SIGKILL");
  throw new Error(`Chroma ${version} did not answer within 60 s:\n${printed}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(force);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
