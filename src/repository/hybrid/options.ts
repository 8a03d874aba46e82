/** What a hybrid is made of, checked. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { parseInput } from "../input.ts";
import type { MetricsRegistry } from "../prom-client.ts";
import type { VectorRepository } from "../types.ts";
import type { BreakerOptions } from "./circuit-breaker.ts";

export interface HybridOptions {
  readonly qdrant: VectorRepository;
  /** What stands beside it: the Chroma of before, an embedded Qdrant, FAISS files. */
  readonly other: VectorRepository;
  /** Which of the two is first: reads go to it, and writes are decided by it. Default: USE_QDRANT, else true. */
  readonly useQdrant?: boolean;
  /** "both" (default): what one store takes, the other is told. "one": the first alone is written to. */
  readonly writes?: "both" | "one";
  /** The folder of the queue, for this process alone. Needed for writes to both. */
  readonly queue?: string;
  /** Documents that the queue holds at most; a write that might need more is refused before it begins (E_QUEUE_FULL). Default 100,000. */
  readonly queueMax?: number;
  /** How often a store that is behind is tried. Default 1000. */
  readonly catchUpMs?: number;
  /** How long each store has for a read. Default 2000. */
  readonly readTimeoutMs?: number;
  /** How long each store has for a write. Default 30,000. */
  readonly writeTimeoutMs?: number;
  readonly breaker?: BreakerOptions;
  /** Share of the searches, 0 to 1, that the second store is asked too, to compare. Default 0. */
  readonly shadow?: number;
  /** Such searches under way at once. Default 8. */
  readonly shadowInFlightMax?: number;
  /** A registry of prom-client's. */
  readonly metrics?: MetricsRegistry;
}

const milliseconds = z.int().min(1).max(3_600_000);

const optionsSchema = z
  .strictObject({
    qdrant: repositoryLike(),
    other: repositoryLike(),
    useQdrant: z.boolean().optional(),
    writes: z.enum(["both", "one"]).default("both"),
    queue: z.string().min(1).optional(),
    queueMax: z.int().min(1).max(100_000_000).default(100_000),
    catchUpMs: milliseconds.default(1000),
    readTimeoutMs: milliseconds.default(2000),
    writeTimeoutMs: milliseconds.default(30_000),
    breaker: z
      .strictObject({
        failures: z.int().min(1).optional(),
        resetMs: milliseconds.optional(),
      })
      .optional(),
    shadow: z.number().min(0).max(1).default(0),
    shadowInFlightMax: z.int().min(1).max(1000).default(8),
    metrics: z.unknown().optional(),
  })
  .refine(({ writes, queue }) => writes === "one" || queue !== undefined, {
    message: "must name a folder, where both stores are written to",
    path: ["queue"],
  })
  .refine(({ qdrant, other }) => qdrant !== other, {
    message: "must be another repository than qdrant",
    path: ["other"],
  });

function repositoryLike() {
  return z.custom<VectorRepository>(
    (value) =>
      value !== null &&
      typeof value === "object" &&
      "semanticSearchAdvanced" in value &&
      "bulkUpsertDocuments" in value,
    "must be a repository",
  );
}

/** @throws {VectorError} E_CONFIG, which names the option */
export function checkHybridOptions(options: HybridOptions) {
  return parseInput(optionsSchema, options, "HybridVectorService", "E_CONFIG");
}

/** What USE_QDRANT says; true where it says nothing. @throws {VectorError} E_CONFIG for what is neither true nor false */
export function usesQdrant(text: string | undefined): boolean {
  if (!text || /^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw new VectorError(
    "E_CONFIG",
    `USE_QDRANT must be true or false, but it is ${JSON.stringify(text)}.`,
  );
}
