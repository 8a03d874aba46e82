/** The engine's end of the thread of HNSW indexes: one thread for all of them, started by the first. */
import { createRequire } from "node:module";
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import { moduleExtension } from "../../util/module-extension.ts";
import {
  answerMax,
  controlOf,
  type HnswControl,
  type HnswMessage,
  type HnswProgress,
  type HnswThreadData,
  newControlBuffer,
  word,
} from "./hnsw-protocol.ts";

/** A question that is not answered by then is answered without the index. */
const answerTimeoutMs = 100;

/** The file of usearch, which an application installs beside this package or names by VECFERRY_USEARCH; null where there is none. */
function usearchFile(): string | null {
  try {
    return createRequire(import.meta.url).resolve(process.env["VECFERRY_USEARCH"] ?? "usearch");
  } catch {
    return null;
  }
}

export class HnswLink {
  readonly #port: MessagePort;
  readonly #control: HnswControl;
  readonly #listeners = new Map<number, (progress: HnswProgress) => void>();
  #broken = false;
  #asked = 0;
  #opened = 0;

  constructor(usearch: string) {
    const buffer = newControlBuffer();
    const { port1, port2 } = new MessageChannel();
    this.#control = controlOf(buffer);
    this.#port = port1;
    const workerData: HnswThreadData = { usearch, control: buffer, port: port2 };
    const worker = new Worker(new URL(`./hnsw-thread${moduleExtension}`, import.meta.url), {
      workerData,
      transferList: [port2],
      name: "vecferry indexes",
    });
    // Without its index a search is exact: nothing is lost but speed.
    worker.on("error", () => {
      this.#broken = true;
    });
    worker.unref();
    port1.unref();
  }

  /** Whether the thread has failed: nothing is answered any more. */
  get isBroken(): boolean {
    return this.#broken;
  }

  /** The number of a new index, whose progress goes to `listener`. */
  open(listener: (progress: HnswProgress) => void): number {
    this.#opened += 1;
    this.#listeners.set(this.#opened, listener);
    return this.#opened;
  }

  drop(index: number): void {
    this.#listeners.delete(index);
    this.post({ kind: "drop", index });
  }

  post(message: HnswMessage): void {
    if (this.#broken) return;
    this.#port.postMessage(message);
    this.#wake();
  }

  /** Hears what the thread has done meanwhile. */
  listen(): void {
    for (;;) {
      const received: { message: HnswProgress } | undefined = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#listeners.get(received.message.index)?.(received.message);
    }
  }

  /** The nearest slots that the index knows, `wanted` at most; null where it does not answer in time. */
  ask(index: number, query: Float32Array, wanted: number): Uint32Array | null {
    const { words, query: target, slots } = this.#control;
    if (this.#broken || wanted > answerMax) return null;
    // A question that was given up is still being answered.
    if (Atomics.load(words, word.answered) !== this.#asked) return null;
    target.set(query);
    words[word.index] = index;
    words[word.wanted] = wanted;
    const before = this.#asked;
    this.#asked = (before + 1) | 0;
    Atomics.store(words, word.asked, this.#asked);
    this.#wake();
    Atomics.wait(words, word.answered, before, answerTimeoutMs);
    if (Atomics.load(words, word.answered) !== this.#asked) return null;
    return slots.slice(0, words[word.found] ?? 0);
  }

  #wake(): void {
    const { words } = this.#control;
    Atomics.add(words, word.wake, 1);
    Atomics.notify(words, word.wake);
  }
}

let link: HnswLink | null | undefined;

/** This thread's link; null where usearch is not installed, or its thread has failed. */
export function hnswLink(): HnswLink | null {
  if (link === undefined) {
    const file = usearchFile();
    link = file === null ? null : new HnswLink(file);
  }
  return link?.isBroken === true ? null : link;
}
