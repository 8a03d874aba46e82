/** Whether the vector store behind an application works, told within a bounded time. */
import { z } from "zod";
import { isVectorError, VectorError } from "../errors.ts";
import { parseInput } from "./input.ts";
import type { RepositoryCallOptions, VectorRepository } from "./types.ts";

export type HealthStatus = "healthy" | "degraded" | "unhealthy";

export interface HealthCheckOptions {
  /** The collection that the application uses. Without it: whether the store answers, and how fast. */
  readonly collection?: string;
  /** How long a check may take in all; whatever the store does, it is answered by then. Default 800, below the second that probes wait. */
  readonly timeoutMs?: number;
  /** A search that takes longer makes the store degraded. Default 250. */
  readonly slowMs?: number;
  /** Further things that are amiss, each in a few words: a circuit that is open, a queue that grows. They make a store degraded. */
  readonly also?: () => readonly string[];
}

export interface HealthReport {
  /** healthy; degraded = it answers, but slowly, or without the collection; unhealthy = it does not answer in time, or refuses. */
  readonly status: HealthStatus;
  /** "connected", or the code of what it failed with. */
  readonly qdrantStatus: string;
  /** Documents of all tenants; null = no collection is named, or it did not answer. */
  readonly collectionPoints: number | null;
  /** Of a search that finds nothing, or of a list of collections where none is named; null = it did not answer. */
  readonly searchLatencyMs: number | null;
  /** ISO 8601. */
  readonly timestamp: string;
  /** What is amiss. */
  readonly error?: string;
}

/** A tenant that nobody is: a search as it costs as much as any, and finds nothing. */
const probeTenant = "vecferry-health-check";

const optionsSchema = z.strictObject({
  collection: z.string().min(1).optional(),
  timeoutMs: z.int().min(1).max(60_000).default(800),
  slowMs: z.number().min(0).default(250),
  also: z.custom<() => readonly string[]>((value) => typeof value === "function").optional(),
});

/**
 * @example
 * const health = new VectorDBHealthCheck(connection.repository, { collection: "notes" });
 * app.get("/healthz", health.healthz);
 * app.get("/readyz", health.readyz);
 */
export class VectorDBHealthCheck {
  readonly #repository: VectorRepository;
  readonly #options: z.output<typeof optionsSchema>;
  #checking: Promise<HealthReport> | null = null;

  /** @throws {VectorError} E_INPUT for options that are none */
  constructor(repository: VectorRepository, options: HealthCheckOptions = {}) {
    this.#repository = repository;
    this.#options = parseInput(optionsSchema, options, "VectorDBHealthCheck");
  }

  /** Asks the store, whichever kind it is. Never throws; checks that are asked for meanwhile share the one under way. */
  checkQdrantHealth(): Promise<HealthReport> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  /** Answers 200 with the report whatever the store does: the process lives, and starting it anew mends no store. */
  readonly healthz = async (): Promise<Response> => {
    return Response.json(await this.checkQdrantHealth(), { headers: noStore });
  };

  /** Answers 200 where the store is healthy or degraded, 503 where it is unhealthy: requests had better go elsewhere. */
  readonly readyz = async (): Promise<Response> => {
    const report = await this.checkQdrantHealth();
    const status = report.status === "unhealthy" ? 503 : 200;
    return Response.json(report, { status, headers: noStore });
  };

  async #check(): Promise<HealthReport> {
    const { timeoutMs, slowMs } = this.#options;
    const timestamp = new Date().toISOString();
    try {
      const { points, latencyMs, missing } = await inTime(timeoutMs, (options) =>
        this.#ask(options),
      );
      const amiss = [
        ...(missing === null ? [] : [missing]),
        ...(latencyMs > slowMs ? [`It took ${Math.round(latencyMs)} ms to answer a search.`] : []),
        ...(this.#options.also?.() ?? []),
      ];
      return {
        status: amiss.length === 0 ? "healthy" : "degraded",
        qdrantStatus: "connected",
        collectionPoints: points,
        searchLatencyMs: latencyMs,
        timestamp,
        ...(amiss.length === 0 ? {} : { error: amiss.join(" ") }),
      };
    } catch (caught) {
      const error = isVectorError(caught)
        ? caught
        : new VectorError("E_INTERNAL", "The check failed.", { cause: caught });
      return {
        status: "unhealthy",
        qdrantStatus: error.code,
        collectionPoints: null,
        searchLatencyMs: null,
        timestamp,
        error: error.message,
      };
    }
  }

  async #ask(
    options: RepositoryCallOptions,
  ): Promise<{ points: number | null; latencyMs: number; missing: string | null }> {
    const { collection } = this.#options;
    const began = performance.now();
    if (collection === undefined) {
      await this.#repository.listCollections(options);
      return { points: null, latencyMs: performance.now() - began, missing: null };
    }
    try {
      return { ...(await this.#askCollection(collection, options)), missing: null };
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
      const missing = `There is no collection ${JSON.stringify(collection)}.`;
      return { points: null, latencyMs: performance.now() - began, missing };
    }
  }

  async #askCollection(
    collection: string,
    options: RepositoryCallOptions,
  ): Promise<{ points: number; latencyMs: number }> {
    const { vectorSize } = await this.#repository.describeCollection(collection, options);
    const asked = performance.now();
    await this.#repository.semanticSearchAdvanced(
      {
        // A vector of length 0 has no direction: under cosine it would be refused.
        queryEmbedding: new Float32Array(vectorSize).fill(1),
        collectionName: collection,
        tenantId: probeTenant,
        nResults: 1,
      },
      options,
    );
    const latencyMs = performance.now() - asked;
    const { documentCount } = await this.#repository.getCollectionStatistics(
      collection,
      undefined,
      options,
    );
    return { points: documentCount, latencyMs };
  }
}

const noStore = { "cache-control": "no-store" };

/** What `work` gives, or E_TIMEOUT when the time is over: a call that does not mind its signal is not waited for. */
async function inTime<Result>(
  timeoutMs: number,
  work: (options: { readonly signal: AbortSignal }) => Promise<Result>,
): Promise<Result> {
  const end = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new VectorError("E_TIMEOUT", `The store has not answered in ${timeoutMs} ms.`);
    reject(error);
    end.abort(error);
  }, timeoutMs);
  try {
    return await Promise.race([work({ signal: end.signal }), late]);
  } finally {
    clearTimeout(timer);
  }
}
