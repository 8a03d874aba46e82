/**
 * From points back to records: what a point becomes is decided here and nowhere else. Pure: the same point always becomes the same
 * record, bit for bit.
 *
 *   id         the one that its mark keeps; else the point's, a UUID in lower case or an integer in decimal
 *   document   what stands at the layout's place, where it is a text; else none
 *   uri        the mark's
 *   metadata   the object at the layout's place, and beside it the keys of the payload that the layout does not know; `tenant_id` among
 *              them where it is asked for. What vecferry noted in `_vecferry` is no metadata
 *   vector     the chosen one; under cosine times the norm that the mark keeps, in float64, rounded
 *
 * Nothing else is changed: what a Chroma cannot hold (null, objects, lists of several types) stays in the metadata, and the target names
 * it. With `flatten` objects become keys with dots, `{"a":{"b":1}}` is `{"a.b":1}`; null, `{}` and `[]` are left out, for an absent key says the
 * same there; a list that holds anything but values of one type becomes its JSON text. A float −0.0 becomes 0.0, as in every Chroma.
 */
import { parseLossless, sliceArray, sliceObject, stringOf } from "../util/json.ts";
import type { Layout } from "./collection.ts";
import type { Distance } from "./distance.ts";
import { layoutPlaces, markKey, tenantKey } from "./layout.ts";
import { isOwnNode, withoutText } from "./llama-node.ts";
import {
  type DenseColumn,
  defaultVector,
  type FailureReason,
  type PointBatch,
  type RecordBatch,
  type RecordFailure,
} from "./record.ts";

/** How the points of one collection become records. */
export interface ExportRules {
  /** Name of the vector that a record gets. */
  readonly vector: string;
  /** The distance of the records' collection. */
  readonly distance: Distance;
  /** Of the collection's note; `vecferry` where there is none. */
  readonly layout: Layout;
  /** Whether objects become keys with dots, and what no Chroma holds gives way. */
  readonly flatten: boolean;
  /** Whether a point's tenant becomes the key `tenant_id` of the metadata. */
  readonly tenantKey: boolean;
}

export interface ExportedRecords {
  /** In the order of the points, without those that cannot be. */
  readonly records: RecordBatch;
  /** The row of each record in the batch of points. */
  readonly rows: readonly number[];
  /** Points that cannot be a record, each with its reason and its row. */
  readonly failures: readonly (RecordFailure & { readonly row: number })[];
}

/** The records that points become, as a store's `scan` gives them. A record without the chosen vector has none. */
export function exportRecords(points: PointBatch, rules: ExportRules): ExportedRecords {
  const rows: number[] = [];
  const failures: (RecordFailure & { row: number })[] = [];
  const documents: (string | null)[] = [];
  const metadata: (string | null)[] = [];
  points.ids.forEach((id, row) => {
    const found = payloadOf(points, row, rules);
    if ("reason" in found) {
      failures.push({ id, row, ...found });
      return;
    }
    rows.push(row);
    documents.push(found.document);
    metadata.push(found.metadata);
  });
  const of = <Value>(values: readonly Value[]): Value[] =>
    rows.flatMap((row) => values.slice(row, row + 1));
  const column = vectorsOf(points, rows, rules);
  const records: RecordBatch = {
    ids: of(points.ids),
    vectors: new Map(column === null ? [] : [[defaultVector, column]]),
    payload: { documents, uris: of(points.payload.uris), metadata },
  };
  return { records, rows, failures };
}

function vectorsOf(
  { placement, vectors }: PointBatch,
  rows: readonly number[],
  { distance, vector }: ExportRules,
): DenseColumn | null {
  const column = vectors.get(vector);
  if (column?.kind !== "dense") return null;
  const { dimension, present } = column;
  const data = new Float32Array(rows.length * dimension);
  rows.forEach((row, place) => {
    const own = column.data.subarray(row * dimension, (row + 1) * dimension);
    const norm = placement.norms[row] ?? Number.NaN;
    if (distance !== "cosine" || Number.isNaN(norm)) data.set(own, place * dimension);
    else
      for (let at = 0; at < dimension; at += 1)
        data[place * dimension + at] = (own[at] ?? 0) * norm;
  });
  const kept = present === null ? null : Uint8Array.from(rows, (row) => present[row] ?? 0);
  return { kind: "dense", dimension, data, present: kept };
}

interface Fault {
  readonly reason: FailureReason;
  readonly detail: string;
}

interface Payload {
  readonly document: string | null;
  readonly metadata: string | null;
}

function payloadOf(points: PointBatch, row: number, rules: ExportRules): Payload | Fault {
  try {
    return isMarked(points, row)
      ? markedPayload(points, row, rules)
      : foreignPayload(points.placement.rest[row] ?? "{}", rules);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { reason: "metadata-not-json", detail: "The point's payload is not JSON." };
  }
}

/** Whether vecferry wrote the point: a foreign one says nothing but its `rest`, under its point's id. */
function isMarked({ ids, payload, placement }: PointBatch, row: number): boolean {
  const { points, norms, runs, tenants, collections } = placement;
  const said = [payload.documents, payload.uris, payload.metadata, runs, tenants, collections];
  return (
    ids[row] !== points[row] ||
    !Number.isNaN(norms[row] ?? Number.NaN) ||
    said.some((column) => (column[row] ?? null) !== null)
  );
}

