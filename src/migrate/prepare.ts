/** From a source's records to points: what a record becomes is decided here and nowhere else. */
import type { Layout } from "../model/collection.ts";
import { conflicts } from "../model/layout.ts";
import {
  type DenseColumn,
  defaultVector,
  type FailureReason,
  type PointBatch,
  type RecordBatch,
  type RecordFailure,
} from "../model/record.ts";
import { divided, normsOf } from "../model/unit-vectors.ts";
import { denseVector } from "../model/vector-column.ts";
import { type CollectionPlan, pointOf } from "./collection-plan.ts";

export interface Prepared {
  /** What is sent, in the order of the source's batch, without the rows that cannot be. */
  readonly batch: PointBatch;
  /** The rows that cannot be carried, each with its reason. */
  readonly failures: RecordFailure[];
}

export interface PrepareOptions {
  /** For a caller who knows the points of these ids already. */
  readonly pointFor?: (id: string) => string;
  /** The records' vectors become the points', and nobody reads the records again: saves memory that would be mapped anew for each batch. */
  readonly takeVectors?: boolean;
}

/**
 * The points of a batch under a plan. Under cosine every vector is divided by its norm in float64 and rounded to
 * float32, and the norm is kept; otherwise the bits are the source's own. Deterministic: the same record always
 * becomes the same point, bit for bit.
 */
export function prepare(
  records: RecordBatch,
  plan: CollectionPlan,
  run: string,
  { pointFor = (id) => pointOf(plan, id), takeVectors = false }: PrepareOptions = {},
): Prepared {
  const column = denseVector(records);
  const norms = normsOf(column, records.ids.length);
  const failures: RecordFailure[] = [];
  const rows: number[] = [];
  records.ids.forEach((id, row) => {
    const fault =
      faultOf(column, row, norms[row] ?? Number.NaN, plan) ??
      metadataFault(records.payload.metadata[row] ?? null, plan.layout);
    if (fault === null) rows.push(row);
    else failures.push({ id, ...fault });
  });
  const whole = failures.length === 0;
  const of = <Value>(values: Value[]): Value[] =>
    whole ? values : rows.flatMap((row) => values.slice(row, row + 1));
  const { documents, uris, metadata } = records.payload;
  const ids = of(records.ids);
  const cosine = plan.distance === "cosine";
  const data = cosine
    ? divided(column, rows, norms, takeVectors ? column?.data : undefined)
    : picked(column, rows);
  const batch: PointBatch = {
    ids,
    vectors: new Map([
      [defaultVector, { kind: "dense", dimension: plan.dimension, data, present: null }],
    ]),
    payload: { documents: of(documents), uris: of(uris), metadata: of(metadata) },
    placement: {
      points: ids.map(pointFor),
      tenants: ids.map(() => plan.tenant),
      norms: cosine ? normsAt(rows, norms) : new Float64Array(rows.length).fill(Number.NaN),
      runs: ids.map(() => run),
      collections: ids.map(() => (plan.merged ? plan.source.name : null)),
      rest: ids.map(() => null),
    },
  };
  return { batch, failures };
}

/** The norms of these rows; none of them is zero. */
function normsAt(rows: readonly number[], norms: Float64Array): Float64Array {
  if (rows.length === norms.length) return norms;
  const some = new Float64Array(rows.length);
  rows.forEach((row, place) => {
    some[place] = norms[row] ?? Number.NaN;
  });
  return some;
}

/** The vectors of these rows as they are. */
function picked(column: DenseColumn | undefined, rows: readonly number[]): Float32Array {
  if (column === undefined) return new Float32Array(0);
  const { data, dimension } = column;
  if (rows.length * dimension === data.length) return data;
  const sent = new Float32Array(rows.length * dimension);
  rows.forEach((row, place) => {
    sent.set(data.subarray(row * dimension, (row + 1) * dimension), place * dimension);
  });
  return sent;
}

function faultOf(
  column: DenseColumn | undefined,
  row: number,
  norm: number,
  plan: CollectionPlan,
): { reason: FailureReason; detail: string } | null {
  if (column === undefined || (column.present !== null && column.present[row] !== 1)) {
    return { reason: "no-vector", detail: "The source has no vector for this record." };
  }
  if (column.dimension !== plan.dimension) {
    return {
      reason: "wrong-dimension",
      detail: `The vector has ${column.dimension} components, the collection ${plan.dimension}.`,
    };
  }
  if (!Number.isFinite(norm)) {
    const vector = column.data.subarray(row * plan.dimension, (row + 1) * plan.dimension);
    const index = vector.findIndex((component) => !Number.isFinite(component));
    return {
      reason: "not-finite",
      detail: `Component ${index} of the vector is ${vector[index]}; Qdrant takes finite numbers only.`,
    };
  }
  if (norm === 0 && plan.distance === "cosine") {
    return {
      reason: "zero-vector",
      detail: "The vector is zero and has no direction, so it has no cosine distance.",
    };
  }
  return null;
}

/** A key that the layout keeps for itself would be written twice, and one of the two lost. */
function metadataFault(
  metadata: string | null,
  layout: Layout,
): { reason: FailureReason; detail: string } | null {
  try {
    const [key] = conflicts(metadata, layout);
    if (key === undefined) return null;
    return {
      reason: "reserved-key",
      detail: `The metadata has the key ${JSON.stringify(key)}, which layout ${layout} keeps for itself.`,
    };
  } catch {
    return { reason: "metadata-not-json", detail: "The metadata is not JSON." };
  }
}
