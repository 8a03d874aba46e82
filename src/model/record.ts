/** Columnar batches: what every store reads and writes. Pure data; everything fast depends on the shape. */

/** Dense vectors, row-major: row i stands at data[i × dimension] … ; `present[i]` is 1 where row i has one. */
export interface DenseColumn {
  readonly kind: "dense";
  readonly dimension: number;
  /** rows × dimension float32; a row that has no vector is all zeros and `present` says so. */
  readonly data: Float32Array;
  /** One byte a row, 1 or 0; null when every row has a vector. */
  readonly present: Uint8Array | null;
}

/** Sparse vectors: row i has the components offsets[i] … offsets[i + 1], their indices ascending. */
export interface SparseColumn {
  readonly kind: "sparse";
  /** rows + 1 positions in `indices` and `values`. */
  readonly offsets: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
  /** One byte a row, 1 or 0; null when every row has a vector (which may be empty). */
  readonly present: Uint8Array | null;
}

/** Multivectors: row i has the vectors offsets[i] … offsets[i + 1] of `data`, each of `dimension` components. */
export interface MultiColumn {
  readonly kind: "multi";
  readonly dimension: number;
  /** rows + 1 positions, counted in vectors. */
  readonly offsets: Uint32Array;
  readonly data: Float32Array;
  /** One byte a row, 1 or 0; null when every row has a vector. */
  readonly present: Uint8Array | null;
}

export type VectorColumn = DenseColumn | SparseColumn | MultiColumn;

/** Name of the one vector that Chroma's records have. */
export const defaultVector = "";

/** What a record carries beside its vector, one entry a row. */
export interface PayloadColumn {
  readonly documents: (string | null)[];
  readonly uris: (string | null)[];
  /** The row's metadata as JSON text of an object, numbers as the source wrote them (2 and 2.0 differ); null = none. `{}` and null are equal. */
  readonly metadata: (string | null)[];
}

/** Records as a source has them. All columns have `ids.length` rows. */
export interface RecordBatch {
  /** The record's own id: any string. */
  readonly ids: string[];
  /** By name. Chroma's records have one, dense, under `defaultVector`; what is not there was not asked for, or no row has it. */
  readonly vectors: Map<string, VectorColumn>;
  readonly payload: PayloadColumn;
}

/** Where each row stands in a point store, and what vecferry noted beside it. All columns have `ids.length` rows. */
export interface Placement {
  /** The point id: canonical lowercase UUID, or a decimal unsigned integer. */
  readonly points: string[];
  readonly tenants: (string | null)[];
  /** Norm of the source's vector (float64) where the point's was normalized; NaN = none kept. */
  readonly norms: Float64Array;
  /** The run that wrote the point: 16 hex digits; null = not written by a migration. */
  readonly runs: (string | null)[];
  /** The source collection's name, where the mark keeps it; null otherwise. */
  readonly collections: (string | null)[];
  /** JSON text of an object with everything in the payload that the layout does not know; null = nothing. A foreign point has its whole payload here. */
  readonly rest: (string | null)[];
  /** When an application first wrote each row: ISO 8601; null = not kept. Absent = kept for none. What was read stands in `rest` too. */
  readonly createdAt?: (string | null)[];
  /** The shard that each row was put into by hand, as JSON: a text or a natural number; null = none. Absent = none was. */
  readonly shards?: (string | null)[];
}

/** Records with their places: what is written to a point store, and what is read back from one. */
export interface PointBatch extends RecordBatch {
  readonly placement: Placement;
}

/** Why a record was not carried. Stable words: they stand in the quarantine file and in the report. */
export type FailureReason =
  | "no-vector"
  | "zero-vector"
  | "not-finite"
  | "wrong-dimension"
  | "stale-vector"
  | "torn"
  | "unanswerable"
  | "metadata-not-json"
  | "reserved-key"
  | "id-refused"
  | "too-large"
  | "rejected";

/** A record that cannot be carried, by name, with its reason. */
export interface RecordFailure {
  readonly id: string;
  readonly reason: FailureReason;
  /** One sentence for a person; no document text. */
  readonly detail: string;
}
