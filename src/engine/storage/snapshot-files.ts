/**
 * Where snapshots are: those of a collection in a folder of its own, full ones beside these folders. Beside each that was
 * made here stands `<name>.checksum`, the SHA-256 of the file in hex. What ends in `.partial` is not whole yet.
 */

import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { VectorError } from "../../errors.ts";
import { badInput, notFound } from "../errors.ts";

/** A snapshot as Qdrant describes it. */
export interface SnapshotDescription {
  readonly name: string;
  /** UTC, to the second. */
  readonly creation_time: string;
  readonly size: number;
  /** SHA-256 of the file in hex; absent where it was uploaded. */
  readonly checksum?: string;
}

const checksumEnd = ".checksum";
/** The end of a file's name that is still being written. */
export const partialEnd = ".partial";
const folderNameMax = 120;

/** A name that a file system takes, and that cannot lead out of a folder, for any collection's. */
function fileNameOf(collection: string): string {
  const encoded = encodeURIComponent(collection.toWellFormed()).replace(/^\./, "%2E");
  if (encoded.length <= folderNameMax) return encoded;
  const digest = createHash("sha256").update(collection).digest("hex").slice(0, 32);
  return `${encoded.slice(0, folderNameMax - 33)}-${digest}`;
}

/** The same where a file system takes large letters for small ones: those are written as a URL would write signs. */
function folderNameOf(collection: string): string {
  return fileNameOf(collection).replace(/%[0-9A-F]{2}|[A-Z]/g, (each) =>
    each.length > 1 ? each : `%${each.charCodeAt(0).toString(16)}`,
  );
}

/** Gives an uploaded or a new file its name, which is on the disk when this is through. */
function rename(from: string, to: string): void {
  renameSync(from, to);
  // A folder cannot be opened on Windows, whose file system keeps names by itself.
  if (process.platform === "win32") return;
  const folder = openSync(dirname(to), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The snapshots of a folder; `collection` null = full ones. */
export class SnapshotFiles {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Removes what a kill left half written. */
  removePartial(): void {
    if (!existsSync(this.root)) return;
    for (const each of readdirSync(this.root, { recursive: true, encoding: "utf8" }))
      if (each.endsWith(partialEnd)) rmSync(join(this.root, each), { force: true });
  }

  list(collection: string | null): SnapshotDescription[] {
    const folder = this.#folder(collection);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && isName(entry.name))
      .map(({ name }) => this.describe(collection, name))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  describe(collection: string | null, name: string): SnapshotDescription {
    const path = this.find(collection, name);
    const { size, mtime } = lstatSync(path);
    const checksum = existsSync(path + checksumEnd)
      ? { checksum: readFileSync(path + checksumEnd, "utf8").trim() }
      : {};
    return { name, creation_time: mtime.toISOString().slice(0, 19), size, ...checksum };
  }

  /** The path of a snapshot. @throws E_INPUT (404) */
  find(collection: string | null, name: string): string {
    const path = join(this.#folder(collection), name);
    const found = isName(name) ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
    if (found?.isFile() === true) return path;
    throw notFound(`Not found: Snapshot ${name.slice(0, 255)} not found`);
  }

  remove(collection: string | null, name: string): void {
    const path = this.find(collection, name);
    rmSync(path, { force: true });
    rmSync(path + checksumEnd, { force: true });
  }

  /** Makes a snapshot: `write` fills a new file and gives its checksum. Where it fails, nothing is left. */
  make(collection: string | null, write: (path: string) => string): SnapshotDescription {
    const folder = this.#folder(collection);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = this.#freeName(folder, collection);
    const path = join(folder, name);
    const partial = join(folder, `${randomUUID()}${partialEnd}`);
    try {
      const checksum = write(partial);
      writeFileSync(path + checksumEnd, checksum, { mode: 0o600 });
      rename(partial, path);
    } catch (error) {
      for (const each of [partial, path + checksumEnd]) rmSync(each, { force: true });
      throw error;
    }
    return this.describe(collection, name);
  }

  /** Keeps an uploaded file among a collection's snapshots, in the place of one of that name. */
  adopt(collection: string, uploaded: string, name: string): void {
    const folder = this.#folder(collection);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const own = basename(name.replaceAll("\\", "/"));
    const path = join(folder, isName(own) && own.length < 200 ? own : `${randomUUID()}.snapshot`);
    rmSync(path + checksumEnd, { force: true });
    rename(uploaded, path);
  }

  /** The file that a `file://` URL means. @throws E_INPUT (400; 403 for one outside the snapshots' folder) */
  located(location: string): string {
    const url = URL.parse(location);
    if (url === null) throw badInput("Format error in JSON body: relative URL without a base");
    if (url.protocol !== "file:") {
      const scheme = url.protocol.slice(0, -1);
      throw badInput(`Bad request: URL ${location} with scheme ${scheme} is not supported`);
    }
    const path = pathOf(url);
    if (!existsSync(path))
      throw badInput(`Bad request: Snapshot file ${JSON.stringify(path)} does not exist`);
    const real = realpathSync(path);
    const root = existsSync(this.root) ? realpathSync(this.root) : this.root;
    if (!real.startsWith(root + sep) || !lstatSync(real).isFile()) throw outside(this.root);
    return real;
  }

  #folder(collection: string | null): string {
    return collection === null ? this.root : join(this.root, folderNameOf(collection));
  }

  #freeName(folder: string, collection: string | null): string {
    const time = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, "-");
    const stem = `${collection === null ? "full-snapshot" : fileNameOf(collection)}-${time}`;
    for (let count = 1; ; count += 1) {
      const name = `${stem}${count === 1 ? "" : `-${count}`}.snapshot`;
      if (!existsSync(join(folder, name))) return name;
    }
  }
}

/** Whether a snapshot may have this name: a file's, of this folder and no other. */
function isName(name: string): boolean {
  const plain = name !== "" && !name.startsWith(".") && !/[/\\\0]/.test(name);
  return plain && !name.endsWith(checksumEnd) && !name.endsWith(partialEnd);
}

function pathOf(url: URL): string {
  try {
    return resolve(fileURLToPath(url));
  } catch {
    throw badInput("Bad request: Invalid snapshot URI, file path must be absolute or on localhost");
  }
}

function outside(root: string): VectorError {
  return new VectorError(
    "E_INPUT",
    `Forbidden: Snapshot file path must be inside the snapshots directory ${JSON.stringify(root)}`,
    { details: { status: 403 } },
  );
}
