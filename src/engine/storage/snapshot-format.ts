/**
 * A snapshot: one file of a format of our own, no tar as a Qdrant server's is.
 *
 *      0  8  magic: "VFSNAP" CR LF
 *      8  4  version, little-endian: 1
 *     12  4  length M of the manifest, little-endian
 *     16  M  manifest: JSON { kind: "collection" | "full", collections: [{ name, bytes }], aliases: [{ alias, collection }] }
 *         …  the collections' files (collection-file.ts) in the manifest's order
 *       -32  SHA-256 of everything before
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { badInput } from "../errors.ts";

const magic = Buffer.from("VFSNAP\r\n", "latin1");
const version = 1;
const headBytes = 16;
const hashBytes = 32;
const manifestBytesMax = 64 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

const manifestSchema = z.strictObject({
  kind: z.enum(["collection", "full"]),
  collections: z.array(z.strictObject({ name: z.string(), bytes: z.int().min(0) })),
  aliases: z.array(z.strictObject({ alias: z.string(), collection: z.string() })),
});
export type SnapshotManifest = z.output<typeof manifestSchema>;

/** A collection's closed file that goes into a snapshot. */
export interface SnapshotSource {
  readonly name: string;
  readonly path: string;
}

/** Writes a snapshot to a new file (mode 0600), synced; gives the SHA-256 of the whole file in hex. */
export function writeSnapshot(
  target: string,
  kind: SnapshotManifest["kind"],
  sources: readonly SnapshotSource[],
  aliases: ReadonlyMap<string, string>,
): string {
  const sizes = sources.map(({ path }) => statSync(path).size);
  const out = openSync(target, "wx", 0o600);
  try {
    const collections = sources.map(({ name }, at) => ({ name, bytes: sizes[at] ?? 0 }));
    const manifest: SnapshotManifest = {
      kind,
      collections,
      aliases: Array.from(aliases, ([alias, collection]) => ({ alias, collection })),
    };
    const hash = createHash("sha256");
    writeAll(out, head(Buffer.from(JSON.stringify(manifest))), hash);
    for (const [at, { path }] of sources.entries()) {
      const file = openSync(path, "r");
      try {
        copy(file, 0, sizes[at] ?? 0, (piece) => writeAll(out, piece, hash));
      } finally {
        closeSync(file);
      }
    }
    writeAll(out, hash.copy().digest(), hash);
    fsyncSync(out);
    return hash.digest("hex");
  } finally {
    closeSync(out);
  }
}

function head(manifest: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(headBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(manifest.length, 12);
  return Buffer.concat([bytes, manifest]);
}

function writeAll(file: number, bytes: Uint8Array, hash: Hash | null): void {
  hash?.update(bytes);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Hands out `length` bytes of a file from `position` on, piece by piece. @throws E_INPUT where it ends before */
function copy(
  file: number,
  position: number,
  length: number,
  take: (piece: Uint8Array) => void,
): void {
  const buffer = Buffer.alloc(Math.min(pieceBytes, length));
  for (let done = 0; done < length; ) {
    const wanted = Math.min(buffer.length, length - done);
    const read = readSync(file, buffer, 0, wanted, position + done);
    if (read === 0) throw damagedSnapshot("it ends too early");
    take(buffer.subarray(0, read));
    done += read;
  }
}

/**
 * Takes one collection's file out of a snapshot into a new file (mode 0600), synced: the only one, or of a full snapshot the
 * one of that name. The whole snapshot is read and checked; `checksum` is what its SHA-256 must be, null = any.
 * @throws E_INPUT where it is no snapshot of ours, is damaged, is of a newer version, or does not fit `checksum`
 */
export function extractSnapshot(
  snapshot: string,
  name: string,
  target: string,
  checksum: string | null,
): void {
  const file = openSync(snapshot, "r");
  try {
    const size = fstatSync(file).size;
    const manifest = readManifest(file, size);
    const place = placeOf(manifest, name);
    const hash = createHash("sha256");
    const out = openSync(target, "wx", 0o600);
    try {
      const take = (piece: Uint8Array) => void hash.update(piece);
      const start = size - hashBytes - bytesOf(manifest) + place.before;
      copy(file, 0, start, take);
      copy(file, start, place.bytes, (piece) => writeAll(out, piece, hash));
      copy(file, start + place.bytes, size - hashBytes - start - place.bytes, take);
      fsyncSync(out);
    } finally {
      closeSync(out);
    }
    checkHash(file, size, hash, checksum);
  } finally {
    closeSync(file);
  }
}

/** What a snapshot says it holds; its other bytes are not looked at. @throws as `extractSnapshot` */
export function lookIntoSnapshot(snapshot: string): SnapshotManifest {
  const file = openSync(snapshot, "r");
  try {
    return readManifest(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function checkHash(file: number, size: number, hash: Hash, checksum: string | null): void {
  const stated = Buffer.alloc(hashBytes);
  readSync(file, stated, 0, hashBytes, size - hashBytes);
  const found = hash.copy().digest();
  const whole = hash.update(stated).digest("hex");
  if (checksum !== null && checksum.toLowerCase() !== whole) {
    throw badInput(`Wrong input: Snapshot checksum mismatch: expected ${checksum}, got ${whole}`);
  }
  if (!stated.equals(found)) throw damagedSnapshot("it does not fit its checksum");
}

function bytesOf({ collections }: SnapshotManifest): number {
  return collections.reduce((sum, { bytes }) => sum + bytes, 0);
}

function placeOf(manifest: SnapshotManifest, name: string): { before: number; bytes: number } {
  let before = 0;
  for (const { name: each, bytes } of manifest.collections) {
    if (manifest.kind === "collection" || each === name) return { before, bytes };
    before += bytes;
  }
  throw badInput(`Wrong input: The snapshot holds no collection \`${name}\``);
}

function readManifest(file: number, size: number): SnapshotManifest {
  const start = Buffer.alloc(512);
  const read = readSync(file, start, 0, start.length, 0);
  if (!start.subarray(0, magic.length).equals(magic)) throw strange(start.subarray(0, read));
  const found = start.readUInt32LE(8);
  if (found !== version) {
    throw new VectorError(
      "E_NOT_SUPPORTED",
      `The snapshot has version ${found}; this version of vecferry reads version ${version}.`,
      { next: "Use the newer vecferry that wrote it.", details: { status: 400, version: found } },
    );
  }
  const length = start.readUInt32LE(12);
  if (length > Math.min(manifestBytesMax, size - headBytes - hashBytes))
    throw damagedSnapshot("its manifest is cut off");
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, headBytes);
  const manifest = parseManifest(bytes.toString("utf8"));
  if (headBytes + length + bytesOf(manifest) + hashBytes !== size)
    throw damagedSnapshot("its length is not what its manifest says");
  return manifest;
}

function parseManifest(text: string): SnapshotManifest {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    throw damagedSnapshot("its manifest cannot be read");
  }
}

/** The error for a file that is no snapshot of ours; a tar has "ustar" at 257 (POSIX.1-1988). */
function strange(start: Uint8Array): VectorError {
  const isTar = Buffer.from(start.subarray(257, 262)).toString("latin1") === "ustar";
  return badInput(
    isTar
      ? "Wrong input: This is a snapshot of a Qdrant server, which the embedded engine cannot read; copy the collection's points from that server instead"
      : "Wrong input: This file is no snapshot of vecferry",
  );
}

function damagedSnapshot(what: string): VectorError {
  return badInput(`Wrong input: The snapshot is damaged: ${what}`);
}
