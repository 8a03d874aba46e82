/** What every contestant writes, and where: the same points, into a collection that is made in the same way. */
import { toColumns } from "../src/adapters/qdrant/convert.ts";
import type { CollectionPlan } from "../src/migrate/collection-plan.ts";
import { prepare } from "../src/migrate/prepare.ts";
import { defaultRequest } from "../src/migrate/request.ts";
import type { CollectionSpec } from "../src/model/collection.ts";
import { defaultVector, type PointBatch, type RecordBatch } from "../src/model/record.ts";
import type { WrittenColumns } from "../src/wire/columns.ts";
import { blankCollection } from "../test/support/blank-collection.ts";
import { type BenchRecord, benchRecords } from "./data.ts";

/** Mean bytes of a record's payload, for the size of a batch. */
export const payloadBytes = 300;

/** The collection that is written to, as `migrate` makes one. */
export function specOf(dimension: number): CollectionSpec {
  return {
    name: "vecferry-bench-write",
    dimension,
    distance: "cosine",
    layout: "vecferry",
    tenanted: false,
    ...defaultRequest.settings,
    sources: [],
  };
}

function planOf(dimension: number): CollectionPlan {
  return {
    source: blankCollection("bench", { dimension, distance: "cosine" as const }),
    target: specOf(dimension).name,
    tenant: null,
    tenanted: false,
    merged: false,
    layout: "vecferry",
    idPrefix: null,
    dimension,
    distance: "cosine",
  };
}

/** Points as they are sent for these records, as a migration makes them. `takeVectors`: the records are not read again. */
export function pointsOf(records: RecordBatch, dimension: number, takeVectors = false): PointBatch {
  return prepare(records, planOf(dimension), "0".repeat(16), { takeVectors }).batch;
}

/** The same points as columns of Qdrant's. */
export function columnsOf(records: RecordBatch, dimension: number): WrittenColumns {
  const points = pointsOf(records, dimension);
  return toColumns(points, 0, points.ids.length, specOf(dimension).layout);
}

/** Records as a source gives them, `rows` a batch, all in memory. */
export async function recordBatches(
  records: number,
  dimension: number,
  rows: number,
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  let some: BenchRecord[] = [];
  for await (const record of benchRecords(records, dimension)) {
    some.push(record);
    if (some.length < rows) continue;
    batches.push(toBatch(some, dimension));
    some = [];
  }
  if (some.length > 0) batches.push(toBatch(some, dimension));
  return batches;
}

function toBatch(rows: readonly BenchRecord[], dimension: number): RecordBatch {
  const data = new Float32Array(rows.length * dimension);
  rows.forEach(({ vector }, row) => {
    data.set(vector, row * dimension);
  });
  return {
    ids: rows.map(({ id }) => id),
    vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
    payload: {
      documents: rows.map(({ document }) => document),
      uris: rows.map(() => null),
      metadata: rows.map(({ metadata }) => JSON.stringify(metadata)),
    },
  };
}
