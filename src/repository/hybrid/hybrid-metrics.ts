/** What happens between the two stores of a hybrid, by prom-client: names and labels as docs/monitoring.md lists them. */
import type { Counter, Gauge, Histogram } from "prom-client";
import { loadPromClient, type MetricsRegistry } from "../prom-client.ts";
import type { CircuitState } from "./circuit-breaker.ts";
import type { StoreName } from "./guarded-store.ts";
import type { WriteQueue } from "./queue.ts";
import type { HybridBulkResult } from "./write-report.ts";

const storeNames = ["qdrant", "other"] as const;
const stateNumbers: Readonly<Record<CircuitState, number>> = {
  closed: 0,
  "half-open": 1,
  open: 2,
};

/** Why a read was not answered by the store that reads go to. */
export type FallbackReason = (typeof reasons)[number];

const reasons = ["error", "timeout", "circuit_open", "behind"] as const;

export class HybridMetrics {
  readonly #reads: Counter;
  readonly #fallbacks: Counter;
  readonly #circuit: Gauge;
  readonly #writes: Counter;
  readonly #shadows: Counter;
  readonly #overlap: Histogram;
  readonly #queues = new Set<WriteQueue>();

  constructor(registry: MetricsRegistry) {
    const { Counter, Gauge, Histogram } = loadPromClient();
    const registers = [registry];
    this.#reads = new Counter({
      name: "vector_hybrid_reads_total",
      help: "Reads, by the store that answered; none = neither did.",
      labelNames: ["store"],
      registers,
    });
    this.#fallbacks = new Counter({
      name: "vector_fallback_reads_total",
      help: "Reads that fell back to the second store, by why.",
      labelNames: ["reason"],
      registers,
    });
    this.#circuit = new Gauge({
      name: "vector_fallback_circuit_state",
      help: "0 = the store is asked, 1 = one call tries whether it is back, 2 = it is left alone.",
      labelNames: ["store"],
      registers,
    });
    this.#writes = new Counter({
      name: "vector_hybrid_write_documents_total",
      help: "Documents of writes, by what became of them at each store.",
      labelNames: ["store", "outcome"],
      registers,
    });
    this.#shadows = new Counter({
      name: "vector_shadow_reads_total",
      help: "Searches that the second store was asked too, by how that ended.",
      labelNames: ["status"],
      registers,
    });
    this.#overlap = new Histogram({
      name: "vector_shadow_overlap_ratio",
      help: "Share of the first store's results that the second one found too.",
      buckets: [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1],
      registers,
    });
    this.#gauge(
      registry,
      "vector_fallback_queue_documents",
      "Documents that a store has still to be told of.",
      (queue, store) => queue.counts(store).waiting,
    );
    this.#gauge(
      registry,
      "vector_fallback_queue_refused_documents",
      "Documents that a store will not take from the queue.",
      (queue, store) => queue.counts(store).refused,
    );
    this.#gauge(
      registry,
      "vector_fallback_queue_oldest_seconds",
      "How long the oldest of the waiting documents has waited.",
      (queue, store) => {
        const { oldestMs } = queue.counts(store);
        return oldestMs === null ? 0 : Math.max(0, (Date.now() - oldestMs) / 1000);
      },
    );
    // A series that begins above 0 has never grown, as Prometheus sees it: the first fault would not be told.
    for (const store of [...storeNames, "none"]) this.#reads.inc({ store }, 0);
    for (const reason of reasons) this.#fallbacks.inc({ reason }, 0);
    for (const status of ["compared", "error", "skipped"]) this.#shadows.inc({ status }, 0);
    for (const store of storeNames) this.circuit(store, "closed");
  }

  read(store: StoreName | "none"): void {
    this.#reads.inc({ store });
  }

  fallback(reason: FallbackReason): void {
    this.#fallbacks.inc({ reason });
  }

  circuit(store: StoreName, state: CircuitState): void {
    this.#circuit.set({ store }, stateNumbers[state]);
  }

  wrote({ stores }: HybridBulkResult): void {
    for (const store of storeNames) {
      const { taken, queued, failed } = stores[store];
      this.#writes.inc({ store, outcome: "taken" }, taken);
      this.#writes.inc({ store, outcome: "queued" }, queued);
      this.#writes.inc({ store, outcome: "refused" }, failed.length);
    }
  }

  /** The second store was asked as well: how much of the answer it shares, or how it ended. */
  shadow(outcome: number | "error" | "skipped"): void {
    this.#shadows.inc({ status: typeof outcome === "number" ? "compared" : outcome });
    if (typeof outcome === "number") this.#overlap.observe(outcome);
  }

  /** Counts the queue until `removeQueue`. */
  addQueue(queue: WriteQueue): void {
    this.#queues.add(queue);
  }

  removeQueue(queue: WriteQueue): void {
    this.#queues.delete(queue);
  }

  #gauge(
    registry: MetricsRegistry,
    name: string,
    help: string,
    of: (queue: WriteQueue, store: StoreName) => number,
  ): void {
    const { Gauge } = loadPromClient();
    const queues = this.#queues;
    new Gauge({
      name,
      help,
      labelNames: ["store"],
      registers: [registry],
      collect() {
        for (const store of storeNames) {
          let sum = 0;
          for (const queue of queues) sum += of(queue, store);
          this.set({ store }, sum);
        }
      },
    });
  }
}

const made = new WeakMap<MetricsRegistry, HybridMetrics>();

/** The metrics in `registry`, made once. @throws {VectorError} E_CONFIG where prom-client is not installed */
export function hybridMetrics(registry: MetricsRegistry): HybridMetrics {
  const known = made.get(registry);
  if (known !== undefined) return known;
  const metrics = new HybridMetrics(registry);
  made.set(registry, metrics);
  return metrics;
}
