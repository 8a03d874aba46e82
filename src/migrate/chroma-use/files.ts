/** The files of a program that may use Chroma: those of a folder and of all below it, but for what others have made. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { throwIfAborted } from "../../util/abort.ts";
import { errorCode } from "../../util/error-code.ts";
import type { Language } from "./kinds.ts";

export type FileKind = Language | "package" | "requirements" | "image" | "variables";

export interface CodeFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly kind: FileKind;
  /** null = it could not be read, and `fault` says why. */
  readonly text: string | null;
  readonly fault: string | null;
}

/** Folders of other people's code, and of what tools have made. */
const passed = new Set(
  "node_modules bower_components site-packages venv env virtualenv __pycache__ dist build out target vendor coverage htmlcov".split(
    " ",
  ),
);
/** Folders with a dot that hold settings; the others are tools' own. */
const dotted = new Set([".github", ".gitlab", ".devcontainer", ".circleci"]);

const kinds: readonly (readonly [pattern: RegExp, kind: FileKind])[] = [
  [/^package\.json$/, "package"],
  [
    /^(?:.*requirements.*\.(?:txt|in)|constraints.*\.txt|pyproject\.toml|pipfile|setup\.(?:py|cfg)|environment\.ya?ml)$/i,
    "requirements",
  ],
  [/\.pyi?$/, "python"],
  [/\.(?:[cm]?[jt]s|[jt]sx|vue|svelte)$/, "javascript"],
  [/\.ya?ml$|^(?:.*\.)?(?:docker|container)file(?:\..*)?$/i, "image"],
  [/^\.env(?:\..*)?$|\.env$|^\.envrc$/, "variables"],
];

const filesMax = 100_000;
const bytesMax = 2 * 1024 * 1024;

/** Every such file, in the order of its path; links are not followed. @throws E_ABORTED, and what reading the folder itself throws */
export async function* codeFiles(folder: string, signal: AbortSignal): AsyncGenerator<CodeFile> {
  const waiting = [folder];
  let files = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    throwIfAborted(signal);
    const entries = await entriesOf(at, folder);
    if (entries === null) {
      yield unreadable(folder, at, "image", "The folder cannot be read.");
      continue;
    }
    entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    const folders = entries.filter((entry) => entry.isDirectory() && !isPassed(entry.name));
    waiting.push(...folders.map(({ name }) => join(at, name)).reverse());
    for (const entry of entries) {
      const kind = entry.isFile() ? kindOf(entry.name) : null;
      if (kind === null) continue;
      throwIfAborted(signal);
      files += 1;
      if (files > filesMax) {
        yield unreadable(folder, at, "image", `More than ${filesMax} files: the rest is not read.`);
        return;
      }
      yield await readOne(folder, join(at, entry.name), kind);
    }
  }
}

/** null where a folder below cannot be read. */
async function entriesOf(at: string, root: string) {
  try {
    return await readdir(at, { withFileTypes: true });
  } catch (error) {
    if (at === root || errorCode(error) === undefined) throw error;
    return null;
  }
}

function isPassed(name: string): boolean {
  return passed.has(name) || (name.startsWith(".") && !dotted.has(name));
}

/** What a file is by its name; null = none of ours. */
export function kindOf(path: string): FileKind | null {
  const name = basename(path);
  return kinds.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

async function readOne(folder: string, path: string, kind: FileKind): Promise<CodeFile> {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) return unreadable(folder, path, kind, "It has more than 2 MiB.");
    return { path: shown(folder, path), kind, text: await readFile(path, "utf8"), fault: null };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return unreadable(folder, path, kind, `It cannot be read (${String(code)}).`);
  }
}

function unreadable(folder: string, path: string, kind: FileKind, fault: string): CodeFile {
  return { path: shown(folder, path), kind, text: null, fault };
}

function shown(folder: string, path: string): string {
  return relative(folder, path).replaceAll(sep, "/") || ".";
}
