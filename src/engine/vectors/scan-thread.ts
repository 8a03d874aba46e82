/** A scan helper: sleeps until it is called, takes its share of the tiles, and leaves what it found in the shared memory. */
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { Chunk, type ChunkLayout } from "./chunk.ts";
import {
  foundOf,
  kernelNames,
  laneState,
  type ScanMessage,
  type ScanThreadData,
  scanTiles,
  scanWord,
  scanWords,
} from "./scan-protocol.ts";
import { TopK } from "./top-k.ts";

interface Store {
  readonly layout: ChunkLayout;
  readonly chunks: Chunk[];
}

function main({ buffer, lane, port }: ScanThreadData): never {
  const words = scanWords(buffer);
  const found = foundOf(buffer, lane);
  const state = scanWord.lanes + lane;
  const stores = new Map<number, Store>();
  let filter: Uint32Array = new Uint32Array(0);

  const receive = (message: ScanMessage): void => {
    if (message.kind === "open") stores.set(message.store, { layout: message.layout, chunks: [] });
    else if (message.kind === "filter") filter = new Uint32Array(message.buffer);
    else if (message.kind === "drop") stores.delete(message.store);
    else {
      const { layout, chunks } = stores.get(message.store) ?? {};
      if (layout !== undefined)
        chunks?.push(new Chunk(layout, chunks.length * layout.rows, message.memory));
    }
  };
  const scan = (): void => {
    const store = stores.get(words[scanWord.store] ?? 0);
    const best = new TopK(words[scanWord.limit] ?? 0);
    const filterWords = words[scanWord.filterWords] ?? -1;
    const among = filterWords < 0 ? null : filter.subarray(0, filterWords);
    const kernel = kernelNames[words[scanWord.kernel] ?? 0] ?? "dot";
    if (store !== undefined) {
      for (const chunk of store.chunks) chunk.follow();
      scanTiles(words, store.chunks, store.layout, { kernel, lane, among, best });
    }
    const { slots, similarities } = best.nearest();
    found.slots.set(slots);
    found.similarities.set(similarities);
    found.count[0] = slots.length;
  };

  for (;;) {
    Atomics.wait(words, state, laneState.idle);
    Atomics.wait(words, state, laneState.done);
    const before = Atomics.compareExchange(words, state, laneState.called, laneState.working);
    if (before !== laneState.called) continue;
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port))
      receive(got.message);
    scan();
    Atomics.store(words, state, laneState.done);
    Atomics.notify(words, state);
  }
}

main(workerData);
