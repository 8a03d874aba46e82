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
  let row = 0;
  for (; row + 4 <= rows; row += 4) putFourNorms(data, row * dimension, dimension, norms, row);
  for (; row < rows; row += 1) norms[row] = normOf(data, row * dimension, (row + 1) * dimension);
  return norms;
}

/** Four rows beside one another, each summed in its order: one alone waits for its last addition at every component. */
function putFourNorms(
  data: Float32Array,
  start: number,
  dimension: number,
  norms: Float64Array,
  row: number,
): void {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let index = start; index < start + dimension; index += 1) {
    const one = data[index] ?? 0;
    const two = data[index + dimension] ?? 0;
    const three = data[index + 2 * dimension] ?? 0;
    const four = data[index + 3 * dimension] ?? 0;
    first += one * one;
    second += two * two;
    third += three * three;
    fourth += four * four;
  }
  norms[row] = Math.sqrt(first);
  norms[row + 1] = Math.sqrt(second);
  norms[row + 2] = Math.sqrt(third);
  norms[row + 3] = Math.sqrt(fourth);
}

/** A function of its own, as below: V8 compiles the inner of two loops anew for every batch. */
function normOf(data: Float32Array, start: number, end: number): number {
  let sum = 0;
  for (let index = start; index < end; index += 1) {
    const component = data[index] ?? 0;
    sum += component * component;
  }
  return Math.sqrt(sum);
}

/** Each row's vector / its norm, computed in float64 and rounded. Into `room` where it is given, which may be the column's own where `rows` ascend. */
export function divided(
  column: DenseColumn | undefined,
  rows: readonly number[],
  norms: Float64Array,
  room?: Float32Array,
): Float32Array {
  if (column === undefined) return new Float32Array(0);
  const { data, dimension } = column;
  const size = rows.length * dimension;
  const sent = room?.subarray(0, size) ?? new Float32Array(size);
  let place = 0;
  for (const row of rows) {
    divide(data, row * dimension, norms[row] ?? 1, sent, place, dimension);
    place += dimension;
  }
  return sent;
}

function divide(
  data: Float32Array,
  from: number,
  norm: number,
  sent: Float32Array,
  to: number,
  count: number,
): void {
  for (let index = 0; index < count; index += 1)
    sent[to + index] = (data[from + index] ?? 0) / norm;
}
