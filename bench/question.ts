/** What embedded stores are asked: vectors near records, none of which is a record's own. embedded_peers.py is given the same. */
import { vectorFiller } from "./data.ts";

/** Searches whose median is told. */
export const timed = 200;
/** Searches by which recall is told. */
export const questions = 1_000;
export const limit = 10;
export const tenant = { must: [{ key: "tenant", match: { value: "t7" } }] };
/** How much of another record is mixed in. */
const otherShare = 0.3;
const otherStep = 77;

export function queryVectors(records: number, dimension: number): Float32Array[] {
  const fill = vectorFiller(dimension);
  const [own, other] = [new Float32Array(dimension), new Float32Array(dimension)];
  return Array.from({ length: questions }, (_, at) => {
    const row = Math.floor((at * records) / questions);
    fill(row, own);
    fill((row + otherStep) % records, other);
    return own.map((component, index) => component + otherShare * (other[index] ?? 0));
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
