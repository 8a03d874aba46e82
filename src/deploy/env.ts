/** The variables of an application that goes from Chroma to Qdrant, and Qdrant's key. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { VectorError } from "../errors.ts";
import { errorCode } from "../util/error-code.ts";
import { writeFileAtomic } from "../util/whole-file.ts";

/** How many random bytes a key has. */
export const keyBytes = 32;

/** What became of the key. */
export interface KeyOutcome {
  readonly path: string;
  /** `kept`: the file has one already. `added`: to what the file holds. */
  readonly done: "made" | "added" | "kept";
  /** Others than its owner may read the file; always false on Windows, which has no such bits. */
  readonly isOpen: boolean;
}

const variable = "QDRANT_API_KEY";

/**
 * Sees to it that the file of variables at `path` holds a key for Qdrant, in a file that its owner alone reads. A key that is there
 * stays. Nothing gives the key back.
 * @throws E_CONFIG where the file is there without a key and `force` is false, or it cannot be read or written; E_DISK_FULL
 */
export function keepKey(path: string, force: boolean): KeyOutcome {
  const before = readText(path);
  if (before !== null && parseEnv(before)[variable]) {
    const isOpen = process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0;
    return { path, done: "kept", isOpen };
  }
  if (before !== null && !force) {
    throw new VectorError("E_CONFIG", `${path} is there already, without ${variable}.`, {
      next: "Let the key be added to what is in it, and the file be its owner's alone, with --force; or name another file with --file.",
    });
  }
  const key = randomBytes(keyBytes).toString("base64url");
  const kept = before === null ? [] : keptLines(before);
  writeFileAtomic(path, [[...kept, `${variable}=${key}`, ""].join("\n")]);
  return { path, done: before === null ? "made" : "added", isOpen: false };
}

/** All lines but those that set the key to nothing. */
function keptLines(text: string): string[] {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return lines.filter((line) => !/^\s*(export\s+)?QDRANT_API_KEY\s*=/.test(line));
}

function readText(path: string): string | null {
  if (!existsSync(path)) return null;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new VectorError("E_CONFIG", `${path} cannot be read (${errorCode(error) ?? "?"}).`, {
      cause: error,
    });
  }
}

/** Lines for the application, besides the key; values that are not secret. */
export const addedVariables: Readonly<Record<string, string>> = {
  VECTOR_DB_TYPE: "qdrant",
  QDRANT_URL: "http://localhost:6333",
  QDRANT_GRPC_PORT: "6334",
};
