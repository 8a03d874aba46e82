/**
 * What the engine's thread and its scan helpers share. Bytes of the memory:
 *
 *     0     i32 each: the next tile; store, kernel and limit of the scan; words of the filter (-1 = none); then each lane's state
 *     64    of each lane: i32 how many it found, then `foundMax` similarities (float32) and `foundMax` slots (u32)
 */
import type { MessagePort } from "node:worker_threads";
import type { WasmMemory } from "../../util/wasm.ts";
import { type Chunk, type ChunkLayout, lanesMax, type Scan } from "./chunk.ts";
import type { KernelName } from "./kernel.ts";

/** A scan for more than so many is made without helpers. */
export const foundMax = 1024;
/** Slots that a thread takes at a time. */
const tileSlots = 4096;

export const scanWord = { tile: 0, store: 1, kernel: 2, limit: 3, filterWords: 4, lanes: 5 };
/** A lane's states: it sleeps, it is called, it has come, it has found. The engine's thread may call off who has not come. */
export const laneState = { idle: 0, called: 1, working: 2, done: 3 };
export const kernelNames: readonly KernelName[] = ["dot", "euclid", "manhattan"];

const lanesAt = 64;
const laneBytes = 64 + foundMax * 8;

export interface Found {
  readonly count: Int32Array;
  readonly similarities: Float32Array;
  readonly slots: Uint32Array;
}

export function newScanBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(lanesAt + lanesMax * laneBytes);
}

export function scanWords(buffer: SharedArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, lanesAt / 4);
}

export function foundOf(buffer: SharedArrayBuffer, lane: number): Found {
  const at = lanesAt + lane * laneBytes;
  return {
    count: new Int32Array(buffer, at, 1),
    similarities: new Float32Array(buffer, at + 64, foundMax),
    slots: new Uint32Array(buffer, at + 64 + foundMax * 4, foundMax),
  };
}

/** Takes tiles, which all threads count up together, until there are no more. */
export function scanTiles(
  words: Int32Array,
  chunks: readonly Chunk[],
  { rows }: ChunkLayout,
  scan: Scan,
): void {
  const tilesPerChunk = Math.ceil(rows / tileSlots);
  for (;;) {
    const tile = Atomics.add(words, scanWord.tile, 1);
    const chunk = chunks[Math.floor(tile / tilesPerChunk)];
    if (chunk === undefined) return;
    const first = (tile % tilesPerChunk) * tileSlots;
    // The room of a chunk may end before its rows do.
    if (first >= chunk.present.length) continue;
    const start = chunk.firstSlot + first;
    chunk.scan(scan, start, chunk.firstSlot + Math.min(first + tileSlots, rows));
  }
}

export type ScanMessage =
  | { readonly kind: "open"; readonly store: number; readonly layout: ChunkLayout }
  | {
      readonly kind: "memory";
      readonly store: number;
      readonly memory: WasmMemory<SharedArrayBuffer>;
    }
  | { readonly kind: "filter"; readonly buffer: SharedArrayBuffer }
  | { readonly kind: "drop"; readonly store: number };

/** What a helper starts with. */
export interface ScanThreadData {
  readonly buffer: SharedArrayBuffer;
  readonly lane: number;
  readonly port: MessagePort;
}
