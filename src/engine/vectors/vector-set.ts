/** The vectors of one name in a collection, by slot, whatever their kind. Types only. */
import type { VectorColumn } from "../../model/record.ts";
import type { SlotSet } from "../filter/slot-set.ts";
import type { ChangedBlock } from "./changed-blocks.ts";

/** What a query compares with: of the kind that the vectors have. The caller's own; it is never changed. */
export type QueryVector =
  | { readonly kind: "dense"; readonly data: Float32Array }
  | { readonly kind: "sparse"; readonly indices: Uint32Array; readonly values: Float32Array }
  | { readonly kind: "multi"; readonly dimension: number; readonly data: Float32Array };

export interface NearestOptions {
  readonly limit: number;
  /** The only slots to look at; null = all. */
  readonly among: SlotSet | null;
  /** Whether every slot is to be compared, though there is an index. */
  readonly exact?: boolean | undefined;
  /** How many slots an index looks at: `hnsw_ef`. */
  readonly ef?: number | undefined;
}

/** Slots and their similarities, best first; of equal ones the lower slot. */
export interface Nearest {
  readonly slots: readonly number[];
  readonly similarities: readonly number[];
}

/** A similarity: larger is always nearer (Euclid's and Manhattan's are negative). */
export type Similarity = (slot: number) => number;

/** A change is made in memory at once and in the file when the collection's blocks are flushed. */
export interface VectorSet {
  readonly kind: VectorColumn["kind"];
  /** Slots that have a vector. */
  readonly count: number;
  /** Whether a larger score (not similarity) is nearer. */
  readonly largerIsNearer: boolean;

  has(slot: number): boolean;
  /**
   * Checks a column that is to be written and brings it, in place, into the form in which it is kept (Cosine normalizes).
   * Gives the column to write: another one where dense vectors are written as multivectors of one.
   * @throws E_INPUT where kind, dimension or a component does not fit
   */
  prepare(column: VectorColumn, rows: number): VectorColumn;
  /** Writes a row of a prepared column. */
  write(slot: number, column: VectorColumn, row: number): void;
  /** `deleted`: by itself or with its point, and not written over. IDF counts it on, as a server does. */
  remove(slot: number, deleted?: boolean): void;

  /** The slots' vectors, a row each, as Qdrant answers them. */
  column(slots: readonly number[]): VectorColumn;
  /** One slot's vector as a query; null where it has none. */
  vector(slot: number): QueryVector | null;

  /**
   * How near each slot is to `query`, which is prepared as Qdrant does (normalized, rounded, weighted by IDF). Slots without a
   * vector must not be asked. Where `searched` is false, as Qdrant compares hits with one another: in float32 whatever the
   * datatype, and not weighted.
   * @throws E_INPUT where kind or dimension does not fit
   */
  similarity(query: QueryVector, searched?: boolean): Similarity;
  /** The nearest slots, exactly unless there is an index and `exact` is not true. Sparse: only those that share an index with the query. @throws E_INPUT */
  nearest(query: QueryVector, options: NearestOptions): Nearest;
  /** The score that Qdrant answers for a similarity. */
  toScore(similarity: number): number;

  /** Blocks that were changed since the last call, as they go to the file. */
  takeChanges(): Iterable<ChangedBlock>;
  /** Takes a block as it came from the file; false where it cannot be one. */
  loadBlock(block: number, bytes: Uint8Array): boolean;
}
