/** Batches in parts: some rows in a row out of one, and several as one. */
import { joinColumns, pickColumn, sliceColumn } from "./column-rows.ts";
import type { Placement, PointBatch, RecordBatch } from "./record.ts";

/** Rows `start` to `end` of a batch; its floats are not copied. */
export function slicePoints(batch: PointBatch, start: number, end: number): PointBatch {
  if (start === 0 && end >= batch.ids.length) return batch;
  const { payload, placement } = batch;
  return {
    ids: batch.ids.slice(start, end),
    vectors: new Map(
      Array.from(batch.vectors, ([name, one]) => [name, sliceColumn(one, start, end)]),
    ),
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
      ...(placement.shards === undefined ? {} : { shards: placement.shards.slice(start, end) }),
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
    vectors: new Map(Array.from(vectors, ([name, column]) => [name, pickColumn(column, rows)])),
    payload: {
      documents: of(payload.documents),
      uris: of(payload.uris),
      metadata: of(payload.metadata),
    },
  };
}

/**
 * One list of several. `flatMap` would make what V8 holds for a list with holes: another kind of list, for which it compiles
 * anew all that has compiled for lists without.
 */
function joinLists<Value>(lists: readonly (readonly Value[])[]): Value[] {
  return ([] as Value[]).concat(...lists);
}

/** Records of several batches of one collection, in their order. */
export function joinRecords(batches: readonly RecordBatch[]): RecordBatch {
  const parts = batches.filter(({ ids }) => ids.length > 0);
  const [first = batches[0]] = parts;
  if (first === undefined || parts.length < 2) return first ?? emptyBatch();
  return {
    ids: joinLists(parts.map(({ ids }) => ids)),
    vectors: new Map(
      Array.from(new Set(parts.flatMap((part) => [...part.vectors.keys()])), (name) => [
        name,
        joinColumns(parts.map((part) => [part.ids.length, part.vectors.get(name)])),
      ]),
    ),
    payload: {
      documents: joinLists(parts.map(({ payload }) => payload.documents)),
      uris: joinLists(parts.map(({ payload }) => payload.uris)),
      metadata: joinLists(parts.map(({ payload }) => payload.metadata)),
    },
  };
}

/** The same, of points. */
export function joinPoints(batches: readonly PointBatch[]): PointBatch {
  const [only] = batches;
  if (only !== undefined && batches.length === 1) return only;
  const of = <Value>(column: (placement: Placement) => readonly Value[]): Value[] =>
    joinLists(batches.map(({ placement }) => column(placement)));
  const hasShards = batches.some(({ placement }) => placement.shards !== undefined);
  return {
    ...joinRecords(batches),
    placement: {
      points: of(({ points }) => points),
      tenants: of(({ tenants }) => tenants),
      norms: Float64Array.from(batches.flatMap(({ placement }) => [...placement.norms])),
      runs: of(({ runs }) => runs),
      collections: of(({ collections }) => collections),
      rest: of(({ rest }) => rest),
      ...(hasShards
        ? { shards: of(({ points, shards }) => shards ?? points.map(() => null)) }
        : {}),
    },
  };
}

function emptyBatch(): RecordBatch {
  return { ids: [], vectors: new Map(), payload: { documents: [], uris: [], metadata: [] } };
}
