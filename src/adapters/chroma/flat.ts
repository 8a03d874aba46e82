/**
 * How a document of a tenant stands in a Chroma, which has no payload but flat metadata: under the id of its point, document and
 * uri in their own columns, and beside the metadata's keys
 *
 *   tenant_id   the tenant, a text
 *   _vecferry   { id, run?, norm?, collection?, created_at? } as the text of its JSON, all of it text: `norm` a float64 in decimal
 *
 * A key of the metadata that is one of these, or begins with `_vecferry.`, stands there with `_vecferry.` before it.
 *
 * In a plain collection a record stands as a Chroma has it: under its own id, with nothing beside its metadata.
 */
import { z } from "zod";
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import type { Metadata } from "../../model/filter.ts";
import { markKey, tenantKey } from "../../model/layout.ts";
import { Members } from "../../model/members.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import { floatText, parseJson, sliceObject } from "../../util/json.ts";

/** What stands beside the metadata of a tenant's document. */
export const ownKeys: readonly string[] = [tenantKey, markKey];

const keyPrefix = `${markKey}.`;

/** The key under which one of a document's metadata stands. */
export function storedKey(key: string): string {
  return ownKeys.includes(key) || key.startsWith(keyPrefix) ? keyPrefix + key : key;
}

/** What a record's metadata says of it. */
export interface FlatRecord {
  /** null = vecferry did not write it so; then all of the metadata stands in `rest`. */
  readonly id: string | null;
  readonly tenant: string | null;
  /** JSON text of an object; null = none. */
  readonly metadata: string | null;
  readonly norm: number;
  readonly run: string | null;
  readonly collection: string | null;
  readonly createdAt: string | null;
  /** JSON text of an object with what else stands in the mark; null = nothing. */
  readonly rest: string | null;
}

/** Whether the documents of tenants stand in the collection, by its note. @throws E_SCHEMA_CONFLICT for a note of another format */
export function isTenanted({ name, note }: Pick<CollectionInfo, "name" | "note">): boolean {
  return parseNote(name, note)?.tenanted ?? false;
}

/** The id under which a row stands. */
export function keyOf(batch: PointBatch, row: number, tenanted: boolean): string {
  return (tenanted ? batch.placement.points[row] : batch.ids[row]) ?? "";
}

/** The metadata that is written for a row, as JSON text; null = none. @throws SyntaxError */
export function encodeFlat(batch: PointBatch, row: number, tenanted: boolean): string | null {
  const { payload, placement } = batch;
  const metadata = payload.metadata[row] ?? null;
  if (!tenanted) return metadata;
  const members = [membersOf(metadata ?? "{}")].filter((text) => text !== "");
  const tenant = placement.tenants[row] ?? null;
  if (tenant !== null) members.push(`"${tenantKey}":${JSON.stringify(tenant)}`);
  members.push(`"${markKey}":${JSON.stringify(encodeMark(batch, row))}`);
  return `{${members.join(",")}}`;
}

/** The members of an object (JSON text) under the keys where they stand. */
function membersOf(metadata: string): string {
  // A key may be spelled with escapes.
  if (!/tenant_id|_vecferry|\\/.test(metadata)) return metadata.trim().slice(1, -1).trim();
  return joinMembers(sliceObject(metadata), storedKey);
}

function joinMembers(
  members: ReadonlyMap<string, string>,
  rename: (key: string) => string,
): string {
  return Array.from(members, ([key, text]) => `${JSON.stringify(rename(key))}:${text}`).join(",");
}

function encodeMark({ ids, placement }: PointBatch, row: number): string {
  const norm = placement.norms[row] ?? Number.NaN;
  return JSON.stringify({
    id: ids[row],
    run: placement.runs[row] ?? undefined,
    norm: Number.isNaN(norm) ? undefined : floatText(norm),
    collection: placement.collections[row] ?? undefined,
    created_at: placement.createdAt?.[row] ?? undefined,
  });
}

/** The record in the metadata of a tenanted collection; the same values come back, type for type. @throws SyntaxError */
export function decodeFlat(text: string | null): FlatRecord {
  const members = new Members();
  const mark = new Members();
  members.read(text ?? "{}");
  const noted = members.takeString(markKey);
  mark.read(noted !== null && isObject(noted) ? noted : "{}");
  const id = mark.takeString("id");
  if (id === null) return foreign(text);
  const tenant = members.takeString(tenantKey);
  const run = mark.takeString("run");
  const norm = Number(mark.takeString("norm") ?? Number.NaN);
  const collection = mark.takeString("collection");
  const createdAt = mark.takeString("created_at");
  return {
    id,
    tenant,
    metadata: members.size === 0 ? null : withOwnKeys(members.join()),
    norm,
    run,
    collection,
    createdAt,
    rest: mark.size === 0 ? null : `{"${markKey}":${mark.join()}}`,
  };
}

/** The metadata (JSON text) under the keys that the document gave it. */
function withOwnKeys(metadata: string): string {
  if (!metadata.includes(keyPrefix)) return metadata;
  const given = (key: string) => (key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : key);
  return `{${joinMembers(sliceObject(metadata), given)}}`;
}

/** Whether the mark in a record's metadata has these values. */
export function isMarked(
  metadata: Metadata,
  wanted: { readonly run?: string; readonly collection?: string },
): boolean {
  const noted = metadata[markKey];
  const found = markTexts.safeParse(parseJson(typeof noted === "string" ? noted : "")).data;
  return (
    found !== undefined &&
    (wanted.run === undefined || found.run === wanted.run) &&
    (wanted.collection === undefined || found.collection === wanted.collection)
  );
}

const markTexts = z.object({
  id: z.string(),
  run: z.string().optional(),
  collection: z.string().optional(),
});

function isObject(text: string): boolean {
  const value = parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function foreign(text: string | null): FlatRecord {
  return {
    id: null,
    tenant: null,
    metadata: null,
    norm: Number.NaN,
    run: null,
    collection: null,
    createdAt: null,
    rest: text,
  };
}

/** Records as a Chroma gave them, with their places. @throws SyntaxError */
export function placed(batch: RecordBatch, tenanted: boolean): PointBatch {
  const keys = batch.ids;
  const read = tenanted ? batch.payload.metadata.map(decodeFlat) : keys.map(() => null);
  const column = <Value>(of: (record: FlatRecord) => Value, plain: Value): Value[] =>
    read.map((record) => (record === null ? plain : of(record)));
  return {
    ids: read.map((record, row) => record?.id ?? keys[row] ?? ""),
    vectors: batch.vectors,
    payload: {
      ...batch.payload,
      metadata: read.map((record, row) =>
        record === null ? (batch.payload.metadata[row] ?? null) : record.metadata,
      ),
    },
    placement: {
      points: keys,
      tenants: column(({ tenant }) => tenant, null),
      norms: Float64Array.from(column(({ norm }) => norm, Number.NaN)),
      runs: column(({ run }) => run, null),
      collections: column(({ collection }) => collection, null),
      rest: column(({ rest }) => rest, null),
      createdAt: column(({ createdAt }) => createdAt, null),
    },
  };
}
