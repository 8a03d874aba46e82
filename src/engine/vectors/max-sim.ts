/**
 * A multivector's max_sim with others by the SIMD kernel, in a memory of its own:
 *
 *     0      row numbers 0, 1, 2 … (u32), as the kernel wants a list of them
 *     4 K    a similarity of each row (float32)
 *     8 K    rows that are compared with, as many as `rows` says
 *     after  the query's vectors
 */
import { instantiate, newSharedMemory, type WasmMemory, wasmPageBytes } from "../../util/wasm.ts";
import { type KernelName, kernelModule, memoryPagesMax, wideBytesOf } from "./kernel.ts";

const { fround } = Math;
const rowsMax = 1024;
const outAt = rowsMax * 4;
const dataAt = 2 * outAt;
const dataBytesMax = 4 * 1024 * 1024;

export class MaxSim {
  readonly #dimension: number;
  readonly #rows: number;
  readonly #memory: WasmMemory<SharedArrayBuffer>;
  readonly #kernels: ReturnType<typeof instantiate>;
  readonly #queryAt: number;
  /** Whose query stands in the memory. */
  #asker: object | null = null;

  constructor(dimension: number) {
    const rowBytes = dimension * 4;
    this.#dimension = dimension;
    this.#rows = Math.min(rowsMax, Math.floor(dataBytesMax / rowBytes));
    this.#queryAt = dataAt + this.#rows * rowBytes;
    this.#memory = newSharedMemory(Math.ceil(this.#queryAt / wasmPageBytes), memoryPagesMax);
    this.#kernels = instantiate(kernelModule(), this.#memory);
    const numbers = new Uint32Array(this.#memory.buffer, 0, rowsMax);
    for (let row = 0; row < rowsMax; row += 1) numbers[row] = row;
  }

  /** How near `query` (its vectors one after the other) is to such as it is given. Null where the query is too long for the memory. */
  similarity(kernel: KernelName, query: Float32Array): ((data: Float32Array) => number) | null {
    const bytes = this.#queryAt + query.byteLength;
    if (bytes > memoryPagesMax * wasmPageBytes) return null;
    const missing = Math.ceil((bytes - this.#memory.buffer.byteLength) / wasmPageBytes);
    if (missing > 0) this.#memory.grow(missing);
    const compare = this.#kernels[kernel];
    if (compare === undefined) return null;
    const { buffer } = this.#memory;
    const room = new Float32Array(buffer, dataAt, this.#rows * this.#dimension);
    const found = new Float32Array(buffer, outAt, rowsMax);
    const best = new Float32Array(query.length / this.#dimension);
    const asker = {};
    return (data) => {
      if (this.#asker !== asker) new Float32Array(buffer, this.#queryAt).set(query);
      this.#asker = asker;
      best.fill(Number.NEGATIVE_INFINITY);
      for (let at = 0; at < data.length; at += room.length) {
        const part = data.subarray(at, at + room.length);
        room.set(part);
        this.#compare(compare, part.length / this.#dimension, best, found);
      }
      let sum = 0;
      for (let at = 0; at < best.length; at += 1) sum = fround(sum + (best[at] ?? 0));
      return sum;
    };
  }

  /** Raises `best` of each of the query's vectors to its similarity with the rows in the memory. */
  #compare(
    compare: (...parameters: number[]) => void,
    rows: number,
    best: Float32Array,
    found: Float32Array,
  ): void {
    const rowBytes = this.#dimension * 4;
    const wideBytes = wideBytesOf(this.#dimension);
    for (let vector = 0; vector < best.length; vector += 1) {
      const queryAt = this.#queryAt + vector * rowBytes;
      compare(queryAt, 0, rows * 4, outAt, wideBytes, rowBytes, dataAt);
      let nearest = best[vector] ?? 0;
      for (let row = 0; row < rows; row += 1) {
        const similarity = found[row] ?? 0;
        if (similarity > nearest) nearest = similarity;
      }
      best[vector] = nearest;
    }
  }
}
