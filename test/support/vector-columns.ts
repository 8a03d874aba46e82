import { type DenseColumn, defaultVector, type VectorColumn } from "../../src/model/record.ts";
import { denseVector } from "../../src/model/vector-column.ts";

/** The components of the unnamed vectors, which must be dense; none where there are none. */
export function unnamed(columns: ReadonlyMap<string, VectorColumn>): Float32Array {
  return denseVector({ vectors: columns })?.data ?? new Float32Array();
}

/** The unnamed vectors alone. */
export function alone(
  dimension: number,
  data: Float32Array,
  present: Uint8Array | null = null,
): Map<string, DenseColumn> {
  return new Map([[defaultVector, { kind: "dense", dimension, data, present }]]);
}

/** What is asked for where the unnamed vectors are wanted. */
export const wantedAlone = (dimension: number) =>
  [{ name: defaultVector, kind: "dense", dimension }] as const;
