/** The clients of Qdrant that a program has: which, in which version, and whether the server's is too far from it. Reads, and nothing else. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "../../util/error-code.ts";
import { parseJson } from "../../util/json.ts";
import type { Findings } from "./finding.ts";

export interface FoundClient {
  readonly name: string;
  readonly version: string;
  /** Where it is said, below the program's folder. */
  readonly file: string;
}

const npmClients = ["@qdrant/js-client-rest", "@qdrant/js-client-grpc"] as const;
const pythonClient = "qdrant-client";
/** Where Python's environments stand in a program's folder. */
const environments = [".venv", "venv", "env"];
const requirementsMax = 20;

const manifest = z.looseObject({
  version: z.string().nullish(),
  dependencies: z.record(z.string(), z.string()).nullish(),
  devDependencies: z.record(z.string(), z.string()).nullish(),
});

/** Those that are installed in `folder`; where none is, those that its files ask for in one version. */
export async function findClients(folder: string): Promise<FoundClient[]> {
  const named = await Promise.all(npmClients.map((name) => npmVersion(folder, name)));
  const python = (await installedInPython(folder)) ?? (await requiredInPython(folder));
  return [...named, python].filter((client) => client !== null);
}

async function npmVersion(folder: string, name: string): Promise<FoundClient | null> {
  const installed = `node_modules/${name}/package.json`;
  const { version } = manifestOf(await textOf(join(folder, installed)));
  if (version) return { name, version, file: installed };
  const { dependencies, devDependencies } = manifestOf(await textOf(join(folder, "package.json")));
  const wanted = dependencies?.[name] ?? devDependencies?.[name] ?? "";
  // A range that begins with ^ says nothing of the minor version.
  const [, pinned] = /^[=~]?v?(\d+\.\d+(?:\.\d+)?)$/.exec(wanted.trim()) ?? [];
  return pinned === undefined ? null : { name, version: pinned, file: "package.json" };
}

function manifestOf(text: string | null) {
  return manifest.safeParse(parseJson(text ?? "{}")).data ?? {};
}

async function installedInPython(folder: string): Promise<FoundClient | null> {
  for (const environment of environments) {
    for (const library of await namesIn(join(folder, environment, "lib"))) {
      const found = await distributionIn(folder, `${environment}/lib/${library}/site-packages`);
      if (found !== null) return found;
    }
    // Windows has no folder for the version of Python.
    const found = await distributionIn(folder, `${environment}/Lib/site-packages`);
    if (found !== null) return found;
  }
  return null;
}

async function distributionIn(folder: string, packages: string): Promise<FoundClient | null> {
  for (const name of await namesIn(join(folder, packages))) {
    const [, version] = /^qdrant_client-(\d[\w.]*)\.dist-info$/.exec(name) ?? [];
    if (version !== undefined) return { name: pythonClient, version, file: `${packages}/${name}` };
  }
  return null;
}

async function requiredInPython(folder: string): Promise<FoundClient | null> {
  const files = (await namesIn(folder)).filter((name) =>
    /^(?:.*requirements.*\.(?:txt|in)|pyproject\.toml)$/.test(name),
  );
  for (const file of files.slice(0, requirementsMax)) {
    const text = (await textOf(join(folder, file))) ?? "";
    // `~=1.8` is any 1.x from there on; `~=1.8.0` is any 1.8.
    const [, version] =
      /^[^#\n]*\bqdrant[-_]client(?:\[[^\]\n]*\])?\s*(?:==|~=(?=\s*\d+\.\d+\.))\s*(\d+\.\d+(?:\.\d+)?)/m.exec(
        text,
      ) ?? [];
    if (version !== undefined) return { name: pythonClient, version, file };
  }
  return null;
}

/**
 * A server and its clients are made for one another up to one minor version apart (`checkCompatibility` of Qdrant's clients; they
 * warn, and what the other does not know fails only when it is used).
 */
export function checkClients(
  clients: readonly FoundClient[],
  server: string,
  findings: Findings,
): void {
  const [major, minor] = numbers(server);
  for (const { name, version, file } of clients) {
    const [ownMajor, ownMinor] = numbers(version);
    if (ownMajor === major && Math.abs(ownMinor - minor) <= 1) continue;
    const fitting = `${major}.${minor}.0`;
    findings.add("client-version", "here", {
      text: `${file}: ${name} ${version}, and the server is Qdrant ${server}: they are made for each other up to one minor version apart.`,
      evidence: { client: name, version, server, file },
      words: {
        install:
          name === pythonClient
            ? `pip install '${name}~=${fitting}'`
            : `npm install ${name}@~${fitting}`,
      },
    });
  }
}

function numbers(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split(".").map(Number.parseFloat);
  return [major, minor];
}

async function namesIn(folder: string): Promise<string[]> {
  return await readOr([], async () => (await readdir(folder)).sort());
}

async function textOf(file: string): Promise<string | null> {
  return await readOr(null, () => readFile(file, "utf8"));
}

/** What cannot be read is not there, as far as this goes. */
async function readOr<Value>(other: Value, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return other;
  }
}
