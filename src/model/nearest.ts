/** Exact search: every vector of the collection is looked at, the nearest few are kept. */
import type { Distance } from "./distance.ts";
import type { RecordBatch } from "./record.ts";
import { denseVector } from "./vector-column.ts";

export interface Candidate {
  readonly id: string;
  readonly distance: number;
}

/** The `limit` nearest of all that are offered, nearest first; of equals the one that was offered first. */
export class Nearest {
  readonly #limit: number;
  readonly #candidates: Candidate[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(id: string, distance: number): void {
    const list = this.#candidates;
    if (this.#limit === 0 || Number.isNaN(distance)) return;
    const worst = list.at(-1);
    if (list.length === this.#limit && worst !== undefined && distance >= worst.distance) return;
    let low = 0;
    for (let high = list.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((list[middle]?.distance ?? 0) <= distance) low = middle + 1;
      else high = middle;
    }
    list.splice(low, 0, { id, distance });
    if (list.length > this.#limit) list.pop();
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }
}

/** Offers every row of the batch that has a vector and is wanted, by its distance to `query`, in Chroma's terms, summed up in float64. */
export function offerBatch(
  nearest: Nearest,
  batch: RecordBatch,
  query: Float32Array,
  distance: Distance,
  isWanted: (row: number) => boolean = () => true,
): void {
  const column = denseVector(batch);
  if (column === undefined) return;
  const queryNorm = Math.sqrt(dot(query, query, 0));
  batch.ids.forEach((id, row) => {
    const has = column.present === null || column.present[row] === 1;
    if (!has || !isWanted(row)) return;
    const at = row * column.dimension;
    nearest.offer(id, distanceAt(column.data, at, query, queryNorm, distance));
  });
}

function distanceAt(
  data: Float32Array,
  at: number,
  query: Float32Array,
  queryNorm: number,
  distance: Distance,
): number {
  if (distance === "l2") {
    let sum = 0;
    for (let i = 0; i < query.length; i += 1) sum += ((query[i] ?? 0) - (data[at + i] ?? 0)) ** 2;
    return sum;
  }
  const product = dot(query, data, at);
  if (distance === "ip") return 1 - product;
  const vector = data.subarray(at, at + query.length);
  const norms = queryNorm * Math.sqrt(dot(vector, vector, 0));
  return norms === 0 ? 1 : 1 - product / norms;
}

function dot(query: Float32Array, data: Float32Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < query.length; i += 1) sum += (query[i] ?? 0) * (data[at + i] ?? 0);
  return sum;
}
