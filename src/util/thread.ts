/** A worker thread that answers what it is sent, one thing after another. */
import { Worker } from "node:worker_threads";
import { VectorError } from "../errors.ts";

export interface ThreadOptions {
  readonly name: string;
  readonly workerData?: unknown;
}

interface Asked<Answer> {
  settle(answer: Answer): void;
  reject(error: unknown): void;
}

/** Its module posts one message for each that it gets, in order. What it throws fails all that wait, and all after it. */
export class Thread<Question, Answer> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #asked: Asked<Answer>[] = [];
  #fault: { readonly error: unknown } | null = null;

  constructor(module: URL, { name, workerData }: ThreadOptions) {
    this.#worker = new Worker(module, { workerData, name });
    this.#worker.on("message", (answer: Answer) => this.#asked.shift()?.settle(answer));
    this.#worker.on("error", (error) => this.fail(error));
    this.#worker.on("exit", (code) =>
      this.fail(new VectorError("E_INTERNAL", `The thread "${name}" has ended with ${code}.`)),
    );
  }

  /** Questions without an answer yet. */
  get waiting(): number {
    return this.#asked.length;
  }

  /** Asks; the buffers are handed over. @throws what the thread failed with */
  ask(question: Question, transfer: ArrayBuffer[] = []): Promise<Answer> {
    if (this.#fault !== null) return Promise.reject(this.#fault.error);
    return new Promise((settle, reject) => {
      this.#asked.push({ settle, reject });
      this.#worker.postMessage(question, transfer);
    });
  }

  /** Ends everything that waits with `error`. */
  fail(error: unknown): void {
    this.#fault ??= { error };
    for (const asked of this.#asked.splice(0)) asked.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fail(new VectorError("E_CLOSED", "The thread is closed."));
    await this.#worker.terminate();
  }
}
