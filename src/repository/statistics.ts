/** What a collection holds and takes, and how long searches in it have taken here. */
import { z } from "zod";
import type { CollectionInfo, Quantization } from "../model/collection.ts";
import { defaultM, embeddedFootprint, footprint } from "../model/footprint.ts";
import { parseJson } from "../util/json.ts";
import type { CollectionStatistics } from "./types.ts";

/** Upper bounds of the classes, in ms; one more class holds what took longer. */
const boundsMs = [
  0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000,
  10_000,
];

/** Durations of searches, in classes: its size does not grow with their number. */
export class QueryTimes {
  readonly #classes = new Array<number>(boundsMs.length + 1).fill(0);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    const place = boundsMs.findIndex((bound) => ms <= bound);
    const index = place === -1 ? boundsMs.length : place;
    this.#classes[index] = (this.#classes[index] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  get count(): number {
    return this.#count;
  }

  /** Null = there was none. */
  get meanMs(): number | null {
    return this.#count === 0 ? null : this.#sumMs / this.#count;
  }

  /** No search of that share took longer: the upper bound of the class that it falls into, or the longest of all where that is less. */
  quantileMs(share: number): number | null {
    if (this.#count === 0) return null;
    let left = Math.ceil(share * this.#count);
    for (const [index, number] of this.#classes.entries()) {
      left -= number;
      if (left <= 0) return Math.min(boundsMs[index] ?? this.#maxMs, this.#maxMs);
    }
    return this.#maxMs;
  }
}

/** The times of many collections; those that were asked least lately are forgotten. */
export class QueryTimesByCollection {
  readonly #times = new Map<string, QueryTimes>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(collection: string, ms: number): void {
    const times = this.of(collection) ?? new QueryTimes();
    this.#times.delete(collection);
    this.#times.set(collection, times);
    times.add(ms);
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= this.#max) break;
      this.#times.delete(oldest);
    }
  }

  of(collection: string): QueryTimes | null {
    return this.#times.get(collection) ?? null;
  }

  forget(collection: string): void {
    this.#times.delete(collection);
  }
}

const bytesPerMb = 1024 * 1024;

export interface StatisticsInput {
  readonly info: CollectionInfo;
  readonly kind: "qdrant" | "embedded" | "chroma" | "faiss";
  readonly tenantId: string | null;
  /** Of the tenant, or of all. */
  readonly documentCount: number;
  /** Of all tenants. */
  readonly total: number;
  /** As the server tells it; undefined = it does not. */
  readonly memoryBytes: number | undefined;
  readonly times: QueryTimes | null;
}

/** A tenant's memory is its share of the collection's, by the number of its documents. */
export function statisticsOf(input: StatisticsInput): CollectionStatistics {
  const { info, tenantId, documentCount, total, memoryBytes, times } = input;
  const bytes = memoryBytes ?? formulaBytes(input);
  const share = tenantId === null ? 1 : documentCount / Math.max(1, total);
  const plain = {
    collectionName: info.name,
    tenantId,
    documentCount,
    memoryUsageMb: (bytes * share) / bytesPerMb,
    memoryFrom: memoryBytes === undefined ? ("formula" as const) : ("server" as const),
    avgQueryTimeMs: times?.meanMs ?? null,
  };
  return {
    ...plain,
    toJSON: () => ({
      ...plain,
      queryTimeMs: {
        count: times?.count ?? 0,
        p50: times?.quantileMs(0.5) ?? null,
        p95: times?.quantileMs(0.95) ?? null,
        p99: times?.quantileMs(0.99) ?? null,
      },
    }),
  };
}

/** The part of a Qdrant collection's `config` that decides how much memory it takes. */
const configSchema = z.object({
  params: z.object({ vectors: z.object({ on_disk: z.boolean().nullish() }).optional() }).optional(),
  hnsw_config: z.object({ m: z.number().nullish(), payload_m: z.number().nullish() }).nullish(),
  quantization_config: z
    .object({
      scalar: z.object({}).optional(),
      product: z.object({ compression: z.string().optional() }).optional(),
      binary: z.object({ encoding: z.string().nullish() }).optional(),
      turbo: z.object({ bits: z.string().nullish() }).optional(),
    })
    .nullish(),
});

/** By the formulas of `model/footprint.ts`, of what the collection's settings are known to be. */
function formulaBytes({ info, kind, total }: StatisticsInput): number {
  const dimension = info.dimension ?? 0;
  if (kind === "embedded" || kind === "faiss")
    return embeddedFootprint({ points: total, dimension, payloadBytes: 0 }).ramBytes;
  const parsed = configSchema.safeParse(parseJson(info.configuration ?? "{}"));
  const config = parsed.success ? parsed.data : {};
  const { m, payload_m: payloadM } = config.hnsw_config ?? {};
  return footprint({
    points: total,
    dimension,
    m: Math.max(m ?? defaultM, payloadM ?? 0),
    payloadBytes: 0,
    indexedValues: [],
    quantization: quantizationOf(config.quantization_config ?? {}),
    vectorsInRam: config.params?.vectors?.on_disk !== true,
  }).ramBytes;
}

function quantizationOf(
  config: NonNullable<z.output<typeof configSchema>["quantization_config"]>,
): Quantization | null {
  const { scalar, product, binary, turbo } = config;
  if (scalar !== undefined) return { kind: "scalar" };
  if (product !== undefined)
    return {
      kind: "product",
      ...(product.compression ? { compression: product.compression } : {}),
    };
  const bits = binary?.encoding ?? turbo?.bits;
  if (binary !== undefined) return { kind: "binary", ...(bits ? { bits } : {}) };
  if (turbo !== undefined) return { kind: "turbo", ...(bits ? { bits } : {}) };
  return null;
}
