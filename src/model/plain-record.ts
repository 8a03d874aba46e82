/** What plain payloads say of their records: the same as `PayloadDecoder` reads out of their texts, for who reads no types. */
import { isObject, type PlainObject } from "../util/json.ts";
import type { Layout } from "./collection.ts";
import { layoutPlaces, markKey, tenantKey } from "./layout.ts";

export interface PlainRecord {
  readonly id: string;
  readonly document: string | null;
  readonly tenant: string | null;
  /** Null where there is none, or an empty one. */
  readonly metadata: PlainObject | null;
  readonly createdAt: string | null;
  /** NaN = none. */
  readonly norm: number;
}

/** Whether the layout keeps metadata apart, so that a record can be read out of plain values. */
export function keepsMetadataApart(layout: Layout): boolean {
  const { document, metadata } = layoutPlaces(layout);
  return document !== null && metadata !== null;
}

/** The record in a payload of such a layout; null where its text must be read: it is not vecferry's, or has numbers that a server does not give back as they were sent. */
export function plainRecord(payload: PlainObject, layout: Layout): PlainRecord | null {
  const places = layoutPlaces(layout);
  const mark = payload[markKey];
  if (!isObject(mark) || mark["exact"] !== undefined) return null;
  const id = textOf(mark["id"]);
  if (id === null || places.document === null || places.metadata === null) return null;
  const metadata = payload[places.metadata];
  const norm = textOf(mark["norm"]);
  return {
    id,
    document: textOf(payload[places.document]),
    tenant: textOf(payload[tenantKey]),
    metadata: isObject(metadata) && hasMembers(metadata) ? metadata : null,
    createdAt: textOf(mark["created_at"]),
    norm: norm === null ? Number.NaN : Number(norm),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function hasMembers(object: PlainObject): boolean {
  for (const key in object) if (Object.hasOwn(object, key)) return true;
  return false;
}
