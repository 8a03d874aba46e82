/** The helpers of the engine's thread in long scans, where there is more than one core. They are woken and awaited by Atomics. */
import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { moduleExtension } from "../../util/module-extension.ts";
import { startThread } from "../../util/start-thread.ts";
import { type Chunk, type ChunkLayout, lanesMax } from "./chunk.ts";
import type { KernelName } from "./kernel.ts";
import {
  foundMax,
  foundOf,
  kernelNames,
  laneState,
  newScanBuffer,
  type ScanMessage,
  type ScanThreadData,
  scanTiles,
  scanWord,
  scanWords,
} from "./scan-protocol.ts";
import { TopK } from "./top-k.ts";
import type { Nearest, NearestOptions } from "./vector-set.ts";

/** Bytes of vectors from which on a scan is shared: one thread goes through them in two milliseconds or so. */
const sharedBytesMin = 16 * 1024 * 1024;
/** A helper that has come and not found for so long is gone. */
const helperTimeoutMs = 2_000;

/** What is scanned: a store's chunks, whose memories hold the query already. */
export interface Scanned {
  readonly layout: ChunkLayout;
  readonly chunks: readonly Chunk[];
}

class ScanTeam {
  readonly #buffer = newScanBuffer();
  readonly #words = scanWords(this.#buffer);
  readonly #ports: MessagePort[] = [];
  /** The numbers of the stores that the helpers know, and how many memories of each. */
  readonly #stores = new WeakMap<ChunkLayout, { readonly number: number; memories: number }>();
  #opened = 0;
  #filter: Uint32Array = new Uint32Array(0);
  #broken = false;

  constructor(helpers: number) {
    for (let lane = 1; lane <= helpers; lane += 1) {
      const { port1, port2 } = new MessageChannel();
      const workerData: ScanThreadData = { buffer: this.#buffer, lane, port: port2 };
      const worker = startThread(new URL(`./scan-thread${moduleExtension}`, import.meta.url), {
        workerData,
        transferList: [port2],
        name: "vecferry scan",
      });
      worker.on("error", () => {
        this.#broken = true;
      });
      worker.unref();
      port1.unref();
      this.#ports.push(port1);
    }
  }

  /** The nearest slots of what is scanned; null where it is left to one thread, or a helper is gone. */
  nearest(kernel: KernelName, scanned: Scanned, options: NearestOptions): Nearest | null {
    const { limit, among } = options;
    const { layout, chunks } = scanned;
    if (this.#broken || limit > foundMax) return null;
    this.#call(kernel, scanned, options);
    const best = new TopK(limit);
    scanTiles(this.#words, chunks, layout, { kernel, lane: 0, among: among?.words ?? null, best });
    for (let lane = 1; lane <= this.#ports.length; lane += 1) {
      if (!this.#gather(lane, best)) {
        this.#broken = true;
        return null;
      }
    }
    return best.nearest();
  }

  /** Forgets the store of this layout. */
  drop(layout: ChunkLayout): void {
    const known = this.#stores.get(layout);
    if (known === undefined) return;
    this.#post({ kind: "drop", store: known.number });
    this.#stores.delete(layout);
  }

  #call(kernel: KernelName, { layout, chunks }: Scanned, { limit, among }: NearestOptions): void {
    const words = this.#words;
    words[scanWord.store] = this.#show(layout, chunks);
    words[scanWord.kernel] = kernelNames.indexOf(kernel);
    words[scanWord.limit] = limit;
    words[scanWord.filterWords] = among === null ? -1 : this.#showFilter(among.words);
    Atomics.store(words, scanWord.tile, 0);
    for (let lane = 1; lane <= this.#ports.length; lane += 1) {
      Atomics.store(words, scanWord.lanes + lane, laneState.called);
      Atomics.notify(words, scanWord.lanes + lane);
    }
  }

  /** The store's number, once the helpers can see all of its memories. */
  #show(layout: ChunkLayout, chunks: readonly Chunk[]): number {
    let known = this.#stores.get(layout);
    if (known === undefined) {
      this.#opened += 1;
      known = { number: this.#opened, memories: 0 };
      this.#stores.set(layout, known);
      this.#post({ kind: "open", store: known.number, layout });
    }
    for (const { memory } of chunks.slice(known.memories)) {
      this.#post({ kind: "memory", store: known.number, memory });
      known.memories += 1;
    }
    return known.number;
  }

  #showFilter(words: Uint32Array): number {
    if (words.length > this.#filter.length) {
      const buffer = new SharedArrayBuffer(words.length * 2 * 4);
      this.#filter = new Uint32Array(buffer);
      this.#post({ kind: "filter", buffer });
    }
    this.#filter.set(words);
    return words.length;
  }

  /** Adds what a helper found; false where it does not answer. One that has not come is called off. */
  #gather(lane: number, best: TopK): boolean {
    const words = this.#words;
    const state = scanWord.lanes + lane;
    const before = Atomics.compareExchange(words, state, laneState.called, laneState.idle);
    if (before === laneState.called) return true;
    Atomics.wait(words, state, laneState.working, helperTimeoutMs);
    if (Atomics.load(words, state) !== laneState.done) return false;
    const { count, similarities, slots } = foundOf(this.#buffer, lane);
    for (let at = 0; at < (count[0] ?? 0); at += 1)
      best.offer(similarities[at] ?? 0, slots[at] ?? 0);
    Atomics.store(words, state, laneState.idle);
    return true;
  }

  #post(message: ScanMessage): void {
    for (const port of this.#ports) port.postMessage(message);
  }
}

let team: ScanTeam | null | undefined;

/** This thread's team for a scan of so many bytes of vectors; null where one thread does as well, or there is one core. */
export function scanTeam(bytes: number): ScanTeam | null {
  if (bytes < sharedBytesMin) return null;
  if (team === undefined) {
    const helpers = Math.min(availableParallelism(), lanesMax) - 1;
    team = helpers > 0 ? new ScanTeam(helpers) : null;
  }
  return team;
}

/** Has the helpers forget a store whose vectors are not used any more. */
export function forgetStore(layout: ChunkLayout): void {
  team?.drop(layout);
}