function markedPayload({ payload, placement }: PointBatch, row: number, rules: ExportRules) {
  const metadata = payload.metadata[row] ?? null;
  const rest = placement.rest[row] ?? null;
  const tenant = rules.tenantKey ? (placement.tenants[row] ?? null) : null;
  const document = payload.documents[row] ?? null;
  if (rest === null && tenant === null) return finished(document, metadata, rules);
  const members = sliceObject(metadata ?? "{}");
  const beside = sliceObject(rest ?? "{}");
  beside.delete(markKey);
  return (
    joinInto(members, beside) ??
    joinInto(members, new Map(tenant === null ? [] : [[tenantKey, JSON.stringify(tenant)]])) ??
    finished(document, objectOf(members), rules)
  );
}

/** Of an application that writes as the layout says, the layout's places are read; of any other payload the top-level keys. */
function foreignPayload(text: string, rules: ExportRules): Payload | Fault {
  const members = sliceObject(text);
  if (noteAlone(members.get(markKey))) members.delete(markKey);
  if (rules.layout === "llamaindex") return finished(...ownNode(objectOf(members)), rules);
  const places = layoutPlaces(rules.layout);
  const document = takeText(members, places.document);
  const inner = places.metadata === null ? undefined : members.get(places.metadata);
  if (places.metadata === null || !inner?.startsWith("{"))
    return finished(document, objectOf(members), rules);
  members.delete(places.metadata);
  const metadata = sliceObject(inner);
  return joinInto(metadata, members) ?? finished(document, objectOf(metadata), rules);
}

/** LlamaIndex keeps a node's text inside it in a Qdrant, and beside it in a Chroma. */
function ownNode(text: string): [document: string | null, metadata: string] {
  const own = isOwnNode(text) ? withoutText(text, '""') : null;
  return own === null ? [null, text] : [own.document, own.metadata];
}

/** Whether what stands under the mark is nothing but a time, which a Chroma has no place for. */
function noteAlone(mark: string | undefined): boolean {
  return mark?.startsWith("{") === true && [...sliceObject(mark).keys()].join() === "created_at";
}

function takeText(members: Map<string, string>, key: string | null): string | null {
  const text = key === null ? undefined : members.get(key);
  if (key === null || text === undefined) return null;
  if (text.startsWith('"')) members.delete(key);
  if (text === "null") members.delete(key);
  return text.startsWith('"') ? stringOf(text) : null;
}

/** Puts the others in; the fault where a key is there already. */
function joinInto(members: Map<string, string>, others: ReadonlyMap<string, string>): Fault | null {
  for (const [key, text] of others) {
    const there = members.get(key);
    if (there !== undefined && there !== text) return meeting(key);
    members.set(key, text);
  }
  return null;
}

function meeting(key: string): Fault {
  return {
    reason: "reserved-key",
    detail: `The key ${JSON.stringify(key)} would stand twice in the record's metadata, with two values.`,
  };
}

function finished(
  document: string | null,
  metadata: string | null,
  { flatten }: ExportRules,
): Payload | Fault {
  if (metadata === null) return { document, metadata };
  const positive = metadata.includes("-0") ? withoutNegativeZeros(metadata) : metadata;
  if (!flatten) return { document, metadata: nonEmpty(positive) };
  const members = new Map<string, string>();
  const fault = flattenInto(members, "", positive);
  return fault ?? { document, metadata: nonEmpty(objectOf(members)) };
}

function nonEmpty(metadata: string): string | null {
  return metadata === "{}" ? null : metadata;
}

function flattenInto(members: Map<string, string>, prefix: string, object: string): Fault | null {
  for (const [name, text] of sliceObject(object)) {
    const key = `${prefix}${name}`;
    if (text.startsWith("{")) {
      const fault = flattenInto(members, `${key}.`, text);
      if (fault !== null) return fault;
      continue;
    }
    const value = text.startsWith("[") ? heldList(text) : text;
    if (value === null || value === "null") continue;
    if (members.has(key)) return meeting(key);
    members.set(key, value);
  }
  return null;
}

/** null = it is empty. */
function heldList(text: string): string | null {
  const elements = parseLossless(text);
  if (!Array.isArray(elements)) return text;
  if (elements.length === 0) return null;
  const types = new Set(elements.map((one) => typeof one));
  return types.size === 1 && !types.has("object") ? text : JSON.stringify(text);
}

const negativeZero = /^-0(?:\.0+)?(?:[eE][+-]?\d+)?$/;

/** The object with 0.0 for each −0.0 that is a value of it, or of a list in it. @throws SyntaxError */
function withoutNegativeZeros(object: string): string {
  const members = sliceObject(object);
  const positive = (text: string): string =>
    negativeZero.test(text) ? (text === "-0" ? "0" : "0.0") : text;
  for (const [key, text] of members)
    members.set(
      key,
      text.startsWith("[") ? `[${sliceArray(text).map(positive).join(",")}]` : positive(text),
    );
  return objectOf(members);
}

function objectOf(members: ReadonlyMap<string, string>): string {
  const texts = Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`);
  return `{${texts.join(",")}}`;
}
