/**
 * The vector that recommendation by `average_vector` searches for: avg(positives) × 2 − avg(negatives).
 * Source: qdrant 1.18.2, lib/collection/src/recommendations.rs. Arithmetic in float32, as there.
 */
import { badInput } from "../errors.ts";
import type { QueryVector } from "../vectors/vector-set.ts";

type Dense = QueryVector & { kind: "dense" };
type Sparse = QueryVector & { kind: "sparse" };
type Multi = QueryVector & { kind: "multi" };

/** @throws E_INPUT where there is no positive, or kinds are mixed */
export function averageVector(
  positives: readonly QueryVector[],
  negatives: readonly QueryVector[],
): QueryVector {
  const positive = average(positives);
  return negatives.length === 0 ? positive : apart(positive, average(negatives));
}

function average(vectors: readonly QueryVector[]): QueryVector {
  const [first] = vectors;
  if (first === undefined) {
    throw badInput("Wrong input: Positive vectors should not be empty with `average` strategy");
  }
  const dense = vectors.filter((vector): vector is Dense => vector.kind === "dense");
  if (dense.length === vectors.length) return averageDense(dense);
  const sparse = vectors.filter((vector): vector is Sparse => vector.kind === "sparse");
  if (sparse.length === vectors.length) return averageSparse(sparse);
  const multi = vectors.filter((vector): vector is Multi => vector.kind === "multi");
  if (multi.length === vectors.length) return concatenated(multi);
  throw badInput("Wrong input: Can't average vectors with different types");
}

function averageDense(vectors: readonly Dense[]): Dense {
  const dimension = vectors.reduce((most, { data }) => Math.max(most, data.length), 0);
  const data = new Float32Array(dimension);
  for (const vector of vectors) {
    for (const [at, value] of vector.data.entries()) data[at] = (data[at] ?? 0) + value;
  }
  for (const [at, value] of data.entries()) data[at] = value / vectors.length;
  return { kind: "dense", data };
}

function averageSparse(vectors: readonly Sparse[]): Sparse {
  let total: Sparse = {
    kind: "sparse",
    indices: new Uint32Array(0),
    values: new Float32Array(0),
  };
  for (const vector of vectors) total = combine(vector, total, (one, other) => one + other);
  return { ...total, values: total.values.map((value) => value / vectors.length) };
}

/** Both vectors' indices in order; where one has none, its value is 0. */
function combine(
  one: Sparse,
  other: Sparse,
  operation: (one: number, other: number) => number,
): Sparse {
  const pairs = new Map<number, [number, number]>();
  for (const [at, index] of one.indices.entries()) pairs.set(index, [one.values[at] ?? 0, 0]);
  for (const [at, index] of other.indices.entries()) {
    pairs.set(index, [pairs.get(index)?.[0] ?? 0, other.values[at] ?? 0]);
  }
  const sorted = [...pairs].sort(([left], [right]) => left - right);
  return {
    kind: "sparse",
    indices: Uint32Array.from(sorted, ([index]) => index),
    values: Float32Array.from(sorted, ([, [left, right]]) => operation(left, right)),
  };
}

function concatenated(vectors: readonly Multi[]): Multi {
  const data = new Float32Array(vectors.reduce((length, vector) => length + vector.data.length, 0));
  let at = 0;
  for (const vector of vectors) {
    data.set(vector.data, at);
    at += vector.data.length;
  }
  return { kind: "multi", dimension: vectors[0]?.dimension ?? 0, data };
}

function apart(positive: QueryVector, negative: QueryVector): QueryVector {
  if (positive.kind === "dense" && negative.kind === "dense") {
    const length = Math.min(positive.data.length, negative.data.length);
    const data = positive.data.subarray(0, length);
    return {
      kind: "dense",
      data: data.map((value, at) => Math.fround(value + value) - (negative.data[at] ?? 0)),
    };
  }
  if (positive.kind === "sparse" && negative.kind === "sparse") {
    return combine(positive, negative, (one, other) => Math.fround(one + one) - other);
  }
  if (positive.kind === "multi" && negative.kind === "multi") {
    return concatenated([positive, { ...negative, data: negative.data.map((value) => -value) }]);
  }
  throw badInput(
    "Wrong input: Positive and negative vectors should be of the same type, either all dense or all sparse or all multi",
  );
}
