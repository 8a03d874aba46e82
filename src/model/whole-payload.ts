/**
 * Payloads whole: what a layout knows of them, and whatever stands beside it. A payload that was read as a record is the
 * same again when it is written, or it is kept as the text that it was.
 */
import { canonicalJson } from "../util/canonical.ts";
import { sliceObject } from "../util/json.ts";
import type { Layout } from "./collection.ts";
import { markKey, PayloadDecoder, RecordPayload } from "./layout.ts";
import { type Payload, payloadText } from "./payload.ts";
import type { PointBatch } from "./record.ts";

/** The payload of one row: the layout's, and `rest` beside it; of a point that is not vecferry's, `rest` alone. @throws SyntaxError */
export function rowPayload(batch: PointBatch, row: number, layout: Layout): Payload {
  const rest = batch.placement.rest[row] ?? null;
  const record = new RecordPayload(batch, row, layout);
  if (rest === null) return record;
  if (isForeign(batch, row)) return rest;
  const members = sliceObject(payloadText(record));
  for (const [key, value] of sliceObject(rest)) {
    const own = members.get(key);
    const mark = key === markKey && own !== undefined && value.startsWith("{");
    members.set(key, mark ? joined([...sliceObject(own), ...sliceObject(value)]) : value);
  }
  return joined(members);
}

/** The same as JSON text. @throws SyntaxError */
export function wholePayload(batch: PointBatch, row: number, layout: Layout): string {
  return payloadText(rowPayload(batch, row, layout));
}

/**
 * Points whose payloads were read as they are (all of them in `rest`), as records of `layout`: each that is the same payload
 * again when it is written. The others, and points that are read already, stay as they are. The batch that is given is not changed.
 */
export function asRecords(points: PointBatch, layout: Layout): PointBatch {
  return decoded(points, layout, (found, row, text) =>
    isSame(text, wholePayload(found, row, layout)),
  );
}

/** The same of every payload that bears a mark, also where another payload would be written of the record: numbers that a server has rounded are put right. */
export function markedRecords(points: PointBatch, layout: Layout): PointBatch {
  return decoded(points, layout, () => true);
}

function decoded(
  points: PointBatch,
  layout: Layout,
  isTaken: (found: PointBatch, row: number, text: string) => boolean,
): PointBatch {
  const decoder = new PayloadDecoder(layout);
  const { vectors, placement } = points;
  const found: PointBatch = {
    ids: [...points.ids],
    vectors,
    payload: {
      documents: [...points.payload.documents],
      uris: [...points.payload.uris],
      metadata: [...points.payload.metadata],
    },
    placement: {
      points: placement.points,
      tenants: [...placement.tenants],
      norms: Float64Array.from(placement.norms),
      runs: [...placement.runs],
      collections: [...placement.collections],
      rest: [...placement.rest],
      ...shardsOf(points),
    },
  };
  const createdAt = points.ids.map((_, row) => placement.createdAt?.[row] ?? null);
  placement.rest.forEach((text, row) => {
    if (text === null || !isForeign(points, row)) return;
    const time = readRow(found, row, decoder, text);
    if (isTaken(found, row, text)) createdAt[row] = time;
    else restoreRow(found, row, points);
  });
  if (createdAt.every((time) => time === null)) return found;
  return { ...found, placement: { ...found.placement, createdAt } };
}

/** The same points with their payloads as they are, all of them in `rest`: what a point store reads without a layout. */
export function asPoints(batch: PointBatch, layout: Layout): PointBatch {
  const { placement, vectors } = batch;
  const none = (): null[] => placement.points.map(() => null);
  return {
    ids: placement.points,
    vectors,
    payload: { documents: none(), uris: none(), metadata: none() },
    placement: {
      points: placement.points,
      tenants: none(),
      norms: new Float64Array(placement.points.length).fill(Number.NaN),
      runs: none(),
      collections: none(),
      rest: placement.points.map((_, row) => wholePayload(batch, row, layout)),
      ...shardsOf(batch),
    },
  };
}

function shardsOf({ placement: { shards } }: PointBatch): { shards?: (string | null)[] } {
  return shards === undefined ? {} : { shards };
}

/** Whether a row says nothing but its `rest`: the payload of a point that is not vecferry's. */
function isForeign({ ids, payload, placement }: PointBatch, row: number): boolean {
  const { points, tenants, norms, runs, collections } = placement;
  const said = [payload.documents, payload.uris, payload.metadata, tenants, runs, collections];
  return (
    ids[row] === points[row] &&
    said.every((column) => (column[row] ?? null) === null) &&
    Number.isNaN(norms[row] ?? Number.NaN)
  );
}

/** Gives when an application first wrote it; null = it is not kept. */
function readRow(
  batch: PointBatch,
  row: number,
  decoder: PayloadDecoder,
  text: string,
): string | null {
  const { ids, payload, placement } = batch;
  const point = placement.points[row] ?? "";
  const record = decoder.decode(text, point);
  ids[row] = record.id ?? point;
  payload.documents[row] = record.document;
  payload.uris[row] = record.uri;
  payload.metadata[row] = record.metadata;
  placement.tenants[row] = record.tenant;
  placement.norms[row] = record.norm;
  placement.runs[row] = record.run;
  placement.collections[row] = record.collection;
  placement.rest[row] = record.rest;
  return record.createdAt;
}

function restoreRow(batch: PointBatch, row: number, points: PointBatch): void {
  const { ids, payload, placement } = batch;
  ids[row] = points.ids[row] ?? "";
  payload.documents[row] = null;
  payload.uris[row] = null;
  payload.metadata[row] = null;
  placement.tenants[row] = null;
  placement.norms[row] = Number.NaN;
  placement.runs[row] = null;
  placement.collections[row] = null;
  placement.rest[row] = points.placement.rest[row] ?? null;
}

function isSame(one: string, other: string): boolean {
  return one === other || canonicalJson(one) === canonicalJson(other);
}

function joined(members: Iterable<readonly [key: string, value: string]>): string {
  const texts = Array.from(new Map(members), ([key, value]) => `${JSON.stringify(key)}:${value}`);
  return `{${texts.join(",")}}`;
}
