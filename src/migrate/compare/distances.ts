/** True distances: float32 components, everything else in float64, in Chroma's terms. */
import type { Distance } from "../../model/distance.ts";

/** Σ aᵢbᵢ of two vectors that stand in longer arrays. */
function product(
  one: ArrayLike<number>,
  oneAt: number,
  other: ArrayLike<number>,
  otherAt: number,
  dimension: number,
): number {
  let sum = 0;
  for (let i = 0; i < dimension; i += 1) sum += (one[oneAt + i] ?? 0) * (other[otherAt + i] ?? 0);
  return sum;
}

/** The euclidean norm of the vector at `at`; not finite where a component is not. */
export function normAt(data: ArrayLike<number>, at: number, dimension: number): number {
  return Math.sqrt(product(data, at, data, at, dimension));
}

/** The distance of `query` to the vector at `at`. Under cosine one without direction is at 1, as Chroma has it. */
export function trueDistance(
  distance: Distance,
  query: Float32Array,
  data: Float32Array,
  at: number,
): number {
  const dimension = query.length;
  if (distance === "l2") {
    let sum = 0;
    for (let i = 0; i < dimension; i += 1) sum += ((query[i] ?? 0) - (data[at + i] ?? 0)) ** 2;
    return sum;
  }
  const dot = product(query, 0, data, at, dimension);
  if (distance === "ip") return 1 - dot;
  const norms = normAt(query, 0, dimension) * normAt(data, at, dimension);
  return norms === 0 ? 1 : 1 - dot / norms;
}

/**
 * How far apart two distances to one query may be and still be one and the same to a server that computes in float32: eight
 * units in the last place of the distance, or of 1 where that is larger (under cosine and ip it is 1 less a sum of products).
 */
export function tieSlack(distance: Distance, at: number): number {
  const scale = distance === "l2" ? Math.abs(at) : Math.max(1, Math.abs(at));
  return scale * 2 ** -20;
}
