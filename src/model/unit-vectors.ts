/** Norms, and vectors of unit length: what stands in a collection of cosine. */
import type { DenseColumn } from "./record.ts";

/**
 * Euclidean norms in float64, which squares of float32 can neither overflow nor underflow: a norm is 0 for the zero vector
 * only, and not finite only where a component is not.
 */
export function normsOf(column: DenseColumn | undefined, rows: number): Float64Array {
  const norms = new Float64Array(rows);
  if (column === undefined) return norms;
  const { data, dimension } = column;
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let index = row * dimension; index < (row + 1) * dimension; index += 1) {
      const component = data[index] ?? 0;
      sum += component * component;
    }
    norms[row] = Math.sqrt(sum);
  }
  return norms;
}

/** Each row's vector / its norm, computed in float64 and rounded. */
export function divided(
  column: DenseColumn | undefined,
  rows: readonly number[],
  norms: Float64Array,
): Float32Array {
  if (column === undefined) return new Float32Array(0);
  const { data, dimension } = column;
  const sent = new Float32Array(rows.length * dimension);
  let place = 0;
  for (const row of rows) {
    const norm = norms[row] ?? 1;
    for (let index = row * dimension; index < (row + 1) * dimension; index += 1) {
      sent[place] = (data[index] ?? 0) / norm;
      place += 1;
    }
  }
  return sent;
}
