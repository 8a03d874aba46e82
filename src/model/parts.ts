/** Batches in parts: some rows in a row out of one, and several as one. */
import type { DenseColumn, Placement, PointBatch, RecordBatch } from "./record.ts";

/** Rows `start` to `end` of a batch; its floats are not copied. */
export function slicePoints(batch: PointBatch, start: number, end: number): PointBatch {
  if (start === 0 && end >= batch.ids.length) return batch;
  const { payload, placement } = batch;
  return {
    ids: batch.ids.slice(start, end),
    vectors: new Map(Array.from(batch.vectors, ([name, one]) => [name, slice(one, start, end)])),
    payload: {
      documents: payload.documents.slice(start, end),
      uris: payload.uris.slice(start, end),
      metadata: payload.metadata.slice(start, end),
    },
    placement: {
      points: placement.points.slice(start, end),
      tenants: placement.tenants.slice(start, end),
      norms: placement.norms.subarray(start, end),
      runs: placement.runs.slice(start, end),
      collections: placement.collections.slice(start, end),
      rest: placement.rest.slice(start, end),
    },
  };
}

/** These rows of a batch, in the order that is given. */
export function pickRecords(batch: RecordBatch, rows: readonly number[]): RecordBatch {
  const { ids, payload, vectors } = batch;
  const of = <Value>(values: readonly Value[]): Value[] =>
    rows.flatMap((row) => values.slice(row, row + 1));
  return {
    ids: of(ids),
    vectors: new Map(
      Array.from(vectors, ([name, column]) => [
        name,
        join(rows.map((row) => [1, slice(column, row, row + 1)])),
      ]),
    ),
    payload: {
      documents: of(payload.documents),
      uris: of(payload.uris),
      metadata: of(payload.metadata),
    },
  };
}

/** Records of several batches of one collection, in their order. */
export function joinRecords(batches: readonly RecordBatch[]): RecordBatch {
  const parts = batches.filter(({ ids }) => ids.length > 0);
  const [first = batches[0]] = parts;
  if (first === undefined || parts.length < 2) return first ?? emptyBatch();
  return {
    ids: parts.flatMap(({ ids }) => ids),
    vectors: new Map(
      Array.from(first.vectors.keys(), (name) => [
        name,
        join(parts.map((part) => [part.ids.length, part.vectors.get(name)])),
      ]),
    ),
    payload: {
      documents: parts.flatMap(({ payload }) => payload.documents),
      uris: parts.flatMap(({ payload }) => payload.uris),
      metadata: parts.flatMap(({ payload }) => payload.metadata),
    },
  };
}

/** The same, of points. */
export function joinPoints(batches: readonly PointBatch[]): PointBatch {
  const [only] = batches;
  if (only !== undefined && batches.length === 1) return only;
  const of = <Value>(column: (placement: Placement) => readonly Value[]): Value[] =>
    batches.flatMap(({ placement }) => column(placement));
  return {
    ...joinRecords(batches),
    placement: {
      points: of(({ points }) => points),
      tenants: of(({ tenants }) => tenants),
      norms: Float64Array.from(batches.flatMap(({ placement }) => [...placement.norms])),
      runs: of(({ runs }) => runs),
      collections: of(({ collections }) => collections),
      rest: of(({ rest }) => rest),
    },
  };
}

function emptyBatch(): RecordBatch {
  return { ids: [], vectors: new Map(), payload: { documents: [], uris: [], metadata: [] } };
}

function slice({ dimension, data, present, kind }: DenseColumn, start: number, end: number) {
  return {
    kind,
    dimension,
    data: data.subarray(start * dimension, end * dimension),
    present: present?.subarray(start, end) ?? null,
  };
}

function join(parts: readonly (readonly [rows: number, DenseColumn | undefined])[]): DenseColumn {
  const dimension = Math.max(0, ...parts.map(([, column]) => column?.dimension ?? 0));
  const rows = parts.reduce((sum, [count]) => sum + count, 0);
  const data = new Float32Array(rows * dimension);
  const present = new Uint8Array(rows).fill(1);
  let row = 0;
  for (const [count, column] of parts) {
    if (column === undefined) present.fill(0, row, row + count);
    else {
      data.set(column.data, row * dimension);
      if (column.present !== null) present.set(column.present, row);
    }
    row += count;
  }
  return { kind: "dense", dimension, data, present: present.includes(0) ? present : null };
}
