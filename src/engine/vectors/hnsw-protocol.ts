/**
 * What the engine's thread and that of the HNSW indexes tell each other. Changes go by messages; a question goes through memory that both share, so that
 * the engine's thread can wait for the answer. Bytes of that memory:
 *
 *     0      i32 each: wake (changed whenever there is something to do), asked (the question's number), answered (the number of the last that
 *            was answered), index, wanted, found
 *     64     the query: float32, as many as the longest vector has
 *     64+Q   the slots that were found: u32, `answerMax` of them
 */
import type { MessagePort } from "node:worker_threads";
import type { WasmMemory } from "../../util/wasm.ts";
import type { ChunkLayout } from "./chunk.ts";

/** Slots that a question can ask for. */
export const answerMax = 4096;
const dimensionMax = 65_536;
const queryAt = 64;
const slotsAt = queryAt + dimensionMax * 4;

/** The words of the shared memory. */
export const word = { wake: 0, asked: 1, answered: 2, index: 3, wanted: 4, found: 5 };

export interface HnswControl {
  readonly words: Int32Array;
  readonly query: Float32Array;
  readonly slots: Uint32Array;
}

export function newControlBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(slotsAt + answerMax * 4);
}

export function controlOf(buffer: SharedArrayBuffer): HnswControl {
  return {
    words: new Int32Array(buffer, 0, queryAt / 4),
    query: new Float32Array(buffer, queryAt, dimensionMax),
    slots: new Uint32Array(buffer, slotsAt, answerMax),
  };
}

/** How an index is built. */
export interface HnswSettings {
  /** usearch's name of the distance. */
  readonly metric: "ip" | "l2sq";
  /** Edges a node. */
  readonly m: number;
  readonly efConstruct: number;
}

export type HnswMessage =
  | {
      readonly kind: "open";
      readonly index: number;
      readonly layout: ChunkLayout;
      readonly settings: HnswSettings;
    }
  | {
      readonly kind: "memory";
      readonly index: number;
      readonly memory: WasmMemory<SharedArrayBuffer>;
    }
  | {
      readonly kind: "change";
      readonly index: number;
      /** The list's number; lists are taken in order. */
      readonly list: number;
      readonly slots: Uint32Array;
    }
  | { readonly kind: "drop"; readonly index: number };

/** The index has taken everything up to this list, and holds `size` vectors. */
export interface HnswProgress {
  readonly index: number;
  readonly list: number;
  readonly size: number;
}

/** What the thread starts with. */
export interface HnswThreadData {
  /** The file of the usearch package. */
  readonly usearch: string;
  readonly control: SharedArrayBuffer;
  /** Messages (HnswMessage) come in here, and progress (HnswProgress) goes out. */
  readonly port: MessagePort;
}
