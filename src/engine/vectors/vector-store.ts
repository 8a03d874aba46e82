/**
 * Dense vectors of one name, by slot, in shared chunks of at most 64 MiB; a chunk grows in place, none is ever copied.
 * On disk they are blocks of `rowsPerBlock` slots:
 *
 *     rowsPerBlock bytes                  1 where the slot has a vector, else 0
 *     rowsPerBlock × dimension × 4 bytes  float32 little-endian, row-major; zeros where there is none
 */

const chunkBytesMax = 64 * 1024 * 1024;
const blockBytesTarget = 64 * 1024;
const rowsPerBlockMax = 1024;

/** A run of slots that a scan goes through. */
export interface VectorChunk {
  readonly firstSlot: number;
  readonly rows: number;
  /** rows × dimension float32. */
  readonly data: Float32Array;
  /** 1 where the row has a vector. */
  readonly present: Uint8Array;
}

interface Chunk {
  readonly dataBuffer: SharedArrayBuffer;
  readonly presentBuffer: SharedArrayBuffer;
  data: Float32Array;
  present: Uint8Array;
}

/** The largest power of two that is at most `value`, at least 1. */
function powerOfTwo(value: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(value)));
}

export class VectorStore {
  readonly dimension: number;
  readonly rowsPerBlock: number;
  readonly #rowsPerChunk: number;
  readonly #chunks: Chunk[] = [];
  #count = 0;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.rowsPerBlock = Math.min(rowsPerBlockMax, powerOfTwo(blockBytesTarget / (dimension * 4)));
    this.#rowsPerChunk = powerOfTwo(chunkBytesMax / (dimension * 4));
  }

  /** Slots that have a vector. */
  get count(): number {
    return this.#count;
  }

  has(slot: number): boolean {
    return (
      this.#chunks[Math.floor(slot / this.#rowsPerChunk)]?.present[slot % this.#rowsPerChunk] === 1
    );
  }

  /** Copies `dimension` components from `source` at `offset` into the slot. */
  set(slot: number, source: Float32Array, offset: number): void {
    const chunk = this.#reserve(slot);
    const row = slot % this.#rowsPerChunk;
    chunk.data.set(source.subarray(offset, offset + this.dimension), row * this.dimension);
    if (chunk.present[row] === 0) this.#count += 1;
    chunk.present[row] = 1;
  }

  remove(slot: number): void {
    if (!this.has(slot)) return;
    const chunk = this.#reserve(slot);
    const row = slot % this.#rowsPerChunk;
    chunk.data.fill(0, row * this.dimension, (row + 1) * this.dimension);
    chunk.present[row] = 0;
    this.#count -= 1;
  }

  /** Copies the slot's vector to `target` at `offset`; false where it has none. */
  copyTo(slot: number, target: Float32Array, offset: number): boolean {
    if (!this.has(slot)) return false;
    target.set(this.row(slot), offset);
    return true;
  }

  /** A view of the slot's components; good until the next write. The slot must have a vector. */
  row(slot: number): Float32Array {
    const at = (slot % this.#rowsPerChunk) * this.dimension;
    return this.#reserve(slot).data.subarray(at, at + this.dimension);
  }

  /** All slots, in runs. */
  *chunks(): Generator<VectorChunk> {
    for (const [index, { data, present }] of this.#chunks.entries()) {
      yield { firstSlot: index * this.#rowsPerChunk, rows: present.length, data, present };
    }
  }

  blockOf(slot: number): number {
    return Math.floor(slot / this.rowsPerBlock);
  }

  /** A block's bytes, as they go to disk. */
  readBlock(block: number): Uint8Array {
    const rows = this.rowsPerBlock;
    const bytes = new Uint8Array(rows + rows * this.dimension * 4);
    const slot = block * rows;
    const chunk = this.#reserve(slot + rows - 1);
    const row = slot % this.#rowsPerChunk;
    bytes.set(chunk.present.subarray(row, row + rows));
    const start = row * this.dimension * 4;
    bytes.set(new Uint8Array(chunk.dataBuffer, start, rows * this.dimension * 4), rows);
    return bytes;
  }

  /** Takes a block as it came from disk; false where its length is not a block's. */
  loadBlock(block: number, bytes: Uint8Array): boolean {
    const rows = this.rowsPerBlock;
    if (bytes.length !== rows + rows * this.dimension * 4) return false;
    const slot = block * rows;
    const chunk = this.#reserve(slot + rows - 1);
    const row = slot % this.#rowsPerChunk;
    chunk.present.set(bytes.subarray(0, rows), row);
    new Uint8Array(chunk.dataBuffer, row * this.dimension * 4).set(bytes.subarray(rows));
    for (let at = 0; at < rows; at += 1) this.#count += bytes[at] === 1 ? 1 : 0;
    return true;
  }

  /** The chunk that holds `slot`, grown until it does. */
  #reserve(slot: number): Chunk {
    const index = Math.floor(slot / this.#rowsPerChunk);
    while (this.#chunks.length <= index) this.#chunks.push(this.#newChunk());
    const chunk = this.#chunks[index];
    if (chunk === undefined) throw new RangeError(`No chunk for slot ${slot}.`);
    const row = slot % this.#rowsPerChunk;
    if (row >= chunk.present.length) this.#grow(chunk, row + 1);
    return chunk;
  }

  #newChunk(): Chunk {
    const rows = this.#rowsPerChunk;
    const dataBuffer = new SharedArrayBuffer(0, { maxByteLength: rows * this.dimension * 4 });
    const presentBuffer = new SharedArrayBuffer(0, { maxByteLength: rows });
    return {
      dataBuffer,
      presentBuffer,
      data: new Float32Array(dataBuffer, 0, 0),
      present: new Uint8Array(presentBuffer, 0, 0),
    };
  }

  /** At least doubles, in whole blocks; views are made with a fixed length, which reads fastest. */
  #grow(chunk: Chunk, rowsNeeded: number): void {
    const doubled = Math.max(rowsNeeded, chunk.present.length * 2);
    const whole = Math.ceil(doubled / this.rowsPerBlock) * this.rowsPerBlock;
    const rows = Math.min(whole, this.#rowsPerChunk);
    chunk.dataBuffer.grow(rows * this.dimension * 4);
    chunk.presentBuffer.grow(rows);
    chunk.data = new Float32Array(chunk.dataBuffer, 0, rows * this.dimension);
    chunk.present = new Uint8Array(chunk.presentBuffer, 0, rows);
  }
}
