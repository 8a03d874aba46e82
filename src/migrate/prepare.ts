/** From a source's records to points: what a record becomes is decided here and nowhere else. */
import type { Layout } from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import { conflicts } from "../model/layout.ts";
import {
  type DenseColumn,
  defaultVector,
  type FailureReason,
  type PointBatch,
  type RecordBatch,
  type RecordFailure,
} from "../model/record.ts";
import { type CollectionPlan, pointOf } from "./collection-plan.ts";

export interface Prepared {
  /** What is sent, in the order of the source's batch, without the rows that cannot be. */
  readonly batch: PointBatch;
  /** The rows that cannot be carried, each with its reason. */
  readonly failures: RecordFailure[];
}

/**
 * The points of a batch under a plan. Under cosine every vector is divided by its norm in float64 and rounded to
 * float32, and the norm is kept; otherwise the bits are the source's own. Deterministic: the same record always
 * becomes the same point, bit for bit.
 */
export function prepare(records: RecordBatch, plan: CollectionPlan, run: string): Prepared {
  const column = records.vectors.get(defaultVector);
  const failures: RecordFailure[] = [];
  const rows: number[] = [];
  records.ids.forEach((id, row) => {
    const fault =
      faultOf(column, row, plan) ??
      metadataFault(records.payload.metadata[row] ?? null, plan.layout);
    if (fault === null) rows.push(row);
    else failures.push({ id, ...fault });
  });
  return { batch: toPoints(records, rows, column, plan, run), failures };
}

function toPoints(
  records: RecordBatch,
  rows: readonly number[],
  column: DenseColumn | undefined,
  plan: CollectionPlan,
  run: string,
): PointBatch {
  const { documents, uris, metadata } = records.payload;
  const ids = rows.map((row) => records.ids[row] ?? "");
  const data = new Float32Array(rows.length * plan.dimension);
  const norms = new Float64Array(rows.length).fill(Number.NaN);
  rows.forEach((row, place) => {
    const vector = column?.data.subarray(row * plan.dimension, (row + 1) * plan.dimension);
    if (vector === undefined) return;
    const sent = data.subarray(place * plan.dimension, (place + 1) * plan.dimension);
    if (plan.distance === "cosine") norms[place] = normalizeInto(vector, sent);
    else sent.set(vector);
  });
  return {
    ids,
    vectors: new Map([
      [defaultVector, { kind: "dense", dimension: plan.dimension, data, present: null }],
    ]),
    payload: {
      documents: rows.map((row) => documents[row] ?? null),
      uris: rows.map((row) => uris[row] ?? null),
      metadata: rows.map((row) => metadata[row] ?? null),
    },
    placement: {
      points: ids.map((id) => pointOf(plan, id)),
      tenants: rows.map(() => plan.tenant),
      norms,
      runs: rows.map(() => run),
      collections: rows.map(() => (plan.merged ? plan.source.name : null)),
      rest: rows.map(() => null),
    },
  };
}

/** Writes vector / norm into `sent`, computed in float64, and returns the norm. */
function normalizeInto(vector: Float32Array, sent: Float32Array): number {
  const norm = normOf(vector);
  for (let index = 0; index < vector.length; index += 1) sent[index] = (vector[index] ?? 0) / norm;
  return norm;
}

/** Euclidean norm in float64; float32 components cannot overflow it. */
export function normOf(vector: Float32Array): number {
  let sum = 0;
  for (const component of vector) sum += component * component;
  return Math.sqrt(sum);
}

function faultOf(
  column: DenseColumn | undefined,
  row: number,
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
  return vectorFault(
    column.data.subarray(row * plan.dimension, (row + 1) * plan.dimension),
    plan.distance,
  );
}

function vectorFault(
  vector: Float32Array,
  distance: Distance,
): { reason: FailureReason; detail: string } | null {
  let zero = true;
  for (const [index, component] of vector.entries()) {
    if (!Number.isFinite(component)) {
      return {
        reason: "not-finite",
        detail: `Component ${index} of the vector is ${component}; Qdrant takes finite numbers only.`,
      };
    }
    if (component !== 0) zero = false;
  }
  if (zero && distance === "cosine") {
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
