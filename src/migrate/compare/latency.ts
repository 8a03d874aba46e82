/** How long answers take, and how many come a second, with so many queries in flight. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { SearchOptions, SourceStore } from "../../store/port.ts";
import { runWorkers } from "../../util/workers.ts";
import type { LatencyFigures } from "./figures.ts";
import { percentileOf } from "./metrics.ts";

/** A search to be timed. */
export interface TimedSearch {
  readonly info: CollectionInfo;
  readonly vector: Float32Array;
  readonly options: SearchOptions;
}

const levels = [1, 8, 32];
/** Queries a level: as many, or as many as end in this time. */
export const timedQueries = 256;
const levelMs = 10_000;
/** Asked before, and not counted: what a server reads from its disk at first it has in memory later. */
const warmUp = 16;

/** Figures of each number in flight that the store may be asked at; none without searches. @throws what the store throws */
export async function measureLatency(
  store: Pick<SourceStore, "search" | "capabilities">,
  searches: readonly TimedSearch[],
  signal: AbortSignal,
): Promise<LatencyFigures[]> {
  if (searches.length === 0) return [];
  const { searchesMax = Number.POSITIVE_INFINITY } = store.capabilities;
  const figures: LatencyFigures[] = [];
  await run(store, searches, { inFlight: 1, queries: warmUp }, signal);
  for (const inFlight of levels.filter((level) => level <= searchesMax))
    figures.push(await run(store, searches, { inFlight, queries: timedQueries }, signal));
  return figures;
}

async function run(
  store: Pick<SourceStore, "search">,
  searches: readonly TimedSearch[],
  { inFlight, queries }: { readonly inFlight: number; readonly queries: number },
  signal: AbortSignal,
): Promise<LatencyFigures> {
  const times: number[] = [];
  const startedMs = performance.now();
  let next = 0;
  await runWorkers(inFlight, signal, async (inner) => {
    while (next < queries && performance.now() - startedMs < levelMs) {
      const search = searches[next % searches.length];
      next += 1;
      if (search === undefined) return;
      const { info, vector, options } = search;
      const askedMs = performance.now();
      await store.search(info, vector, { ...options, signal: inner });
      times.push(performance.now() - askedMs);
    }
  });
  const seconds = (performance.now() - startedMs) / 1000;
  times.sort((one, other) => one - other);
  return {
    inFlight,
    queries: times.length,
    p50Ms: rounded(percentileOf(times, 0.5)),
    p95Ms: rounded(percentileOf(times, 0.95)),
    p99Ms: rounded(percentileOf(times, 0.99)),
    queriesPerSecond: rounded(times.length / seconds),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
