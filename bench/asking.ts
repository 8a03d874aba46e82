/** Contestants that are asked the same queries one at a time, and how surely one of them takes longer than another. */
import { setImmediate } from "node:timers/promises";
import { seededRandom } from "../src/util/seeded-random.ts";
import type { Contestant } from "./searching.ts";
import type { ServiceQuery } from "./service-data.ts";

export interface Asked {
  /** Milliseconds of each query, in the order in which they were asked. */
  readonly times: readonly number[];
  /** Of the true nearest, how many were found; undefined where the answers were not read. */
  readonly recall: number | undefined;
}

/**
 * Asks every contestant all queries, so many times over. All are asked once before one is asked again, in an order that is drawn anew:
 * whatever the machine, the server or the collector of garbage does meanwhile meets all alike, and nobody always comes behind the same
 * other. Each is asked another query, so that none finds warm in the server what was looked at for the one before.
 */
export async function askInTurn(
  contestants: readonly Contestant[],
  queries: readonly ServiceQuery[],
  times: number,
): Promise<Map<string, Asked>> {
  const tallies = contestants.map((contestant) => {
    return { contestant, times: [] as number[], hits: 0, wanted: 0 };
  });
  const random = seededRandom(1);
  for (let turn = 0; turn < times * queries.length; turn += 1) {
    for (const tally of shuffled(tallies, random)) {
      const apart = Math.floor((tallies.indexOf(tally) * queries.length) / tallies.length);
      const at = (turn + apart) % queries.length;
      const truth = queries[at]?.truth ?? new Set();
      const startedMs = performance.now();
      const ids = await tally.contestant.ask(at);
      tally.times.push(performance.now() - startedMs);
      if (ids !== null) {
        tally.hits += ids.filter((id) => truth.has(id)).length;
        tally.wanted += truth.size;
      }
      // What it leaves to be done is not done in the next one's time.
      await setImmediate();
    }
  }
  return new Map(
    tallies.map(({ contestant, times: some, hits, wanted }) => [
      contestant.what,
      { times: some, recall: wanted === 0 ? undefined : hits / wanted },
    ]),
  );
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const drawn = items.map((item) => ({ item, key: random() }));
  drawn.sort((one, other) => one.key - other.key);
  return drawn.map(({ item }) => item);
}

export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const draws = 200;

/**
 * The `share` quantile of each pass over the queries, `queries` of them, and of these the median: a second in which the machine stood
 * still is in one pass, and as much in one who was asked then as in another.
 */
export function quantileOfPasses(times: readonly number[], queries: number, share: number): number {
  return quantile(ofPasses(times, queries, share), 0.5);
}

function ofPasses(times: readonly number[], queries: number, share: number): number[] {
  const passes = Math.max(1, Math.floor(times.length / queries));
  return Array.from({ length: passes }, (_, pass) =>
    quantile(times.slice(pass * queries, (pass + 1) * queries), share),
  );
}

/** Between which bounds the ratio of two such quantiles would lie in 95 of 100 runs like this one: such runs are drawn out of its passes. */
export function boundsOfRatio(
  ours: readonly number[],
  theirs: readonly number[],
  queries: number,
  share: number,
): { readonly low: number; readonly high: number } {
  const [own, others] = [ofPasses(ours, queries, share), ofPasses(theirs, queries, share)];
  const random = seededRandom(2);
  const ratios = Array.from({ length: draws }, () => {
    const drawn = own.map(() => Math.floor(random() * own.length));
    const medianOf = (passes: readonly number[]): number =>
      quantile(
        drawn.map((pass) => passes[pass] ?? Number.NaN),
        0.5,
      );
    return medianOf(own) / medianOf(others);
  });
  return { low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) };
}
