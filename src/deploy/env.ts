/** The variables of an application that goes from Chroma to Qdrant, and Qdrant's key. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { parseEnv } from "node:util";
import { VectorError } from "../errors.ts";
import { errorCode } from "../util/error-code.ts";
import { writeWhole } from "./write.ts";

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
  const text = [...kept, `${variable}=${key}`, ""].join("\n");
  writeWhole(dirname(path), path, { name: basename(path), text, secret: true });
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

/** A variable of Chroma's, and what goes in its place. */
export interface Replacement {
  readonly name: string;
  /** The variable of Qdrant that says it; null = Qdrant needs nothing of the kind. */
  readonly instead: string | null;
}

/** Chroma's variables, clients' and servers', each with Qdrant's. */
export const replacements: readonly Replacement[] = [
  { name: "CHROMA_HOST", instead: "QDRANT_HOST" },
  { name: "CHROMA_PORT", instead: "QDRANT_PORT" },
  { name: "CHROMA_URL", instead: "QDRANT_URL" },
  { name: "CHROMA_API_KEY", instead: "QDRANT_API_KEY" },
  { name: "CHROMA_API_KEY_FILE", instead: "QDRANT_API_KEY_FILE" },
  { name: "CHROMA_TOKEN", instead: "QDRANT_API_KEY" },
  { name: "CHROMA_USE_HTTPS", instead: "QDRANT_USE_HTTPS" },
  { name: "CHROMA_CA_FILE", instead: "QDRANT_CA_FILE" },
  { name: "CHROMA_TOKEN_HEADER", instead: null },
  { name: "CHROMA_USER", instead: null },
  { name: "CHROMA_PASSWORD", instead: null },
  { name: "CHROMA_TENANT", instead: null },
  { name: "CHROMA_DATABASE", instead: null },
  { name: "CHROMA_COLLECTION", instead: "VECTOR_COLLECTION_NAME" },
  { name: "CHROMA_PERSIST_DIRECTORY", instead: null },
  { name: "PERSIST_DIRECTORY", instead: null },
  { name: "IS_PERSISTENT", instead: null },
  { name: "ALLOW_RESET", instead: null },
  { name: "ANONYMIZED_TELEMETRY", instead: "QDRANT__TELEMETRY_DISABLED" },
  { name: "CHROMA_SERVER_HOST", instead: "QDRANT__SERVICE__HOST" },
  { name: "CHROMA_SERVER_HTTP_PORT", instead: "QDRANT__SERVICE__HTTP_PORT" },
  { name: "CHROMA_SERVER_CORS_ALLOW_ORIGINS", instead: "QDRANT__SERVICE__ENABLE_CORS" },
  { name: "CHROMA_SERVER_AUTHN_CREDENTIALS", instead: "QDRANT__SERVICE__API_KEY" },
  { name: "CHROMA_SERVER_AUTHN_CREDENTIALS_FILE", instead: null },
  { name: "CHROMA_SERVER_AUTHN_PROVIDER", instead: null },
  { name: "CHROMA_SERVER_AUTH_CREDENTIALS", instead: "QDRANT__SERVICE__API_KEY" },
  { name: "CHROMA_SERVER_AUTH_PROVIDER", instead: null },
];

/** Lines for the application, besides the key; values that are not secret. */
export const addedVariables: Readonly<Record<string, string>> = {
  VECTOR_DB_TYPE: "qdrant",
  QDRANT_URL: "http://localhost:6333",
  QDRANT_GRPC_PORT: "6334",
};
