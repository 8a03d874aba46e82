/**
 * The vector index's files, in the folder that bears the segment's id (hnswlib, Chroma's fork, persistence version 1).
 * All numbers are little-endian.
 *
 * header.bin, 100 bytes:
 *   i32 version = 1 @0 | u64 offsetLevel0 @4 | u64 max_elements @12 | u64 cur_element_count @20
 *   u64 size_per_element @28 | u64 label_offset @36 | u64 data_offset @44 | i32 maxlevel @52 | u32 entry @56
 *   u64 maxM @60 | u64 maxM0 @68 | u64 M @76 | f64 mult @84 | u64 ef_construction @92
 * data_level0.bin, slot i at i × size_per_element; slots from cur_element_count on mean nothing:
 *   u32 link word (byte 2, bit 0 = deleted) | maxM0 × u32 links | dimension × f32 @data_offset | u64 label @label_offset
 * length.bin, f32 at 4 × i: the norm that the vector had, where the distance is cosine and the stored one is of unit length.
 */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { fsCode } from "./database.ts";

/** index_metadata.pickle belongs to them: all that the index consists of, without the upper levels' links. */
export const headerFile = "header.bin";
export const dataFile = "data_level0.bin";
export const lengthFile = "length.bin";

const headerBytes = 100;
/** Read in one go at most. */
const runBytesMax = 4 << 20;
/** Slots that are read and thrown away rather than begin another read. */
const gapSlotsMax = 16;

export interface HnswLayout {
  readonly count: number;
  readonly slotBytes: number;
  readonly dataOffset: number;
  readonly labelOffset: number;
  readonly dimension: number;
}

/** A file of the index is not what it must be; `file` names it. */
export class IndexFileError extends Error {
  readonly file: string;

  constructor(file: string, message: string) {
    super(message);
    this.file = file;
  }
}

/** @throws IndexFileError */
function parseHeader(bytes: Buffer): HnswLayout {
  if (bytes.length < headerBytes) throw new IndexFileError(headerFile, "it is cut short");
  const version = bytes.readInt32LE(0);
  if (version !== 1) throw new IndexFileError(headerFile, `it has the unknown version ${version}`);
  const count = Number(bytes.readBigUInt64LE(20));
  const slotBytes = Number(bytes.readBigUInt64LE(28));
  const labelOffset = Number(bytes.readBigUInt64LE(36));
  const dataOffset = Number(bytes.readBigUInt64LE(44));
  const dimension = (labelOffset - dataOffset) / 4;
  const fits =
    Number.isSafeInteger(dimension) &&
    dimension > 0 &&
    dataOffset >= 4 &&
    dataOffset % 4 === 0 &&
    slotBytes === labelOffset + 8 &&
    slotBytes <= runBytesMax;
  if (!fits) throw new IndexFileError(headerFile, "its offsets contradict each other");
  return { count, slotBytes, dataOffset, labelOffset, dimension };
}

/** A row that wants the vector of `label`, believed to stand at `slot`. */
export interface SlotRequest {
  readonly row: number;
  readonly label: number;
  readonly slot: number;
}

export class HnswFiles {
  readonly layout: HnswLayout;
  readonly #data: FileHandle;
  /** null where the stored vectors are the vectors themselves. */
  readonly #lengths: FileHandle | null;
  /** What a run is read into. Runs are read one after the other. */
  readonly #run = Buffer.from(new ArrayBuffer(runBytesMax));
  readonly #norms: Buffer;

  private constructor(layout: HnswLayout, data: FileHandle, lengths: FileHandle | null) {
    this.layout = layout;
    this.#data = data;
    this.#lengths = lengths;
    this.#norms = Buffer.from(new ArrayBuffer(4 * Math.floor(runBytesMax / layout.slotBytes)));
  }

