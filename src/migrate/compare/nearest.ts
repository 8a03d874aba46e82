/** The nearest few of all that are offered. */

/** Records with their distances, nearest first. */
export interface Ranking {
  readonly ids: readonly string[];
  readonly distances: readonly number[];
}

/** Keeps the `kept` nearest, nearest first; of equal ones those that were offered first. */
export class Nearest implements Ranking {
  readonly ids: string[] = [];
  readonly distances: number[] = [];
  readonly #kept: number;
  /** What is not nearer than this is not kept. */
  bound = Number.POSITIVE_INFINITY;

  constructor(kept: number) {
    this.#kept = kept;
    if (kept === 0) this.bound = Number.NEGATIVE_INFINITY;
  }

  /** Nothing happens where `distance` is NaN or not below `bound`. */
  offer(id: string, distance: number): void {
    if (!(distance < this.bound)) return;
    const { ids, distances } = this;
    let low = 0;
    for (let high = distances.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((distances[middle] ?? 0) <= distance) low = middle + 1;
      else high = middle;
    }
    ids.splice(low, 0, id);
    distances.splice(low, 0, distance);
    if (ids.length > this.#kept) {
      ids.pop();
      distances.pop();
    }
    if (ids.length === this.#kept) this.bound = distances.at(-1) ?? this.bound;
  }
}

/** The `kept` nearest of several rankings. */
export function mergeRankings(rankings: readonly Ranking[], kept: number): Ranking {
  const nearest = new Nearest(kept);
  for (const { ids, distances } of rankings)
    for (const [at, id] of ids.entries()) nearest.offer(id, distances[at] ?? Number.NaN);
  return { ids: nearest.ids, distances: nearest.distances };
}
