/** Between batches of records and the columns of points that Qdrant holds. */
import type { Layout } from "../../model/collection.ts";
import { pickColumn, sliceColumn } from "../../model/column-rows.ts";
import { PayloadDecoder } from "../../model/layout.ts";
import type { Payload } from "../../model/payload.ts";
import type { PointBatch, VectorColumn } from "../../model/record.ts";
import { rowPayload } from "../../model/whole-payload.ts";
import type { PointColumns, WrittenColumns } from "./api.ts";

/** The rows from `start` to `end` as points. @throws SyntaxError where metadata is no JSON */
export function toColumns(
  batch: PointBatch,
  start: number,
  end: number,
  layout: Layout,
): WrittenColumns {
  const payloads: Payload[] = [];
  for (let row = start; row < end; row += 1) payloads.push(rowPayload(batch, row, layout));
  return {
    points: batch.placement.points.slice(start, end),
    vectors: mapped(batch.vectors, (column) => sliceColumn(column, start, end)),
    payloads,
  };
}

/** The rows from `start` to `end`, over the same memory. */
export function sliceRows<Value>(
  { points, vectors, payloads }: PointColumns<Value>,
  start: number,
  end: number,
): PointColumns<Value> {
  return {
    points: points.slice(start, end),
    vectors: mapped(vectors, (column) => sliceColumn(column, start, end)),
    payloads: payloads.slice(start, end),
  };
}

/** Some rows, in the order given. */
export function pickRows<Value>(
  columns: PointColumns<Value>,
  rows: readonly number[],
): PointColumns<Value> {
  const of = <Value>(values: readonly Value[]): Value[] =>
    rows.flatMap((row) => values.slice(row, row + 1));
  const { points, vectors, payloads } = columns;
  return {
    points: of(points),
    vectors: mapped(vectors, (column) => pickColumn(column, rows)),
    payloads: of(payloads),
  };
}

function mapped(
  columns: ReadonlyMap<string, VectorColumn>,
  change: (column: VectorColumn) => VectorColumn,
): Map<string, VectorColumn> {
  return new Map(Array.from(columns, ([name, column]) => [name, change(column)]));
}

/** Points as records. A point that was not written by vecferry has its own id and its whole payload in `rest`; without `layout` all are such. `shard`: what all of them were put into by hand. */
export function toBatch(
  columns: PointColumns,
  layout: Layout | null,
  shard: string | undefined = undefined,
): PointBatch {
  const { points, vectors, payloads } = columns;
  const batch: PointBatch = {
    ids: [],
    vectors: new Map(vectors),
    payload: { documents: [], uris: [], metadata: [] },
    placement: {
      points,
      tenants: [],
      norms: new Float64Array(points.length).fill(Number.NaN),
      runs: [],
      collections: [],
      rest: [],
      ...(shard === undefined ? {} : { shards: points.map(() => shard) }),
    },
  };
  const createdAt: (string | null)[] = [];
  const decoder = layout === null ? null : new PayloadDecoder(layout);
  points.forEach((point, row) => {
    addRow(batch, createdAt, row, point, payloads[row] ?? null, decoder);
  });
  if (createdAt.every((time) => time === null)) return batch;
  return { ...batch, placement: { ...batch.placement, createdAt } };
}

function addRow(
  batch: PointBatch,
  createdAt: (string | null)[],
  row: number,
  point: string,
  text: string | null,
  decoder: PayloadDecoder | null,
): void {
  const { ids, payload, placement } = batch;
  const record = text === null ? null : (decoder?.decode(text, point) ?? null);
  ids.push(record?.id ?? point);
  payload.documents.push(record?.document ?? null);
  payload.uris.push(record?.uri ?? null);
  payload.metadata.push(record?.metadata ?? null);
  placement.tenants.push(record?.tenant ?? null);
  placement.norms[row] = record?.norm ?? Number.NaN;
  placement.runs.push(record?.run ?? null);
  placement.collections.push(record?.collection ?? null);
  createdAt.push(record?.createdAt ?? null);
  placement.rest.push(record === null ? text : record.rest);
}
