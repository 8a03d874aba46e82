/** One worker's part of the truth: every row it is given is held against every query, and the nearest are kept. */
import type { Distance } from "../../model/distance.ts";
import { PairTiles } from "../../util/pair-tiles.ts";
import { normAt } from "./distances.ts";
import { Nearest, type Ranking } from "./nearest.ts";

/** What is searched. Plain data: it is sent to threads. */
export interface TruthQuestion {
  readonly distance: Distance;
  readonly dimension: number;
  /** Row-major. */
  readonly queries: Float32Array;
  /** One entry a search: which query, and the bits of which a row must have one; 0 = every row. */
  readonly searches: readonly TruthSearch[];
  /** Rows kept for each search. */
  readonly kept: number;
}

export interface TruthSearch {
  readonly query: number;
  readonly filter: number;
}

/** Rows to look at. */
export interface TruthBlock {
  readonly ids: readonly string[];
  /** Row-major. */
  readonly data: Float32Array;
  /** A bit for each filter that the row fits; null = there is no filter. */
  readonly filters: Uint32Array | null;
}

/** Rows a tile load: with 384 components they stay in the cache of the core. */
const loadRows = 64;
const groupSize = 4;

export class TruthScan {
  readonly #question: TruthQuestion;
  readonly #tiles: PairTiles;
  readonly #rows: Float64Array;
  readonly #nearest: readonly Nearest[];
  /** Numbers of the searches of each query. */
  readonly #searchesOf: readonly (readonly number[])[];

  constructor(question: TruthQuestion) {
    const { distance, dimension, queries, searches, kept } = question;
    const count = queries.length / dimension;
    this.#question = question;
    const wide = new Float64Array(queries);
    if (distance === "cosine")
      for (let query = 0; query < count; query += 1) normalize(wide, query * dimension, dimension);
    const kernel = distance === "l2" ? "square" : "product";
    this.#tiles = new PairTiles(kernel, wide, dimension, loadRows);
    this.#rows = new Float64Array(loadRows * dimension);
    this.#nearest = searches.map(() => new Nearest(kept));
    const bySearch = searches.map(({ query }, search) => ({ query, search }));
    const groups = Map.groupBy(bySearch, ({ query }) => query);
    this.#searchesOf = Array.from({ length: count }, (_, query) =>
      (groups.get(query) ?? []).map(({ search }) => search),
    );
  }

  /** Rows with a component that is not finite are at no distance to anything. */
  look(block: TruthBlock): void {
    for (let start = 0; start < block.ids.length; start += loadRows) {
      const count = Math.min(loadRows, block.ids.length - start);
      this.#load(block.data, start, count);
      for (let first = 0; first < this.#searchesOf.length; first += groupSize) {
        this.#tiles.run(first / groupSize);
        for (let i = 0; i < groupSize; i += 1)
          for (const search of this.#searchesOf[first + i] ?? [])
            this.#take(search, i, block, start, count);
      }
    }
  }

  /** What was found so far, one for each search. */
  get rankings(): Ranking[] {
    return this.#nearest.map(({ ids, distances }) => ({ ids, distances }));
  }

  #load(data: Float32Array, start: number, count: number): void {
    const { dimension, distance } = this.#question;
    this.#rows.set(data.subarray(start * dimension, (start + count) * dimension));
    for (let row = 0; row < count; row += 1) {
      const at = row * dimension;
      if (distance === "cosine") normalize(this.#rows, at, dimension);
      else if (!Number.isFinite(normAt(this.#rows, at, dimension)))
        this.#rows.fill(Number.NaN, at, at + dimension);
    }
    this.#tiles.load(this.#rows, count);
  }

  #take(search: number, i: number, block: TruthBlock, start: number, count: number): void {
    const nearest = this.#nearest[search];
    if (nearest === undefined) return;
    const filter = this.#question.searches[search]?.filter ?? 0;
    const isSquare = this.#question.distance === "l2";
    const { sums } = this.#tiles;
    for (let j = 0; j < count; j += 1) {
      const sum = sums[PairTiles.sumAt(i, j)] ?? 0;
      const distance = isSquare ? sum : 1 - sum;
      if (!(distance < nearest.bound)) continue;
      if (filter !== 0 && ((block.filters?.[start + j] ?? 0) & filter) === 0) continue;
      nearest.offer(block.ids[start + j] ?? "", distance);
    }
  }
}

/** To unit length, in place; a vector without direction becomes zeros, one that is not finite NaN. */
function normalize(data: Float64Array, at: number, dimension: number): void {
  const norm = normAt(data, at, dimension);
  const factor = norm === 0 ? 0 : Number.isFinite(norm) ? 1 / norm : Number.NaN;
  for (let i = at; i < at + dimension; i += 1) data[i] = (data[i] ?? 0) * factor;
}
