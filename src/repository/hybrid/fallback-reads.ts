/** Reads from the first store, and from the second where that cannot answer. */
import { isVectorError, VectorError } from "../../errors.ts";
import type { RepositoryCallOptions, VectorRepository } from "../types.ts";
import { type GuardedStore, tellsOfStore } from "./guarded-store.ts";
import type { FallbackReason, HybridMetrics } from "./hybrid-metrics.ts";

type Work<Result> = (
  repository: VectorRepository,
  options: { readonly signal: AbortSignal },
) => Promise<Result>;

export class FallbackReads {
  readonly #first: GuardedStore;
  readonly #second: GuardedStore;
  readonly #timeoutMs: number;
  readonly #metrics: HybridMetrics | null;

  constructor(
    first: GuardedStore,
    second: GuardedStore,
    options: { readonly timeoutMs: number; readonly metrics: HybridMetrics | null },
  ) {
    this.#first = first;
    this.#second = second;
    this.#timeoutMs = options.timeoutMs;
    this.#metrics = options.metrics;
  }

  /**
   * Asks the first store; where it cannot answer, or is `behind`, the second. Each has `timeoutMs`.
   * @throws {VectorError} what is the question's own fault, at once; E_ABORTED; where neither answers, what the first failed with
   */
  async read<Result>(
    work: Work<Result>,
    { signal }: RepositoryCallOptions,
    behind = false,
  ): Promise<{ result: Result; by: GuardedStore }> {
    const [preferred, further] = behind ? [this.#second, this.#first] : [this.#first, this.#second];
    const limits = { timeoutMs: this.#timeoutMs, ...(signal === undefined ? {} : { signal }) };
    try {
      const result = await preferred.call(work, limits);
      this.#metrics?.read(preferred.name);
      if (behind) this.#metrics?.fallback("behind");
      return { result, by: preferred };
    } catch (error) {
      if (!isVectorError(error) || !tellsOfStore(error.code)) throw error;
      const result = await this.#further(further, work, limits, error);
      if (!behind) this.#metrics?.fallback(reasonOf(error));
      return { result, by: further };
    }
  }

  async #further<Result>(
    store: GuardedStore,
    work: Work<Result>,
    limits: RepositoryCallOptions & { readonly timeoutMs: number },
    first: VectorError,
  ): Promise<Result> {
    try {
      const result = await store.call(work, limits);
      this.#metrics?.read(store.name);
      return result;
    } catch (error) {
      if (!isVectorError(error) || !tellsOfStore(error.code)) throw error;
      this.#metrics?.read("none");
      throw new VectorError(
        first.code,
        `Neither store answers. ${first.message} ${error.message}`,
        {
          cause: new AggregateError([first, error]),
          details: { first: first.code, second: error.code },
        },
      );
    }
  }
}

function reasonOf(error: VectorError): FallbackReason {
  if (error.details["circuit"] === "open") return "circuit_open";
  return error.code === "E_TIMEOUT" ? "timeout" : "error";
}

/** A scan and its first document. Given up where `signal` aborts before that has come, and left alone later. */
export async function beginScan<One>(scan: AsyncIterable<One>, signal: AbortSignal) {
  const iterator = scan[Symbol.asyncIterator]();
  const giveUp = (): void => void iterator.return?.();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return { iterator, first: await iterator.next() };
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
