/** `GET /metrics`: the metrics of 1.18.2 that this server has something to say to, under their names, helps and labels. */
import { followed } from "./followed.ts";
import type { Labels, Metric, Sample } from "./prometheus.ts";
import { classBoundsSeconds, type Line, type Protocol, type Statistics } from "./statistics.ts";
import { type CollectionTelemetry, memory } from "./telemetry.ts";

export function metricsOf(
  collections: readonly CollectionTelemetry[],
  statistics: Statistics,
  perCollection: boolean,
): Metric[] {
  const lines = [...statistics.lines(perCollection)];
  return [
    ...appMetrics(),
    ...collectionMetrics(collections),
    gauge("cluster_enabled", "is cluster support enabled", [{ value: 0 }]),
    ...responseMetrics(lines, "rest"),
    ...responseMetrics(lines, "grpc"),
    ...memoryMetrics(),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: "gauge", samples };
}

function appMetrics(): Metric[] {
  const labels = { name: "qdrant", version: followed.version };
  return [
    gauge("app_info", "information about qdrant server", [{ labels, value: 1 }]),
    gauge("app_status_recovery_mode", "features enabled in qdrant server", [{ value: 0 }]),
  ];
}

function collectionMetrics(collections: readonly CollectionTelemetry[]): Metric[] {
  const vectors = collections.flatMap(({ id, vectors }) =>
    Object.entries(vectors).map(([vector, value]) => ({
      labels: { collection: id, vector },
      value,
    })),
  );
  const each = (value: (collection: CollectionTelemetry) => number): Sample[] =>
    collections.map((collection) => ({ labels: { id: collection.id }, value: value(collection) }));
  const total = vectors.reduce((sum, { value }) => sum + value, 0);
  const replicas = collections.length === 0 ? 0 : 1;
  return [
    gauge("collections_total", "number of collections", [{ value: collections.length }]),
    gauge("collections_vector_total", "total number of vectors in all collections", [
      { value: total },
    ]),
    gauge("collection_vectors", "amount of vectors grouped by vector name", vectors),
    gauge("collection_active_replicas_min", "minimum number of active replicas across all shards", [
      { value: replicas },
    ]),
    gauge("collection_active_replicas_max", "maximum number of active replicas across all shards", [
      { value: replicas },
    ]),
    gauge(
      "collection_running_optimizations",
      "number of currently running optimization tasks per collection",
      each(() => 0),
    ),
    gauge(
      "collection_points",
      "approximate amount of points per collection",
      each(({ points }) => points),
    ),
    gauge("collection_dead_replicas", "total amount of shard replicas in non-active state", [
      { value: 0 },
    ]),
    gauge(
      "collection_update_queue_length",
      "number of pending operations in update queues per collection",
      each(() => 0),
    ),
  ];
}

/** Whether the durations are told, and not only how many there were: not of REST's refusals, as at a Qdrant server. */
function timed({ protocol, status }: Line): boolean {
  return protocol === "grpc" || status === 200;
}

function labelsOf({ protocol, endpoint, status, collection }: Line): Labels {
  const space = endpoint.indexOf(" ");
  const place =
    protocol === "rest"
      ? { method: endpoint.slice(0, space), endpoint: endpoint.slice(space + 1) }
      : { endpoint };
  const labels = { ...place, status: String(status) };
  return collection === null ? labels : { ...labels, collection };
}

function responseMetrics(all: readonly Line[], protocol: Protocol): Metric[] {
  const lines = all.filter((line) => line.protocol === protocol);
  const durations = (value: (line: Line) => number): Sample[] =>
    lines.filter(timed).map((line) => ({ labels: labelsOf(line), value: value(line) / 1e6 }));
  const prefix = `${protocol}_responses`;
  return [
    {
      name: `${prefix}_total`,
      help: "total number of responses",
      type: "counter",
      samples: lines.map((line) => ({ labels: labelsOf(line), value: line.tally.count })),
    },
    gauge(
      `${prefix}_avg_duration_seconds`,
      "average response duration",
      durations(({ tally }) => tally.totalMicros / tally.count),
    ),
    gauge(
      `${prefix}_min_duration_seconds`,
      "minimum response duration",
      durations(({ tally }) => tally.minMicros),
    ),
    gauge(
      `${prefix}_max_duration_seconds`,
      "maximum response duration",
      durations(({ tally }) => tally.maxMicros),
    ),
    {
      name: `${prefix}_duration_seconds`,
      help: "response duration histogram",
      type: "histogram",
      samples: lines.filter(timed).flatMap(histogram),
    },
  ];
}

function histogram(line: Line): Sample[] {
  const labels = labelsOf(line);
  const { classes, count, totalMicros } = line.tally;
  let below = 0;
  const buckets = classBoundsSeconds.map((bound, at) => {
    below += classes[at] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le: String(bound) }, value: below };
  });
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
    { suffix: "_sum", labels, value: totalMicros / 1e6 },
    { suffix: "_count", labels, value: count },
  ];
}

function memoryMetrics(): Metric[] {
  const bytes = memory();
  return [
    gauge(
      "memory_active_bytes",
      "Total number of bytes in active pages allocated by the application",
      [{ value: bytes.active_bytes }],
    ),
    gauge("memory_allocated_bytes", "Total number of bytes allocated by the application", [
      { value: bytes.allocated_bytes },
    ]),
    gauge(
      "memory_resident_bytes",
      "Maximum number of bytes in physically resident data pages mapped",
      [{ value: bytes.resident_bytes }],
    ),
  ];
}
