/**
 * The journal: what was written since the index file was. Each call appends one frame, and is answered when it is on the disk.
 *
 *   frame   0  u32  1 = rows to be written, 2 = points to be taken away
 *           4  u32  number of rows or points
 *           8  u32  bytes of text
 *          12  u32  CRC-32 of everything behind these 20 bytes
 *          16  u32  CRC-32 of the 16 bytes before
 *          20  …    text in UTF-8: a line for each row (as in the documents' file) or the id of each point, each with its end
 *           …  f32  rows only: their vectors, one after the other
 *
 * All numbers are little-endian. A frame that a kill or a loss of power cut short is the last one, and was never answered: it
 * is left out. Any other that does not fit its sums is damage.
 */
import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { VectorError } from "../../errors.ts";
import { syncFolder } from "../../util/disk.ts";
import { errorCode } from "../../util/error-code.ts";
import { Turns } from "../../util/turns.ts";
import { damaged, openFile, readExactly, unwritable } from "./files.ts";
import { encodeLine, parseLine } from "./line.ts";
import type { Row } from "./row.ts";

const headerBytes = 20;
const putKind = 1;
const removeKind = 2;
/** Bytes that a frame is kept to, about, as far as single rows let it. */
const frameBytes = 16 << 20;

/** What a frame says. */
export type Change = { readonly put: readonly Row[] } | { readonly remove: readonly string[] };

export class Journal implements AsyncDisposable {
  readonly #file: string;
  readonly #handle: FileHandle;
  #bytes: number;
  /** Set when the file may hold what was not answered: nothing is written behind it. */
  #fault: unknown = null;

