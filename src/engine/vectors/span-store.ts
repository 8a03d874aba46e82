/**
 * Runs of 32-bit words of any length, one a slot, in chunks. A run that is written over leaves a gap; where gaps are more than
 * half of all, the chunks are written anew. On disk they are blocks of `rowsPerBlock` slots:
 *
 *     rowsPerBlock × 4 bytes  the run's length + 1; 0 where the slot has none (little-endian, as all)
 *     4 bytes a word          the runs, one after the other
 */

const chunkWordsMin = 64 * 1024;
const chunkWordsMax = 4 * 1024 * 1024;
const none = -1;

/** A column's rows of these runs: where each begins, counted in `unit` words, and which are there; null = all. */
export function rowsOf(
  runs: readonly (Uint32Array | null)[],
  unit: number,
): { offsets: Uint32Array; present: Uint8Array | null } {
  const offsets = new Uint32Array(runs.length + 1);
  for (const [row, run] of runs.entries())
    offsets[row + 1] = (offsets[row] ?? 0) + (run?.length ?? 0) / unit;
  const present = runs.includes(null)
    ? Uint8Array.from(runs, (run) => (run === null ? 0 : 1))
    : null;
  return { offsets, present };
}

export class SpanStore {
  readonly rowsPerBlock: number;
  #chunks: Uint32Array[] = [];
  /** Words used of the last chunk. */
  #used = 0;
  #live = 0;
  #gaps = 0;
  #count = 0;
  /** A slot's chunk, or -1. */
  #chunkOf = new Int32Array(0);
  #startOf = new Uint32Array(0);
  #lengthOf = new Uint32Array(0);

  constructor(rowsPerBlock: number) {
    this.rowsPerBlock = rowsPerBlock;
  }

  /** Slots that have a run. */
  get count(): number {
    return this.#count;
  }

  /** Words of all runs. */
  get words(): number {
    return this.#live;
  }

  /** All slots that have a run are below this. */
  get slots(): number {
    return this.#chunkOf.length;
  }

  has(slot: number): boolean {
    return (this.#chunkOf[slot] ?? none) !== none;
  }

  /** A view of the slot's words, good until the next write; null where it has none. */
  get(slot: number): Uint32Array | null {
    const chunk = this.#chunks[this.#chunkOf[slot] ?? none];
    if (chunk === undefined) return null;
    const start = this.#startOf[slot] ?? 0;
    return chunk.subarray(start, start + (this.#lengthOf[slot] ?? 0));
  }

  /** Room for `length` words at the slot, to be filled before the next write. */
  reserve(slot: number, length: number): Uint32Array {
    this.remove(slot);
    this.#growTo(slot + 1);
    if (this.#gaps > this.#live && this.#gaps > chunkWordsMax) this.#tidy();
    this.#count += 1;
    this.#live += length;
    return this.#place(slot, length);
  }

  remove(slot: number): void {
    if (!this.has(slot)) return;
    const length = this.#lengthOf[slot] ?? 0;
    this.#chunkOf[slot] = none;
    this.#count -= 1;
    this.#live -= length;
    this.#gaps += length;
  }

  blockOf(slot: number): number {
    return Math.floor(slot / this.rowsPerBlock);
  }

  /** A block's bytes, as they go to disk. */
  readBlock(block: number): Uint8Array {
    const rows = this.rowsPerBlock;
    const runs = Array.from({ length: rows }, (_, row) => this.get(block * rows + row));
    const words = runs.reduce((sum, run) => sum + (run?.length ?? 0), rows);
    const data = new Uint32Array(words);
    let at = rows;
    for (const [row, run] of runs.entries()) {
      if (run === null) continue;
      data[row] = run.length + 1;
      data.set(run, at);
      at += run.length;
    }
    return new Uint8Array(data.buffer);
  }

  /** Takes a block as it came from disk; false where its lengths do not add up, or `fits` refuses a run. */
  loadBlock(block: number, bytes: Uint8Array, fits: (run: Uint32Array) => boolean): boolean {
    const rows = this.rowsPerBlock;
    if (bytes.length % 4 !== 0 || bytes.length < rows * 4) return false;
    const words = new Uint32Array(bytes.slice().buffer);
    let at = rows;
    for (let row = 0; row < rows; row += 1) {
      const length = (words[row] ?? 0) - 1;
      if (length < 0) continue;
      const run = words.subarray(at, at + length);
      if (run.length !== length || !fits(run)) return false;
      this.reserve(block * rows + row, length).set(run);
      at += length;
    }
    return at === words.length;
  }

  #growTo(slots: number): void {
    if (slots <= this.#chunkOf.length) return;
    const size = Math.max(slots, this.#chunkOf.length * 2, 1024);
    const chunkOf = new Int32Array(size).fill(none);
    const startOf = new Uint32Array(size);
    const lengthOf = new Uint32Array(size);
    chunkOf.set(this.#chunkOf);
    startOf.set(this.#startOf);
    lengthOf.set(this.#lengthOf);
    this.#chunkOf = chunkOf;
    this.#startOf = startOf;
    this.#lengthOf = lengthOf;
  }

  #place(slot: number, length: number): Uint32Array {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || this.#used + length > chunk.length) {
      const twice = (chunk?.length ?? chunkWordsMin / 2) * 2;
      chunk = new Uint32Array(Math.max(length, Math.min(twice, chunkWordsMax)));
      this.#chunks.push(chunk);
      this.#used = 0;
    }
    this.#chunkOf[slot] = this.#chunks.length - 1;
    this.#startOf[slot] = this.#used;
    this.#lengthOf[slot] = length;
    this.#used += length;
    return chunk.subarray(this.#used - length, this.#used);
  }

  /** Writes all runs into new chunks, without gaps. */
  #tidy(): void {
    const old = this.#chunks;
    this.#chunks = [];
    this.#used = 0;
    this.#gaps = 0;
    for (let slot = 0; slot < this.#chunkOf.length; slot += 1) {
      const chunk = old[this.#chunkOf[slot] ?? none];
      if (chunk === undefined) continue;
      const start = this.#startOf[slot] ?? 0;
      const length = this.#lengthOf[slot] ?? 0;
      this.#place(slot, length).set(chunk.subarray(start, start + length));
    }
  }
}
