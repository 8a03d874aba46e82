/**
 * What a Qdrant server's snapshot holds, told from its tar (POSIX.1-1988 with GNU's sparse and long-name entries):
 *
 *        0 100  name           124  12  bytes in the archive: octal, or of base 256 where the first bit is set
 *      148   8  sum of the header's bytes, itself as spaces     156  1  type: "L" long name, "S" sparse
 *      257   5  "ustar"        482   1  sparse: a further block of 512 bytes follows, and has at 504 whether another does
 *
 * A collection: `0/segments/…`, `0/wal/…`, `config.json`, `version.info`; a shard: `segments/…`, `wal/…`; everything: a snapshot of
 * each collection and a `config.json` that says whose each is. The file ends with a block of zeros.
 */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { SnapshotContents } from "../../store/snapshots.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { parseJson } from "../../util/json.ts";

const block = 512;
/** Of a name, or of the configuration, which are read whole. */
const textBytesMax = 16 * 1024 * 1024;

interface Entry {
  readonly name: string;
  readonly start: number;
  readonly bytes: number;
  readonly sparse: boolean;
}

const storage = z.looseObject({
  collections_mapping: z.record(z.string(), z.string()),
  collections_aliases: z.record(z.string(), z.string()).default({}),
});

/** Looks through a tar, from its first byte to its last. @throws E_SNAPSHOT_DAMAGED, E_SNAPSHOT_FORMAT */
export async function readSnapshotTar(
  path: string,
  signal: AbortSignal | undefined,
): Promise<SnapshotContents> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const entries: Entry[] = [];
  for await (const entry of entriesOf(file, path, size)) {
    throwIfAborted(signal);
    entries.push(entry);
  }
  const whole = { path, start: 0, bytes: size, collection: null, fixed: false };
  const aliases = new Map<string, string>();
  const config = entries.find(({ name }) => name === "config.json");
  if (config === undefined) {
    if (entries.some(({ name }) => /^(\.\/)?(segments|wal)\//.test(name)))
      return { kind: "shard", parts: [whole], aliases };
    throw strange(path, "it is a tar of something else");
  }
  const { data } = storage.safeParse(await jsonOf(file, path, config));
  if (data === undefined) {
    assertWhole(path, entries);
    return { kind: "collection", parts: [whole], aliases };
  }
  const parts = Object.entries(data.collections_mapping).map(([collection, name]) => {
    const entry = entries.find((one) => one.name === name);
    if (entry === undefined) throw damaged(path, `it lacks the snapshot of ${collection}`);
    if (entry.sparse) throw strange(path, `the snapshot of ${collection} in it has holes`);
    return { path, start: entry.start, bytes: entry.bytes, collection, fixed: false };
  });
  return { kind: "storage", parts, aliases: new Map(Object.entries(data.collections_aliases)) };
}

/** Every shard of a collection's snapshot has its segments; of a cluster's, those of one node alone. */
function assertWhole(path: string, entries: readonly Entry[]): void {
  const all = new Set<string>();
  const held = new Set<string>();
  for (const { name } of entries) {
    const [shard = "", inside = ""] = name.replace(/^\.\//, "").split("/");
    if (!/^\d+$/.test(shard)) continue;
    all.add(shard);
    if (inside === "segments") held.add(shard);
  }
  const missing = [...all].filter((shard) => !held.has(shard));
  if (missing.length === 0) return;
  throw new VectorError(
    "E_SNAPSHOT_FORMAT",
    `${path} is one node's part of a cluster's collection: of ${all.size} shards it lacks ${missing.join(", ")}.`,
    {
      next: "Make one of every shard: `vecferry snapshot create http://node-1:6333 --node http://node-2:6333 --to ./folder`.",
    },
  );
}

async function* entriesOf(file: FileHandle, path: string, size: number): AsyncGenerator<Entry> {
  let longName: string | null = null;
  for (let at = 0; ; ) {
    const header = await piece(file, path, at, block, size);
    if (header.every((byte) => byte === 0)) return;
    if (!hasSum(header)) {
      throw at === 0 ? strange(path, "it is no tar") : damaged(path, `it is torn at byte ${at}`);
    }
    at += block;
    const bytes = numberAt(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    const sparse = type === "S";
    let more = sparse && header[482] !== 0;
    while (more) {
      more = (await piece(file, path, at, block, size))[504] !== 0;
      at += block;
    }
    if (at + bytes > size) throw damaged(path, "it is cut short");
    const entry: Entry = { name: longName ?? textAt(header, 0, 100), start: at, bytes, sparse };
    longName = type === "L" ? (await textOf(file, path, entry)).replace(/\0.*$/s, "") : null;
    if (type !== "L" && type !== "x" && type !== "g") yield entry;
    at += Math.ceil(bytes / block) * block;
  }
}

async function piece(
  file: FileHandle,
  path: string,
  start: number,
  bytes: number,
  size: number,
): Promise<Buffer> {
  if (start + bytes > size) throw damaged(path, "it is cut short");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, start);
  if (bytesRead < bytes) throw damaged(path, "it is cut short");
  return buffer;
}

async function textOf(file: FileHandle, path: string, { start, bytes }: Entry): Promise<string> {
  if (bytes > textBytesMax) throw damaged(path, "a text in it is too long");
  const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, start);
  return buffer.toString("utf8");
}

async function jsonOf(file: FileHandle, path: string, entry: Entry): Promise<unknown> {
  const value = parseJson(await textOf(file, path, entry));
  if (value === undefined) throw damaged(path, `${entry.name} in it is no JSON`);
  return value;
}

function hasSum(header: Buffer): boolean {
  let sum = 0;
  for (const [at, byte] of header.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return sum === numberAt(header, 148, 8);
}

function numberAt(header: Buffer, at: number, length: number): number {
  if ((header[at] ?? 0) & 0x80) {
    let value = (header[at] ?? 0) & 0x7f;
    for (let next = at + 1; next < at + length; next += 1)
      value = value * 256 + (header[next] ?? 0);
    return value;
  }
  return Number.parseInt(textAt(header, at, length).trim() || "0", 8);
}

function textAt(header: Buffer, at: number, length: number): string {
  return header.toString("utf8", at, at + length).replace(/\0.*$/s, "");
}

function damaged(path: string, what: string): VectorError {
  return new VectorError("E_SNAPSHOT_DAMAGED", `The snapshot ${path} is damaged: ${what}.`);
}

function strange(path: string, what: string): VectorError {
  return new VectorError(
    "E_SNAPSHOT_FORMAT",
    `${basename(path)} is no snapshot of a Qdrant server: ${what}.`,
    { next: "Give a file that `vecferry snapshot download` or Qdrant itself has made." },
  );
}
