/**
 * The HNSW index of a vector name, kept beside its collection's file so that opening need not build it anew. It may go at any
 * time: what it is a copy of is in the collection. Bytes:
 *
 *     …    the index, as usearch writes it
 *     …    what it is, JSON text in UTF-8 (`IndexNote`)
 *     u32  bytes of that text; then u32, CRC-32 of everything before; both little-endian
 *
 * The note names the blocks of vectors that the index has taken, with their checksums in the collection's file: of a block
 * that is another one by now its slots are taken anew. So a file that is of before the last commits, as a kill leaves it, is as
 * good as what has not changed since.
 */
import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { CollectionFile } from "./collection-file.ts";

/** What an index is. */
const noteSchema = z.object({
  /** How it was built; one that was built otherwise is not taken. */
  settings: z.string(),
  /** Vectors in it. */
  size: z.int(),
  /** Numbers of blocks, each with its checksum behind it. */
  blocks: z.array(z.int()),
});
type IndexNote = z.infer<typeof noteSchema>;

/** What can be kept so: an index of usearch. */
export interface KeptIndex {
  save(path: string): void;
  load(path: string): void;
  size(): number;
}

const tailBytes = 8;
const pieceBytes = 1024 * 1024;
/** No note is longer, that of a collection of ten million long vectors included. */
const noteBytesMax = 64 * 1024 * 1024;

/** Where the index of a vector name is kept. A name is the caller's own: its checksum stands for it, as does that of the blocks for what it is of. */
function pathOf(collection: string, vector: string): string {
  return `${collection}-hnsw-${crc32(vector).toString(16).padStart(8, "0")}`;
}

/** Of a file beside a collection's: the collection's own name. */
export function withoutIndexEnd(file: string): string {
  return file.replace(/-hnsw-[0-9a-f]{8}$/, "");
}

/** Takes away what is kept of these vectors. */
export function removeIndexFiles(collection: string, vectors: Iterable<string>): void {
  if (collection === ":memory:") return;
  for (const vector of vectors) rmSync(pathOf(collection, vector), { force: true });
}

export class IndexFile {
  readonly #file: CollectionFile;
  readonly #vector: string;
  readonly #path: string;

  /** Of a collection on the disk. */
  constructor(file: CollectionFile, vector: string) {
    this.#file = file;
    this.#vector = vector;
    this.#path = pathOf(file.path, vector);
  }

  /**
   * Has `index`, which is empty, take what is kept; gives the blocks that have changed since, or were not in it.
   * null = nothing is kept that fits; `index` is of no use then.
   */
  load(index: KeptIndex, settings: string): ReadonlySet<number> | null {
    try {
      const note = readNote(this.#path);
      if (note === null || note.settings !== settings) return null;
      index.load(this.#path);
      if (index.size() !== note.size) return null;
      return changedOf(note.blocks, this.#file.blockSums(this.#vector));
    } catch {
      // What cannot be read is built anew.
      return null;
    }
  }

  /** Keeps an index that has all vectors of the collection's file as they are committed, but for those of the blocks `without`. */
  save(index: KeptIndex, settings: string, without: ReadonlySet<number>): void {
    const partial = `${this.#path}.partial`;
    try {
      const blocks = [...this.#file.blockSums(this.#vector)].filter(
        ([block]) => !without.has(block),
      );
      // Made here, for its owner alone: usearch writes over it.
      closeSync(openSync(partial, "w", 0o600));
      index.save(partial);
      appendNote(partial, { settings, size: index.size(), blocks: blocks.flat() });
      renameSync(partial, this.#path);
    } catch {
      // On a full disk, say: the next opening builds it anew.
      rmSync(partial, { force: true });
    }
  }
}

/** null where most of it is of blocks that are others by now: taking those anew takes as long as all. */
function changedOf(
  kept: readonly number[],
  now: ReadonlyMap<number, number>,
): ReadonlySet<number> | null {
  const changed = new Set<number>(now.keys());
  for (let at = 0; at < kept.length; at += 2) {
    const block = kept[at] ?? 0;
    if (now.get(block) === kept[at + 1]) changed.delete(block);
    else changed.add(block);
  }
  return changed.size * 2 > now.size ? null : changed;
}

/** null where there is no file, or one that does not fit its checksum. */
function readNote(path: string): IndexNote | null {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(tailBytes);
    if (size < tailBytes || readSync(file, tail, 0, tailBytes, size - tailBytes) !== tailBytes)
      return null;
    const noteBytes = tail.readUInt32LE(0);
    if (noteBytes > Math.min(noteBytesMax, size - tailBytes)) return null;
    if (sumOf(path, size - 4) !== tail.readUInt32LE(4)) return null;
    const note = Buffer.alloc(noteBytes);
    readSync(file, note, 0, noteBytes, size - tailBytes - noteBytes);
    return noteSchema.safeParse(JSON.parse(note.toString("utf8"))).data ?? null;
  } finally {
    closeSync(file);
  }
}

function appendNote(path: string, note: IndexNote): void {
  const text = Buffer.from(JSON.stringify(note));
  const tail = Buffer.alloc(tailBytes);
  tail.writeUInt32LE(text.length, 0);
  tail.writeUInt32LE(crc32(tail.subarray(0, 4), crc32(text, sumOf(path))), 4);
  appendFileSync(path, Buffer.concat([text, tail]));
}

/** The checksum of a file's first bytes; of all where it is not said how many. */
function sumOf(path: string, bytes = Number.POSITIVE_INFINITY): number {
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(pieceBytes);
    let sum = 0;
    for (let at = 0; at < bytes; ) {
      const read = readSync(file, piece, 0, Math.min(pieceBytes, bytes - at), at);
      if (read === 0) break;
      sum = crc32(piece.subarray(0, read), sum);
      at += read;
    }
    return sum;
  } finally {
    closeSync(file);
  }
}
