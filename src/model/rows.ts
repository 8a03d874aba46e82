/** Rows of a batch. */
import { type DenseColumn, defaultVector, type PointBatch } from "./record.ts";

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
      ...(placement.createdAt === undefined ? {} : { createdAt: of(placement.createdAt) }),
    },
  };
}

/** Some rows of a column, in the order given. */
export function pickColumn(column: DenseColumn, rows: readonly number[]): DenseColumn {
  const { dimension, present } = column;
  const data = new Float32Array(rows.length * dimension);
  rows.forEach((row, place) => {
    data.set(column.data.subarray(row * dimension, (row + 1) * dimension), place * dimension);
  });
  return {
    ...column,
    data,
    present: present === null ? null : Uint8Array.from(rows, (row) => present[row] ?? 0),
  };
}

/** Bytes of a batch: float32 vectors, and payload as text. */
export function bytesOf(batch: PointBatch): number {
  const { documents, metadata, uris } = batch.payload;
  const texts = [documents, metadata, uris]
    .flat()
    .reduce((sum, text) => sum + (text?.length ?? 0), 0);
  return texts + (batch.vectors.get(defaultVector)?.data.byteLength ?? 0);
}
