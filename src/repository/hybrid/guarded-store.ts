/** One of the two repositories, every call of it bounded in time and counted by a circuit breaker. */
import { type ErrorCode, isVectorError, VectorError } from "../../errors.ts";
import { abortError } from "../../util/abort.ts";
import type { RepositoryCallOptions, VectorRepository } from "../types.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";

/** Which of the two: what it is called in reports and in metrics. */
export type StoreName = "qdrant" | "other";

/** Codes that tell of the question, not of who was asked: the other store would say the same. */
const callersFaults: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "E_INPUT",
  "E_TENANT",
  "E_DIMENSION",
  "E_MODEL",
  "E_PERMISSION",
  "E_NOT_TENANTED",
  "E_NAME",
  "E_SCHEMA_CONFLICT",
  "E_COLLECTION_NOT_FOUND",
  "E_DOCUMENT_EXISTS",
  "E_DOCUMENT_NOT_FOUND",
  "E_RESERVED_KEY",
  "E_REJECTED",
  "E_NOT_SUPPORTED",
  "E_ABORTED",
]);

/** Whether `code` says that the store could not answer, so that the other one may be asked. */
export function tellsOfStore(code: string): boolean {
  return !callersFaults.has(code as ErrorCode);
}

export class GuardedStore {
  readonly name: StoreName;
  readonly repository: VectorRepository;
  readonly breaker: CircuitBreaker;

  constructor(name: StoreName, repository: VectorRepository, breaker: CircuitBreaker) {
    this.name = name;
    this.repository = repository;
    this.breaker = breaker;
  }

  /**
   * Makes one call, which ends after `timeoutMs` at the latest, whatever the store does.
   * @throws {VectorError} E_UNREACHABLE with `details.circuit` where the circuit is open; E_TIMEOUT; E_ABORTED; what the call threw
   */
  async call<Result>(
    work: (
      repository: VectorRepository,
      options: { readonly signal: AbortSignal },
    ) => Promise<Result>,
    { signal, timeoutMs }: RepositoryCallOptions & { readonly timeoutMs: number },
  ): Promise<Result> {
    if (signal?.aborted) throw abortError(signal);
    if (!this.breaker.enter())
      throw new VectorError(
        "E_UNREACHABLE",
        `The store "${this.name}" has failed again and again and is left alone for a while.`,
        {
          details: { circuit: "open", store: this.name },
        },
      );
    try {
      const result = await this.ask(work, {
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      });
      this.breaker.succeeded();
      return result;
    } catch (error) {
      if (isVectorError(error, "E_ABORTED")) this.breaker.left();
      else if (isVectorError(error) && !tellsOfStore(error.code)) this.breaker.succeeded();
      else this.breaker.failed();
      throw error;
    }
  }

  /** Makes one call like `call`, past the circuit: it neither asks the circuit nor tells it anything. @throws as `call` */
  async ask<Result>(
    work: (
      repository: VectorRepository,
      options: { readonly signal: AbortSignal },
    ) => Promise<Result>,
    { signal, timeoutMs }: RepositoryCallOptions & { readonly timeoutMs: number },
  ): Promise<Result> {
    const late = AbortSignal.timeout(timeoutMs);
    const ends = signal === undefined ? late : AbortSignal.any([signal, late]);
    try {
      return await unlessEnded(work(this.repository, { signal: ends }), ends);
    } catch (error) {
      if (signal?.aborted) throw abortError(signal);
      throw late.aborted ? this.#timeout(timeoutMs, error) : error;
    }
  }

  #timeout(timeoutMs: number, cause: unknown): VectorError {
    return new VectorError(
      "E_TIMEOUT",
      `The store "${this.name}" has not answered in ${timeoutMs} ms.`,
      {
        cause,
        details: { store: this.name },
      },
    );
  }
}

/** The answer, or as soon as `ends` aborts its reason: a call that does not mind its signal is not waited for. */
function unlessEnded<Result>(answer: Promise<Result>, ends: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(ends.reason);
    ends.addEventListener("abort", leave, { once: true });
    answer.then(resolve, reject).finally(() => ends.removeEventListener("abort", leave));
  });
}