  /** `scaled`: the distance is cosine, so each vector is multiplied by its norm. @throws IndexFileError */
  static async open(folder: string, scaled: boolean): Promise<HnswFiles> {
    const header = await openFile(folder, headerFile);
    let layout: HnswLayout;
    try {
      const { buffer, bytesRead } = await header.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
      layout = parseHeader(buffer.subarray(0, bytesRead));
    } finally {
      await header.close();
    }
    const data = await openFile(folder, dataFile);
    try {
      const lengths = scaled ? await openFile(folder, lengthFile) : null;
      return new HnswFiles(layout, data, lengths);
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  /**
   * Writes the vector of each request to its row of `target` (row-major) and returns the requests whose slot does not
   * hold their label: another one stands there, it is deleted, or the file ends before it. One call at a time.
   */
  async read(requests: readonly SlotRequest[], target: Float32Array): Promise<SlotRequest[]> {
    const { slotBytes, count } = this.layout;
    const missed = requests.filter(({ slot }) => slot < 0 || slot >= count);
    const sorted = requests
      .filter(({ slot }) => slot >= 0 && slot < count)
      .sort((a, b) => a.slot - b.slot);
    const slotsMax = Math.floor(runBytesMax / slotBytes);
    for (let start = 0; start < sorted.length; ) {
      const first = sorted[start]?.slot ?? 0;
      let last = first;
      let end = start + 1;
      for (; end < sorted.length; end += 1) {
        const slot = sorted[end]?.slot ?? 0;
        if (slot - last > gapSlotsMax || slot - first >= slotsMax) break;
        last = slot;
      }
      const run = sorted.slice(start, end);
      missed.push(...(await this.#readRun(run, first, last - first + 1, target)));
      start = end;
    }
    return missed;
  }

  /** Goes through the slots in order and names each one's label, deleted ones too. */
  async *labels(): AsyncGenerator<{ first: number; labels: Float64Array }> {
    const { slotBytes, labelOffset, count } = this.layout;
    const step = Math.floor(runBytesMax / slotBytes);
    for (let first = 0; first < count; first += step) {
      const bytes = await readAt(this.#data, first * slotBytes, this.#run, step * slotBytes);
      const found = Math.min(Math.floor(bytes.length / slotBytes), count - first);
      const labels = new Float64Array(found);
      for (let slot = 0; slot < found; slot += 1) {
        labels[slot] = readLabel(bytes, slot * slotBytes + labelOffset);
      }
      yield { first, labels };
      if (found < step) return;
    }
  }

  async close(): Promise<void> {
    await this.#data.close();
    await this.#lengths?.close();
  }

  async #readRun(
    run: readonly SlotRequest[],
    first: number,
    slots: number,
    target: Float32Array,
  ): Promise<SlotRequest[]> {
    const { slotBytes, dataOffset, labelOffset, dimension } = this.layout;
    const bytes = await readAt(this.#data, first * slotBytes, this.#run, slots * slotBytes);
    const norms = this.#lengths && (await readAt(this.#lengths, first * 4, this.#norms, slots * 4));
    const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    const missed: SlotRequest[] = [];
    for (const request of run) {
      const at = (request.slot - first) * slotBytes;
      const normAt = (request.slot - first) * 4;
      const whole = at + slotBytes <= bytes.length && (!norms || normAt + 4 <= norms.length);
      const deleted = whole && ((bytes[at + 2] ?? 0) & 1) === 1;
      if (!whole || deleted || readLabel(bytes, at + labelOffset) !== request.label) {
        missed.push(request);
        continue;
      }
      const from = (at + dataOffset) >> 2;
      const row = request.row * dimension;
      if (!norms) target.set(floats.subarray(from, from + dimension), row);
      else scale(floats, from, norms.readFloatLE(normAt), target, row, dimension);
    }
    return missed;
  }
}

/** The product of two float32 is exact in float64, so it is rounded once, as it is stored. */
function scale(
  source: Float32Array,
  from: number,
  norm: number,
  target: Float32Array,
  to: number,
  dimension: number,
): void {
  for (let i = 0; i < dimension; i += 1) target[to + i] = (source[from + i] ?? 0) * norm;
}

function readLabel(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
}

async function openFile(folder: string, name: string): Promise<FileHandle> {
  try {
    return await open(join(folder, name), "r");
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** A file system's error as an IndexFileError; any other error as it is. */
export function unreadable(name: string, error: unknown): unknown {
  const code = fsCode(error);
  if (code === null) return error;
  return new IndexFileError(
    name,
    code === "ENOENT" ? "it is missing" : `it cannot be read (${code})`,
  );
}

/** At most `length` bytes from `position`, read to the front of `target`: fewer where the file ends. */
async function readAt(
  file: FileHandle,
  position: number,
  target: Buffer,
  length: number,
): Promise<Buffer> {
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(target, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return target.subarray(0, filled);
}
