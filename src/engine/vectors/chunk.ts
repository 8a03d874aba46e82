/**
 * A run of slots' vectors in one WebAssembly memory that threads share, with what a scan of it needs. Bytes of the memory:
 *
 *     0            the query: dimension × 4 bytes, to the next 64
 *     lanes × 8 K  of each thread: 1024 row numbers (u32), 1024 similarities (float32)
 *     present      rows: 1 where the row has a vector; to the next 64
 *     data         rows × dimension × 4 bytes, float32, row-major
 */
import { instantiate, newSharedMemory, type WasmMemory, wasmPageBytes } from "../../util/wasm.ts";
import { type KernelName, kernelModule, memoryPagesMax, wideBytesOf } from "./kernel.ts";
import type { TopK } from "./top-k.ts";

/** Threads that can scan at the same time: the engine's own has lane 0. */
export const lanesMax = 4;
/** Rows that the kernel is given at a time. */
const listRows = 1024;
const listBytes = listRows * 4;
const laneBytes = 2 * listBytes;

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Where things stand in the memories of a store. Plain data: it is sent to threads. */
export interface ChunkLayout {
  readonly dimension: number;
  /** Rows of a chunk that is full. */
  readonly rows: number;
  readonly presentAt: number;
  readonly dataAt: number;
}

/** As many rows as 64 MiB hold, in whole blocks. */
export function layoutOf(dimension: number, rowsPerBlock: number): ChunkLayout {
  const presentAt = align(dimension * 4) + lanesMax * laneBytes;
  const room = memoryPagesMax * wasmPageBytes - presentAt - 64;
  const blocks = Math.floor(room / ((dimension * 4 + 1) * rowsPerBlock));
  const rows = blocks * rowsPerBlock;
  return { dimension, rows, presentAt, dataAt: presentAt + align(rows) };
}

/** What a scan looks for. */
export interface Scan {
  readonly kernel: KernelName;
  readonly lane: number;
  /** The only slots to look at, a bit each; null = all. */
  readonly among: Uint32Array | null;
  readonly best: TopK;
}

export class Chunk {
  readonly memory: WasmMemory<SharedArrayBuffer>;
  readonly firstSlot: number;
  /** rows × dimension, of the rows that there is room for now. */
  data: Float32Array<SharedArrayBuffer>;
  /** 1 where the row has a vector. */
  present: Uint8Array<SharedArrayBuffer>;
  readonly #layout: ChunkLayout;
  readonly #kernels: ReturnType<typeof instantiate>;
  readonly #query: Float32Array;
  /** Each lane's row numbers and similarities. */
  readonly #lists: readonly { readonly rows: Uint32Array; readonly similarities: Float32Array }[];
  readonly #wideBytes: number;
  /** Whose query stands in the memory. */
  #asker: object | null = null;

