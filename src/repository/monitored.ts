import type { DocumentMetadata } from "./metadata.ts";
import { type MetricsRegistry, vectorMetrics } from "./metrics.ts";
import { VectorService, type VectorServiceOptions } from "./service.ts";
import type { VectorRepository } from "./types.ts";

export interface MonitoredServiceOptions extends Omit<VectorServiceOptions, "observer"> {
  /** A registry of prom-client's. */
  readonly metrics: MetricsRegistry;
}

/** A tenant's service whose every call is counted in a registry: what `connect({ metrics })` gives too. */
export class MonitoredVectorService<M extends object = DocumentMetadata> extends VectorService<M> {
  /** @throws {VectorError} as `VectorService` and `vectorMetrics` */
  constructor(repository: VectorRepository, { metrics, ...options }: MonitoredServiceOptions) {
    super(repository, { ...options, observer: vectorMetrics(metrics).observer(repository) });
  }
}
