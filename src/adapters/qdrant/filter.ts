/** Which points are meant, as Qdrant's own filter over their payload. */
import { VectorError } from "../../errors.ts";
import type { Layout } from "../../model/collection.ts";
import type { MetadataMatch, Where } from "../../model/filter.ts";
import { markKey, metadataPath, reservedKeys, tenantKey } from "../../model/layout.ts";
import { keepsMetadataApart } from "../../model/plain-record.ts";
import type { PointCondition, PointFilter } from "./api.ts";
import { type Lists, type Place, whereCondition } from "./where.ts";

/** All of these at once. */
export interface Scope {
  /** Only this tenant's; null = only those that have none. */
  readonly tenant?: string | null | undefined;
  /** Only those whose mark names this source collection. */
  readonly collection?: string | undefined;
  /** Only those that bear this mark. */
  readonly mark?: { readonly run: string; readonly collection?: string } | undefined;
  readonly filter?: readonly MetadataMatch[] | undefined;
  readonly where?: Where | undefined;
}

/** How a collection's metadata is asked for. */
export interface Asking {
  readonly layout: Layout;
  readonly lists: Lists;
}

/**
 * The filter that asks for `scope`; undefined = all points. Whose points are meant is a condition beside the user's, which
 * can only narrow it. @throws E_INPUT (a key that is the layout's own, text that is no Unicode), E_NOT_SUPPORTED for a key
 * that no payload path can name
 */
export function scopeFilter(scope: Scope, asking: Asking): PointFilter | undefined {
  const { tenant, collection, mark, filter = [], where } = scope;
  const must: PointCondition[] = [];
  if (typeof tenant === "string") must.push(equals(tenantKey, tenant));
  if (tenant === null) must.push({ is_empty: { key: tenantKey } });
  if (collection !== undefined) must.push(equals(`${markKey}.collection`, collection));
  if (mark !== undefined) must.push(...markFilter(mark).must);
  for (const { key, value } of filter) must.push(equals(pathOf(asking.layout, key), value));
  if (where !== undefined) must.push(whereCondition(where, placeOf(asking)));
  return must.length === 0 ? undefined : { must };
}

/** The points that bear this mark. */
export function markFilter(mark: { readonly run: string; readonly collection?: string }) {
  const must = [equals(`${markKey}.run`, mark.run)];
  if (mark.collection !== undefined) must.push(equals(`${markKey}.collection`, mark.collection));
  return { must };
}

function placeOf({ layout, lists }: Asking): Place {
  return { lists, path: (key) => metadataKeyPath(layout, key) };
}

/** The path of a key that an application filters by. */
function metadataKeyPath(layout: Layout, key: string): string {
  if (!keepsMetadataApart(layout) && reservedKeys(layout).includes(key)) {
    throw new VectorError(
      "E_INPUT",
      `The key ${JSON.stringify(key)} is one of the layout's own; metadata has no such key in layout ${layout}.`,
      { details: { field: key } },
    );
  }
  return pathOf(layout, key);
}

function pathOf(layout: Layout, key: string): string {
  const path = metadataPath(layout, key);
  if (path?.isWellFormed()) return path;
  throw new VectorError(
    "E_NOT_SUPPORTED",
    `Qdrant has no payload path for the metadata key ${JSON.stringify(key)}.`,
  );
}

/** A path that must hold this value. Half a character is no text: by gRPC it would turn into another one. @throws E_INPUT */
function equals(key: string, value: string | bigint | boolean): PointCondition {
  if (typeof value === "string" && !value.isWellFormed())
    throw new VectorError("E_INPUT", `${JSON.stringify(value)} is no Unicode text.`);
  return { key, match: { value } };
}