  /** A chunk of its own, or (given a memory) another thread's. */
  constructor(layout: ChunkLayout, firstSlot: number, memory?: WasmMemory<SharedArrayBuffer>) {
    const pages = Math.ceil(layout.dataAt / wasmPageBytes);
    this.memory = memory ?? newSharedMemory(pages, memoryPagesMax);
    this.firstSlot = firstSlot;
    this.#layout = layout;
    this.#kernels = instantiate(kernelModule(), this.memory);
    const { buffer } = this.memory;
    this.#query = new Float32Array(buffer, 0, layout.dimension);
    this.#lists = Array.from({ length: lanesMax }, (_unused, lane) => {
      const at = laneAt(layout, lane);
      return {
        rows: new Uint32Array(buffer, at, listRows),
        similarities: new Float32Array(buffer, at + listBytes, listRows),
      };
    });
    this.#wideBytes = wideBytesOf(layout.dimension);
    this.data = new Float32Array(buffer, layout.dataAt, 0);
    this.present = new Uint8Array(buffer, layout.presentAt, 0);
    if (memory !== undefined) this.follow();
  }

  /** Makes room for `rows`. */
  grow(rows: number): void {
    const bytes = this.#layout.dataAt + rows * this.#layout.dimension * 4;
    const missing = Math.ceil((bytes - this.memory.buffer.byteLength) / wasmPageBytes);
    if (missing > 0) this.memory.grow(missing);
    this.#view(rows);
  }

  /** Sees what another thread made room for. */
  follow(): void {
    const { dataAt, dimension, rows } = this.#layout;
    const room = Math.floor((this.memory.buffer.byteLength - dataAt) / (dimension * 4));
    if (room > this.present.length) this.#view(Math.min(room, rows));
  }

  /** Puts a query into the memory, unless it is `asker`'s already. */
  ask(asker: object, query: Float32Array): void {
    if (this.#asker === asker) return;
    this.#asker = asker;
    this.#query.set(query);
  }

  /** Offers `scan.best` the slots from `first` to before `end` that have a vector and may be looked at. */
  scan(scan: Scan, first: number, end: number): void {
    const { among } = scan;
    const { present, firstSlot } = this;
    const rows = this.#lists[scan.lane]?.rows ?? new Uint32Array(0);
    const stop = Math.min(end, firstSlot + present.length);
    let count = 0;
    for (let slot = first; slot < stop; slot += 1) {
      if (among !== null) {
        const word = (among[slot >>> 5] ?? 0) >>> (slot & 31);
        slot = word === 0 ? slot | 31 : slot + 31 - Math.clz32(word & -word);
        if (word === 0 || slot >= stop) continue;
      }
      if (present[slot - firstSlot] !== 1) continue;
      rows[count] = slot - firstSlot;
      count += 1;
      if (count === listRows) {
        this.#offer(scan, count);
        count = 0;
      }
    }
    if (count > 0) this.#offer(scan, count);
  }

  /** Offers `scan.best` these slots, which must be of this chunk and have a vector. */
  offer(scan: Omit<Scan, "among">, slots: readonly number[]): void {
    const rows = this.#lists[scan.lane]?.rows ?? new Uint32Array(0);
    for (let from = 0; from < slots.length; from += listRows) {
      const count = Math.min(listRows, slots.length - from);
      for (let at = 0; at < count; at += 1) rows[at] = (slots[from + at] ?? 0) - this.firstSlot;
      this.#offer(scan, count);
    }
  }

  /** How near the query is to one slot, which must have a vector. */
  similarity(kernel: KernelName, slot: number): number {
    const list = this.#lists[0];
    if (list === undefined) return Number.NaN;
    list.rows[0] = slot - this.firstSlot;
    this.#run(kernel, 0, 1);
    return list.similarities[0] ?? Number.NaN;
  }

  #offer({ kernel, lane, best }: Omit<Scan, "among">, count: number): void {
    this.#run(kernel, lane, count);
    const { rows, similarities } = this.#lists[lane] ?? { rows: [], similarities: [] };
    let { bound } = best;
    for (let at = 0; at < count; at += 1) {
      const similarity = similarities[at] ?? 0;
      if (similarity < bound) continue;
      best.offer(similarity, this.firstSlot + (rows[at] ?? 0));
      ({ bound } = best);
    }
  }

  #run(kernel: KernelName, lane: number, count: number): void {
    const { dimension, dataAt } = this.#layout;
    const list = laneAt(this.#layout, lane);
    const end = list + count * 4;
    this.#kernels[kernel]?.(0, list, end, list + listBytes, this.#wideBytes, dimension * 4, dataAt);
  }

  /** Views have a fixed length, which reads fastest. */
  #view(rows: number): void {
    const { dimension, presentAt, dataAt } = this.#layout;
    const { buffer } = this.memory;
    this.data = new Float32Array(buffer, dataAt, rows * dimension);
    this.present = new Uint8Array(buffer, presentAt, rows);
  }
}

function laneAt({ dimension }: ChunkLayout, lane: number): number {
  return align(dimension * 4) + lane * laneBytes;
}
