/**
 * Dense vectors of one name, by slot, in chunks of at most 64 MiB that threads share (chunk.ts); a chunk grows in place, none is ever
 * copied. On disk they are blocks of `rowsPerBlock` slots:
 *
 *     rowsPerBlock bytes                  1 where the slot has a vector, else 0
 *     rowsPerBlock × dimension × 4 bytes  float32 little-endian, row-major; zeros where there is none
 */
import { Chunk, type ChunkLayout, layoutOf } from "./chunk.ts";
import type { KernelName } from "./kernel.ts";
import { forgetStore, scanTeam } from "./scan-team.ts";
import { TopK } from "./top-k.ts";
import type { Nearest, NearestOptions, Similarity } from "./vector-set.ts";

const blockBytesTarget = 64 * 1024;
const rowsPerBlockMax = 1024;

/** The largest power of two that is at most `value`, at least 1. */
function powerOfTwo(value: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(value)));
}

export class VectorStore {
  readonly dimension: number;
  readonly rowsPerBlock: number;
  readonly #layout: ChunkLayout;
  readonly #chunks: Chunk[] = [];
  #count = 0;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.rowsPerBlock = Math.min(rowsPerBlockMax, powerOfTwo(blockBytesTarget / (dimension * 4)));
    this.#layout = layoutOf(dimension, this.rowsPerBlock);
  }

  /** Where things stand in the memories. */
  get layout(): ChunkLayout {
    return this.#layout;
  }

  /** The chunks' memories, in their order. */
  get memories(): Chunk["memory"][] {
    return this.#chunks.map(({ memory }) => memory);
  }

  /** Slots that have a vector. */
  get count(): number {
    return this.#count;
  }

  /** The slots that may have a vector, ascending. */
  *slots(): Generator<number> {
    for (const { firstSlot, present } of this.#chunks)
      for (let row = 0; row < present.length; row += 1) yield firstSlot + row;
  }

  has(slot: number): boolean {
    const { rows } = this.#layout;
    return this.#chunks[Math.floor(slot / rows)]?.present[slot % rows] === 1;
  }

  /** Copies `dimension` components from `source` at `offset` into the slot. */
  set(slot: number, source: Float32Array, offset: number): void {
    const chunk = this.#reserve(slot);
    const row = slot % this.#layout.rows;
    chunk.data.set(source.subarray(offset, offset + this.dimension), row * this.dimension);
    if (chunk.present[row] === 0) this.#count += 1;
    chunk.present[row] = 1;
  }

  remove(slot: number): void {
    if (!this.has(slot)) return;
    const chunk = this.#reserve(slot);
    const row = slot % this.#layout.rows;
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
    const at = (slot % this.#layout.rows) * this.dimension;
    return this.#reserve(slot).data.subarray(at, at + this.dimension);
  }

  /** How near `query`, which has `dimension` components, is to each slot that has a vector. */
  similarity(kernel: KernelName, query: Float32Array): Similarity {
    const asker = {};
    return (slot) => {
      const chunk = this.#reserve(slot);
      chunk.ask(asker, query);
      return chunk.similarity(kernel, slot);
    };
  }

  /** Offers `best` those of `slots` that have a vector. */
  offer(kernel: KernelName, query: Float32Array, slots: readonly number[], best: TopK): void {
    const { rows } = this.#layout;
    const asker = {};
    for (const [at, chunk] of this.#chunks.entries()) {
      const own = slots.filter((slot) => Math.floor(slot / rows) === at && this.has(slot));
      if (own.length === 0) continue;
      chunk.ask(asker, query);
      chunk.offer({ kernel, lane: 0, best }, own);
    }
  }

  /** The nearest slots to `query`, compared with every one that may be looked at. */
  nearest(kernel: KernelName, query: Float32Array, options: NearestOptions): Nearest {
    const { limit, among } = options;
    const asker = {};
    for (const chunk of this.#chunks) chunk.ask(asker, query);
    const compared = Math.min(among?.count ?? this.#count, this.#count);
    const scanned = { layout: this.#layout, chunks: this.#chunks };
    const team = scanTeam(compared * this.dimension * 4);
    const found = team?.nearest(kernel, scanned, options);
    if (found) return found;
    const best = new TopK(limit);
    const scan = { kernel, lane: 0, among: among?.words ?? null, best };
    for (const chunk of this.#chunks)
      chunk.scan(scan, chunk.firstSlot, chunk.firstSlot + chunk.present.length);
    return best.nearest();
  }

  /** Lets other threads forget the memories; the store is not used any more. */
  release(): void {
    forgetStore(this.#layout);
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
    const row = slot % this.#layout.rows;
    bytes.set(chunk.present.subarray(row, row + rows));
    const start = row * this.dimension * 4;
    bytes.set(
      new Uint8Array(chunk.data.buffer, chunk.data.byteOffset + start, rows * this.dimension * 4),
      rows,
    );
    return bytes;
  }

  /** Takes a block as it came from disk; false where its length is not a block's. */
  loadBlock(block: number, bytes: Uint8Array): boolean {
    const rows = this.rowsPerBlock;
    if (bytes.length !== rows + rows * this.dimension * 4) return false;
    const slot = block * rows;
    const chunk = this.#reserve(slot + rows - 1);
    const row = slot % this.#layout.rows;
    chunk.present.set(bytes.subarray(0, rows), row);
    const start = chunk.data.byteOffset + row * this.dimension * 4;
    new Uint8Array(chunk.data.buffer, start).set(bytes.subarray(rows));
    for (let at = 0; at < rows; at += 1) this.#count += bytes[at] === 1 ? 1 : 0;
    return true;
  }

  /** The chunk that holds `slot`, grown until it does. */
  #reserve(slot: number): Chunk {
    const index = Math.floor(slot / this.#layout.rows);
    while (this.#chunks.length <= index)
      this.#chunks.push(new Chunk(this.#layout, this.#chunks.length * this.#layout.rows));
    const chunk = this.#chunks[index];
    if (chunk === undefined) throw new RangeError(`No chunk for slot ${slot}.`);
    const row = slot % this.#layout.rows;
    if (row >= chunk.present.length) this.#grow(chunk, row + 1);
    return chunk;
  }

  /** At least doubles, in whole blocks. */
  #grow(chunk: Chunk, rowsNeeded: number): void {
    const doubled = Math.max(rowsNeeded, chunk.present.length * 2);
    const whole = Math.ceil(doubled / this.rowsPerBlock) * this.rowsPerBlock;
    chunk.grow(Math.min(whole, this.#layout.rows));
  }
}
