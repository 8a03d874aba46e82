/** The thread that builds the HNSW indexes of an engine, and asks them: whenever it has built a few vectors in, it looks for a question. */
import { createRequire } from "node:module";
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { Chunk, type ChunkLayout } from "./chunk.ts";
import {
  controlOf,
  type HnswMessage,
  type HnswProgress,
  type HnswSettings,
  type HnswThreadData,
  word,
} from "./hnsw-protocol.ts";

/** What is used of usearch 2 (npm: usearch). */
interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  remove(keys: BigUint64Array): unknown;
  contains(key: bigint): boolean;
  search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
  size(): number;
}
interface Usearch {
  readonly Index: new (settings: {
    readonly dimensions: number;
    readonly metric: string;
    readonly quantization: string;
    readonly connectivity: number;
    readonly expansion_add: number;
    readonly expansion_search: number;
    readonly multi: boolean;
  }) => UsearchIndex;
}

/** Vectors that are built in before the next look for a question: two milliseconds or so. */
const stepRows = 8;

interface Change {
  readonly list: number;
  readonly slots: Uint32Array;
}

/** One index, and the changes that it has yet to take. */
class Graph {
  readonly #index: UsearchIndex;
  readonly #layout: ChunkLayout;
  readonly #chunks: Chunk[] = [];
  readonly #changes: Change[] = [];
  #at = 0;

  constructor(usearch: Usearch, layout: ChunkLayout, { metric, m, efConstruct }: HnswSettings) {
    this.#layout = layout;
    this.#index = new usearch.Index({
      dimensions: layout.dimension,
      metric,
      // Half of float32's size and all of its range; what is found is compared again by the vectors themselves.
      quantization: "bf16",
      connectivity: m,
      expansion_add: efConstruct,
      // A question's own number of wanted slots is what it is searched with.
      expansion_search: 1,
      multi: false,
    });
  }

  get dimension(): number {
    return this.#layout.dimension;
  }

  addMemory(memory: Chunk["memory"]): void {
    const { rows } = this.#layout;
    this.#chunks.push(new Chunk(this.#layout, this.#chunks.length * rows, memory));
  }

  change(change: Change): void {
    this.#changes.push(change);
  }

  /** Takes a few slots; gives the progress where a list is through, null where it is not, undefined where there is nothing to do. */
  step(): Omit<HnswProgress, "index"> | null | undefined {
    const change = this.#changes[0];
    if (change === undefined) return undefined;
    const end = Math.min(this.#at + stepRows, change.slots.length);
    for (; this.#at < end; this.#at += 1) this.#take(change.slots[this.#at] ?? 0);
    if (end < change.slots.length) return null;
    this.#changes.shift();
    this.#at = 0;
    return { list: change.list, size: this.#index.size() };
  }

  search(query: Float32Array, wanted: number, target: Uint32Array): number {
    if (this.#index.size() === 0) return 0;
    const { keys } = this.#index.search(query, wanted, 1);
    for (const [at, key] of keys.entries()) target[at] = Number(key);
    return keys.length;
  }

  /** Brings one slot to what is in the memory now. */
  #take(slot: number): void {
    const { rows, dimension } = this.#layout;
    const chunk = this.#chunks[Math.floor(slot / rows)];
    const row = slot % rows;
    const key = BigUint64Array.of(BigInt(slot));
    if (this.#index.contains(BigInt(slot))) this.#index.remove(key);
    if (chunk !== undefined && row >= chunk.present.length) chunk.follow();
    if (chunk?.present[row] !== 1) return;
    // A copy: usearch takes no shared memory.
    const vector = Float32Array.from(chunk.data.subarray(row * dimension, (row + 1) * dimension));
    this.#index.add(key, vector, 1);
  }
}

function main({ usearch, control, port }: HnswThreadData): never {
  const library = createRequire(import.meta.url)(usearch) as Usearch;
  const { words, query, slots } = controlOf(control);
  const graphs = new Map<number, Graph>();

  const receive = (message: HnswMessage): void => {
    if (message.kind === "open")
      graphs.set(message.index, new Graph(library, message.layout, message.settings));
    else if (message.kind === "memory") graphs.get(message.index)?.addMemory(message.memory);
    else if (message.kind === "change") graphs.get(message.index)?.change(message);
    else graphs.delete(message.index);
  };
  const answer = (): void => {
    const asked = Atomics.load(words, word.asked);
    if (asked === Atomics.load(words, word.answered)) return;
    const graph = graphs.get(words[word.index] ?? 0);
    const vector = Float32Array.from(query.subarray(0, graph?.dimension ?? 0));
    words[word.found] = graph?.search(vector, words[word.wanted] ?? 1, slots) ?? 0;
    Atomics.store(words, word.answered, asked);
    Atomics.notify(words, word.answered);
  };

  for (;;) {
    const seen = Atomics.load(words, word.wake);
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port))
      receive(got.message);
    answer();
    let busy = false;
    for (const [index, graph] of graphs) {
      const progress = graph.step();
      busy ||= progress !== undefined;
      if (progress) port.postMessage({ index, ...progress } satisfies HnswProgress);
      answer();
    }
    if (!busy) Atomics.wait(words, word.wake, seen);
  }
}

main(workerData);
