/** `GET /telemetry`: how the server does, in the shapes of 1.18.2. What only other engines have (segments, hardware counters) is left out. */
import { createHash, randomUUID } from "node:crypto";
import { availableParallelism, endianness, totalmem } from "node:os";
import { z } from "zod";
import type { Engine } from "../engine/index.ts";
import { followed } from "./followed.ts";
import type { Line, Protocol, Statistics, Tally } from "./statistics.ts";

const collectionSchema = z.object({
  id: z.string(),
  points: z.number(),
  vectors: z.record(z.string(), z.number()),
  config: z.looseObject({ params: z.record(z.string(), z.unknown()) }),
});
export type CollectionTelemetry = z.infer<typeof collectionSchema>;

/** The collections as the engine counts them. */
export async function readCollections(
  engine: Engine,
  signal: AbortSignal,
): Promise<CollectionTelemetry[]> {
  const request = { operation: "getTelemetry", collection: "", params: {}, body: null } as const;
  return z.array(collectionSchema).parse(JSON.parse(await engine.ask(request, { signal })));
}

export interface TelemetryQuery {
  /** How much to tell, from 0 to 10. */
  readonly level: number;
  /** Whether names are replaced by numbers made of them. */
  readonly anonymize: boolean;
  readonly perCollection: boolean;
}

/** What the parameters, which were checked, ask for. */
export function telemetryQuery(params: Readonly<Record<string, string>>): TelemetryQuery {
  return {
    level: Math.min(Number(params["details_level"] ?? "0"), 10),
    anonymize: params["anonymize"] === "true",
    perCollection: params["per_collection"] === "true",
  };
}

/** This process, as telemetry names it. */
const processId = randomUUID();

/** The JSON text of `result`. */
export function telemetryText(
  collections: readonly CollectionTelemetry[],
  statistics: Statistics,
  query: TelemetryQuery,
): string {
  const detailed = query.level > 0;
  return JSON.stringify({
    id: processId,
    app: {
      name: "qdrant",
      version: followed.version,
      ...(detailed ? { features, system: system() } : {}),
      startup: new Date(statistics.startedMs).toISOString(),
    },
    collections: {
      number_of_collections: collections.length,
      ...(detailed
        ? { collections: collections.map((each) => collectionPart(each, query)), snapshots: [] }
        : {}),
    },
    cluster: { enabled: false, resharding_enabled: false },
    requests: {
      rest: responses(statistics, "rest", query),
      grpc: responses(statistics, "grpc", query),
    },
    ...(detailed ? { memory: memory(), hardware: { collection_data: {} } } : {}),
  });
}

const features = {
  debug: false,
  service_debug_feature: false,
  recovery_mode: false,
  gpu: false,
  rocksdb: false,
  staging: false,
};

function system() {
  return {
    distribution: null,
    distribution_version: null,
    is_docker: false,
    cores: availableParallelism(),
    ram_size: Math.round(totalmem() / 1024),
    disk_size: null,
    cpu_flags: "",
    cpu_endian: endianness() === "LE" ? "little" : "big",
  };
}

/** The process's memory in the words of the allocator that Qdrant has. */
export function memory() {
  const { heapTotal, heapUsed, external, rss } = process.memoryUsage();
  return {
    active_bytes: heapTotal + external,
    allocated_bytes: heapUsed + external,
    metadata_bytes: 0,
    resident_bytes: rss,
    retained_bytes: 0,
  };
}

/** A name as it may be told: anonymized, the number that stands for it. */
function told(name: string, { anonymize }: TelemetryQuery): string {
  if (!anonymize) return name;
  return createHash("sha256").update(name).digest().readBigUInt64BE().toString();
}

function vectorCount({ vectors }: CollectionTelemetry): number {
  return Object.values(vectors).reduce((sum, count) => sum + count, 0);
}

function collectionPart(collection: CollectionTelemetry, query: TelemetryQuery) {
  const { config, id } = collection;
  const known = query.anonymize ? anonymized(config, query) : config;
  if (query.level === 1) {
    return { vectors: vectorCount(collection), optimizers_status: "ok", params: known.params };
  }
  const head = { id: told(id, query), init_time_ms: 0, config: known };
  if (query.level === 2) return head;
  return { ...head, shards: [shard(collection, query)], transfers: [], resharding: [] };
}

/** A configuration without the names of vectors and the metadata, which are the application's. */
function anonymized(config: CollectionTelemetry["config"], query: TelemetryQuery) {
  const params = Object.entries(config.params).map(([key, value]) => {
    const named = typeof value === "object" && value !== null && !("size" in value);
    if (!named || (key !== "vectors" && key !== "sparse_vectors")) return [key, value];
    return [
      key,
      Object.fromEntries(Object.entries(value).map(([name, each]) => [told(name, query), each])),
    ];
  });
  const { metadata: _, ...rest } = config;
  return { ...rest, params: Object.fromEntries(params) };
}

function shard(collection: CollectionTelemetry, query: TelemetryQuery) {
  const byName = Object.entries(collection.vectors).map(([name, count]) => [
    told(name, query),
    count,
  ]);
  const local = {
    variant_name: "local shard",
    status: "green",
    total_optimized_points: 0,
    num_points: collection.points,
    num_vectors: vectorCount(collection),
    num_vectors_by_name: Object.fromEntries(byName),
    optimizations: { status: "ok", optimizations: { count: 0, total_duration_micros: 0 }, log: [] },
    async_scorer: false,
    update_queue: { length: 0 },
  };
  return { id: 0, key: null, local, remote: [], replicate_states: {}, partial_snapshot: null };
}

function responses(statistics: Statistics, protocol: Protocol, query: TelemetryQuery) {
  const part = { responses: byEndpoint(statistics.lines(false), protocol, query.level) };
  if (!query.perCollection) return part;
  const ofCollections = Map.groupBy(statistics.lines(true), ({ collection }) => collection ?? "");
  const byCollection = [...ofCollections].map(([name, lines]) => [
    told(name, query),
    byEndpoint(lines, protocol, query.level),
  ]);
  return { ...part, per_collection_responses: Object.fromEntries(byCollection) };
}

function byEndpoint(lines: Iterable<Line>, protocol: Protocol, level: number) {
  const found: Record<string, Record<string, unknown>> = {};
  for (const line of lines) {
    if (line.protocol !== protocol) continue;
    found[line.endpoint] = { ...found[line.endpoint], [line.status]: durations(line.tally, level) };
  }
  return found;
}

function durations(tally: Tally, level: number) {
  const short = { count: tally.count, avg_duration_micros: tally.totalMicros / tally.count };
  if (level === 0) return short;
  return {
    ...short,
    min_duration_micros: tally.minMicros,
    max_duration_micros: tally.maxMicros,
    total_duration_micros: tally.totalMicros,
    last_responded: new Date(tally.lastMs).toISOString(),
  };
}