  private constructor(file: string, handle: FileHandle, bytes: number) {
    this.#file = file;
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Opens the journal `file` to go on at `end`, where `replayJournal` ended; it is made where it is not there. @throws E_DISK_FULL, E_CONFIG, E_STORAGE */
  static async open(file: string, end: number): Promise<Journal> {
    const journal = new Journal(file, await openOrMake(file), end);
    await journal.#cut();
    return journal;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Returns when the rows are on the disk; where it throws, none of them will be there. To be called for what `framesOf` gives.
   * @throws E_DISK_FULL, E_CONFIG, E_STORAGE
   */
  async put(rows: readonly Row[], turns: Turns): Promise<void> {
    const lines: Buffer[] = [];
    const vectors: Buffer[] = [];
    for (const row of rows) {
      const { buffer, byteOffset, byteLength } = row.vector;
      lines.push(Buffer.from(`${encodeLine(row)}\n`));
      vectors.push(Buffer.from(buffer, byteOffset, byteLength));
      if (turns.over) await turns.next();
    }
    await this.#append(putKind, rows.length, Buffer.concat(lines), Buffer.concat(vectors));
  }

  /** As `put`, for points that are taken away. */
  async remove(points: readonly string[]): Promise<void> {
    const text = Buffer.from(points.map((point) => `${point}\n`).join(""));
    await this.#append(removeKind, points.length, text, Buffer.alloc(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #append(kind: number, count: number, text: Buffer, vectors: Buffer): Promise<void> {
    this.#assertSound();
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32LE(kind, 0);
    header.writeUInt32LE(count, 4);
    header.writeUInt32LE(text.length, 8);
    header.writeUInt32LE(crc32(vectors, crc32(text)), 12);
    header.writeUInt32LE(crc32(header.subarray(0, 16)), 16);
    try {
      let at = this.#bytes;
      for (const part of [header, text, vectors]) at = await this.#write(part, at);
      await this.#handle.datasync();
      this.#bytes = at;
    } catch (error) {
      await this.#cut();
      throw unwritable(this.#file, error);
    }
  }

  async #write(bytes: Buffer, at: number): Promise<number> {
    for (let written = 0; written < bytes.length; ) {
      const rest = bytes.length - written;
      const { bytesWritten } = await this.#handle.write(bytes, written, rest, at + written);
      written += bytesWritten;
    }
    return at + bytes.length;
  }

  /** Takes away what stands behind the last frame that was answered. */
  async #cut(): Promise<void> {
    try {
      const { size } = await this.#handle.stat();
      if (size === this.#bytes) return;
      await this.#handle.truncate(this.#bytes);
      await this.#handle.datasync();
    } catch (error) {
      this.#fault = error;
    }
  }

  #assertSound(): void {
    if (this.#fault === null) return;
    throw new VectorError(
      "E_STORAGE",
      `${this.#file} takes no more: a write to it failed, and could not be undone.`,
      { cause: this.#fault, next: "Open the store again when the disk is well." },
    );
  }
}

/** The rows in groups that each fit into a frame. */
export function* framesOf(rows: readonly Row[]): Generator<readonly Row[]> {
  let start = 0;
  let bytes = 0;
  for (const [at, { vector, document, metadata }] of rows.entries()) {
    const own = vector.byteLength + (document?.length ?? 0) + (metadata?.length ?? 0);
    if (bytes > 0 && bytes + own > frameBytes) {
      yield rows.slice(start, at);
      start = at;
      bytes = 0;
    }
    bytes += own;
  }
  if (start < rows.length) yield rows.slice(start);
}

async function openOrMake(file: string): Promise<FileHandle> {
  try {
    return await open(file, "r+");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw unwritable(file, error);
  }
  try {
    const handle = await open(file, "wx+", 0o600);
    await syncFolder(dirname(file));
    return handle;
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** Gives every change that was answered, in their order; where they end: 0 where there is no journal. @throws E_STORAGE where it is damaged */
export async function replayJournal(
  file: string,
  dimension: number,
  apply: (change: Change) => void,
): Promise<number> {
  if (!existsSync(file)) return 0;
  const turns = new Turns();
  await using handle = await openFile(file);
  const { size } = await handle.stat();
  for (let at = 0; ; ) {
    const frame = await readFrame(file, handle, at, size, dimension);
    if (frame === null) return at;
    try {
      apply(changeOf(frame, dimension));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw damaged(file, `in the frame at byte ${at}, ${error.message}`, error);
    }
    at = frame.end;
    if (turns.over) await turns.next();
  }
}

interface Frame {
  readonly kind: number;
  readonly count: number;
  readonly text: Buffer;
  readonly vectors: Buffer;
  readonly end: number;
}

/** The frame at `at`; null where there is none, or only one that was cut short. @throws E_STORAGE */
async function readFrame(
  file: string,
  handle: FileHandle,
  at: number,
  size: number,
  dimension: number,
): Promise<Frame | null> {
  if (size - at < headerBytes) return null;
  const header = Buffer.alloc(headerBytes);
  await readExactly(file, handle, header, at);
  if (header.readUInt32LE(16) !== crc32(header.subarray(0, 16))) {
    // A file that was made longer before its bytes came ends in zeros.
    if (await isZero(file, handle, at, size)) return null;
    throw damaged(file, `the frame at byte ${at} is damaged`);
  }
  const kind = header.readUInt32LE(0);
  const count = header.readUInt32LE(4);
  const textBytes = header.readUInt32LE(8);
  const vectorBytes = kind === putKind ? count * dimension * 4 : 0;
  const end = at + headerBytes + textBytes + vectorBytes;
  if (end > size) return null;
  const body = Buffer.alloc(textBytes + vectorBytes);
  await readExactly(file, handle, body, at + headerBytes);
  if (crc32(body) !== header.readUInt32LE(12)) {
    if (end === size) return null;
    throw damaged(file, `the frame at byte ${at} is damaged`);
  }
  return { kind, count, text: body.subarray(0, textBytes), vectors: body.subarray(textBytes), end };
}

async function isZero(
  file: string,
  handle: FileHandle,
  start: number,
  size: number,
): Promise<boolean> {
  const piece = Buffer.alloc(1 << 20);
  for (let at = start; at < size; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, size - at));
    await readExactly(file, handle, part, at);
    if (part.some((byte) => byte !== 0)) return false;
  }
  return true;
}

/** @throws SyntaxError */
function changeOf({ kind, count, text, vectors }: Frame, dimension: number): Change {
  const lines = text.toString().split("\n");
  if (lines.pop() !== "" || lines.length !== count)
    throw new SyntaxError("there are other lines than it says");
  if (kind === removeKind) return { remove: lines };
  if (kind !== putKind) throw new SyntaxError("something of another kind stands");
  const data = new Float32Array(count * dimension);
  vectors.copy(new Uint8Array(data.buffer));
  return {
    put: lines.map((line, row) => {
      const { point, id, ...rest } = parseLine(line);
      if (point === null || id === null) throw new SyntaxError("a line has no point or no id");
      const vector = data.slice(row * dimension, (row + 1) * dimension);
      return { ...rest, point, id, vector, label: null };
    }),
  };
}
