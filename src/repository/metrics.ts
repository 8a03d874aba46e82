/** What applications' calls are counted in, by prom-client: names and labels as docs/monitoring.md lists them. */
import type { Counter, Gauge, Histogram } from "prom-client";
import { isVectorError, VectorError } from "../errors.ts";
import { DocumentGauge } from "./document-gauge.ts";
import type { ObservedCall, ServiceObserver } from "./observer.ts";
import { loadPromClient, type MetricsRegistry } from "./prom-client.ts";
import { TenantLabels } from "./tenant-labels.ts";
import type { VectorRepository } from "./types.ts";

export type { MetricsRegistry } from "./prom-client.ts";

export interface MetricsOptions {
  /** Tenants that have a label value of their own; the others are counted as "other". Default 100. */
  readonly tenantsMax?: number;
  /** How often the documents of a tenant that is written to are counted at most. Default 15,000. */
  readonly countEveryMs?: number;
}

/** From 1 ms to 10 s, in seconds. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Both have a series as soon as a tenant is known: one that begins above 0 has never grown, as Prometheus sees it. */
const statuses = ["success", "error"] as const;

/** The metrics of one registry. */
export class VectorMetrics {
  readonly #tenants: TenantLabels;
  readonly #countEveryMs: number;
  readonly #searches: Counter;
  readonly #searchSeconds: Histogram;
  readonly #documents: Gauge;
  readonly #writes: Counter;
  readonly #writeSeconds: Histogram;
  readonly #written: Counter;

  constructor(
    registry: MetricsRegistry,
    { tenantsMax = 100, countEveryMs = 15_000 }: MetricsOptions,
  ) {
    const { Counter, Gauge, Histogram } = loadPromClient();
    const registers = [registry];
    this.#tenants = new TenantLabels(tenantsMax);
    this.#countEveryMs = countEveryMs;
    this.#searches = new Counter({
      name: "vector_search_requests_total",
      help: "Searches that have ended, by how.",
      labelNames: ["tenant_id", "status"],
      registers,
    });
    this.#searchSeconds = new Histogram({
      name: "vector_search_duration_seconds",
      help: "Time from a search's call to its answer or error.",
      labelNames: ["tenant_id"],
      buckets: durationBuckets,
      registers,
    });
    this.#documents = new Gauge({
      name: "vector_collection_documents_total",
      help: "Documents of a tenant in the collections that this process has written to or counted, when they were last counted.",
      labelNames: ["tenant_id"],
      registers,
    });
    this.#writes = new Counter({
      name: "vector_write_requests_total",
      help: "Writes that have ended, by how; error = nothing at all is known to be written.",
      labelNames: ["tenant_id", "operation", "status"],
      registers,
    });
    this.#writeSeconds = new Histogram({
      name: "vector_write_duration_seconds",
      help: "Time from a write's call to its acknowledgement or error.",
      labelNames: ["tenant_id", "operation"],
      buckets: durationBuckets,
      registers,
    });
    this.#written = new Counter({
      name: "vector_write_documents_total",
      help: "Documents that the store has acknowledged as written.",
      labelNames: ["tenant_id"],
      registers,
    });
  }

  /** What counts the calls of services over `repository`, and keeps the number of their documents. */
  observer(repository: Pick<VectorRepository, "countDocuments">): ServiceObserver {
    const documents = new DocumentGauge(
      this.#countEveryMs,
      (collection, tenantId, signal) =>
        repository.countDocuments(collection, { tenantId }, { signal }),
      (tenantId, count) => this.#documents.set({ tenant_id: tenantId }, count),
    );
    return {
      observed: (call) => {
        if (isVectorError(call.error, "E_ABORTED")) return;
        this.#count(call);
        if (call.error !== null || !this.#tenants.isNamed(call.tenantId)) return;
        const written = call.operation === "add" || call.operation === "delete";
        documents.touch(call.tenantId, call.collection, written);
      },
    };
  }

  #count({ operation, tenantId, durationMs, documents, error }: ObservedCall): void {
    const tenant_id = this.#tenants.of(tenantId);
    const status: (typeof statuses)[number] = error === null ? "success" : "error";
    if (operation === "search") {
      for (const each of statuses)
        this.#searches.inc({ tenant_id, status: each }, each === status ? 1 : 0);
      this.#searchSeconds.observe({ tenant_id }, durationMs / 1000);
    }
    if (operation !== "add" && operation !== "delete") return;
    for (const each of statuses)
      this.#writes.inc({ tenant_id, operation, status: each }, each === status ? 1 : 0);
    this.#writeSeconds.observe({ tenant_id, operation }, durationMs / 1000);
    if (operation === "add") this.#written.inc({ tenant_id }, documents);
  }
}

const made = new WeakMap<MetricsRegistry, VectorMetrics>();

/**
 * The metrics in `registry`, made at the first call for it: the bound of that call holds.
 * @throws {VectorError} E_INPUT for what is no registry of prom-client's; E_CONFIG where prom-client is not installed
 */
export function vectorMetrics(
  registry: MetricsRegistry,
  options: MetricsOptions = {},
): VectorMetrics {
  if (typeof registry?.registerMetric !== "function")
    throw new VectorError("E_INPUT", "metrics is no registry of prom-client's.", {
      details: { field: "metrics" },
    });
  const known = made.get(registry);
  if (known !== undefined) return known;
  const metrics = new VectorMetrics(registry, options);
  made.set(registry, metrics);
  return metrics;
}
