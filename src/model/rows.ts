/** Rows of a batch. */

import { pickColumn } from "./column-rows.ts";
import type { PointBatch } from "./record.ts";
import { vectorBytes } from "./vector-column.ts";

/** Some rows of a batch, in the order given; the batch itself when it is all of them in their order. */
export function pickRows(batch: PointBatch, rows: readonly number[]): PointBatch {
  if (rows.length === batch.ids.length && rows.every((row, place) => row === place)) return batch;
  const of = <Value>(column: readonly Value[]): Value[] =>
    rows.flatMap((row) => column.slice(row, row + 1));
  const { payload, placement } = batch;
  return {
    ids: of(batch.ids),
    vectors: new Map([...batch.vectors].map(([name, column]) => [name, pickColumn(column, rows)])),
    payload: {
      documents: of(payload.documents),
      uris: of(payload.uris),
      metadata: of(payload.metadata),
    },
    placement: {
      points: of(placement.points),
      tenants: of(placement.tenants),
      norms: Float64Array.from(rows, (row) => placement.norms[row] ?? Number.NaN),
      runs: of(placement.runs),
      collections: of(placement.collections),
      rest: of(placement.rest),
      ...(placement.shards === undefined ? {} : { shards: of(placement.shards) }),
      ...(placement.createdAt === undefined ? {} : { createdAt: of(placement.createdAt) }),
    },
  };
}

/** Bytes of a batch: vectors, and payload as text. */
export function bytesOf(batch: PointBatch): number {
  const { documents, metadata, uris } = batch.payload;
  return vectorBytes(batch) + lengthOf(documents) + lengthOf(metadata) + lengthOf(uris);
}

function lengthOf(texts: readonly (string | null)[]): number {
  let length = 0;
  for (let row = 0; row < texts.length; row += 1) length += texts[row]?.length ?? 0;
  return length;
}
