/**
 * The truth: which records are the nearest to each query, by comparing with every one of them, in float64. The records
 * stream past the queries in threads: what is in memory is the queries, the nearest so far, and a few blocks of rows.
 */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { VectorError } from "../../errors.ts";
import { abortError } from "../../util/abort.ts";
import { moduleExtension } from "../../util/module-extension.ts";
import { startThread } from "../../util/start-thread.ts";
import { mergeRankings, type Ranking } from "./nearest.ts";
import type { TruthBlock, TruthQuestion } from "./truth-scan.ts";
import type { TruthRequest } from "./truth-worker.ts";

/** More threads than this are kept waiting by the one that reads. */
const threadsMax = 8;
/** Fewer rows than so many a thread are not worth starting it. */
const rowsAThread = 5_000;
/** Blocks that a thread has been sent and has not done yet. */
const blocksAThread = 2;

/**
 * For each search its nearest rows among `blocks`, of which about `rows` are to come. Blocks are copied.
 * @throws E_ABORTED, and what `blocks` throws
 */
export async function findTruth(
  question: TruthQuestion,
  blocks: AsyncIterable<TruthBlock>,
  rows: number,
  signal: AbortSignal,
): Promise<Ranking[]> {
  const worth = Math.max(1, Math.ceil(rows / rowsAThread));
  const count = Math.min(threadsMax, availableParallelism(), worth);
  const threads = Array.from({ length: count }, () => new TruthThread(question));
  const onAbort = (): void => {
    for (const thread of threads) thread.fail(abortError(signal));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const block of blocks) (await idlest(threads)).look(block);
    const parts = await Promise.all(threads.map((thread) => thread.rankings()));
    return question.searches.map((_, search) =>
      mergeRankings(
        parts.flatMap((part) => part[search] ?? []),
        question.kept,
      ),
    );
  } finally {
    signal.removeEventListener("abort", onAbort);
    await Promise.all(threads.map((thread) => thread.close()));
  }
}

/** The thread with the fewest blocks to do; waits while all have their fill. */
async function idlest(threads: readonly TruthThread[]): Promise<TruthThread> {
  for (;;) {
    const [first, ...others] = threads;
    if (first === undefined) throw new VectorError("E_INTERNAL", "There is no thread.");
    const best = others.reduce((one, other) => (other.waiting < one.waiting ? other : one), first);
    if (best.waiting < blocksAThread) return best;
    await Promise.race(threads.map((thread) => thread.answered()));
  }
}

interface Asked {
  settle(rankings: Ranking[]): void;
  reject(error: unknown): void;
}

class TruthThread {
  readonly #worker: Worker;
  readonly #asked: Asked[] = [];
  #next = Promise.withResolvers<void>();
  #fault: { readonly error: unknown } | null = null;

  constructor(question: TruthQuestion) {
    this.#worker = startThread(new URL(`./truth-worker${moduleExtension}`, import.meta.url), {
      workerData: question,
      name: "vecferry truth",
    });
    this.#worker.on("message", (rankings: Ranking[] | null) => {
      this.#asked.shift()?.settle(rankings ?? []);
      this.#wake();
    });
    this.#worker.on("error", (error) => this.fail(error));
    this.#worker.on("exit", (code) => {
      if (this.#asked.length > 0)
        this.fail(new VectorError("E_INTERNAL", `A thread of the truth ended with ${code}.`));
    });
  }

  /** Blocks that are not done. */
  get waiting(): number {
    return this.#asked.length;
  }

  /** Resolves with the next answer, or a failure. */
  answered(): Promise<void> {
    return this.#next.promise;
  }

  /** Sends a block; does not wait until it is done. @throws what the thread failed with */
  look({ ids, data, filters }: TruthBlock): void {
    if (this.#fault !== null) throw this.#fault.error;
    const own = data.slice();
    // What fails here is thrown by the next call.
    this.#send({ ids, data: own, filters }, [own.buffer]).catch(() => undefined);
  }

  rankings(): Promise<Ranking[]> {
    return this.#send(null, []);
  }

  /** Ends everything that waits with `error`. */
  fail(error: unknown): void {
    this.#fault ??= { error };
    for (const asked of this.#asked.splice(0)) asked.reject(error);
    this.#wake();
  }

  async close(): Promise<void> {
    this.#asked.length = 0;
    await this.#worker.terminate();
  }

  #send(request: TruthRequest, transfer: ArrayBuffer[]): Promise<Ranking[]> {
    if (this.#fault !== null) return Promise.reject(this.#fault.error);
    return new Promise((settle, reject) => {
      this.#asked.push({ settle, reject });
      this.#worker.postMessage(request, transfer);
    });
  }

  #wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
