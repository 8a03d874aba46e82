/** A row group in memory, whose rows are found by their keys. */
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import { releaseVectors } from "../../model/vector-column.ts";
import type { ArchivedRows } from "../../store/archive.ts";
import type { GroupRows } from "./group-rows.ts";
import type { GroupPlace } from "./key-index.ts";

export class KeptGroup {
  readonly place: GroupPlace;
  readonly #kind: ArchivedRows;
  /** The rows that are the collection's, ascending: those that are not left out. */
  readonly #live: readonly number[];
  /** Of each live row. */
  readonly #keys: readonly string[];
  #rows: GroupRows;
  /** Where each key stands among the live rows. Reads that follow the file want none of it. */
  #places: ReadonlyMap<string, number> | null = null;

  constructor(
    place: GroupPlace,
    kind: ArchivedRows,
    rows: GroupRows,
    live: readonly number[],
    keys: readonly string[],
  ) {
    this.place = place;
    this.#kind = kind;
    this.#rows = rows;
    this.#live = live;
    this.#keys = keys;
  }

  /** How many rows are the collection's. */
  get size(): number {
    return this.#live.length;
  }

  get hasVectors(): boolean {
    return this.#rows.vectors !== null;
  }

  /** Gives it the vectors of its rows. */
  addVectors(vectors: NonNullable<GroupRows["vectors"]>): void {
    this.#rows = this.#rows.withVectors(vectors);
  }

  /** How many of `keys` from `start` on stand in a row here, from the place `from` on. */
  runOf(keys: readonly string[], start: number, from: number): number {
    const most = Math.min(keys.length - start, this.#keys.length - from);
    let count = 0;
    while (count < most && keys[start + count] === this.#keys[from + count]) count += 1;
    return count;
  }

  /** The places of those of `keys` that stand here, ascending. */
  placesOf(keys: Iterable<string>): number[] {
    this.#places ??= new Map(this.#keys.map((key, place) => [key, place]));
    const places: number[] = [];
    for (const key of keys) {
      const place = this.#places.get(key);
      if (place !== undefined) places.push(place);
    }
    return places.sort((a, b) => a - b);
  }

  keyAt(place: number): string {
    return this.#keys[place] ?? "";
  }

  /** The rows at these places, which are the caller's own; without vectors where they are not wanted. */
  batch(places: readonly number[], vectors: boolean): RecordBatch | PointBatch {
    const rows = vectors ? this.#rows : this.#rows.withVectors(null);
    return rows.batch(
      this.#kind,
      places.map((place) => this.#live[place] ?? 0),
    );
  }

  /** Gives the memory of its vectors back: of the only ones to the caller. Batches are copies: nobody else has them. */
  release(): ArrayBuffer | undefined {
    const { vectors } = this.#rows;
    if (vectors === null) return undefined;
    const [[, column] = []] = vectors;
    if (vectors.size === 1 && column?.kind === "dense" && column.data.buffer instanceof ArrayBuffer)
      return column.data.buffer;
    releaseVectors({ vectors });
    return undefined;
  }
}
