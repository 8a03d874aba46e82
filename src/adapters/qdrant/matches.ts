/** Whose points are meant, as matches of payload paths. */
import { VectorError } from "../../errors.ts";
import type { Layout } from "../../model/collection.ts";
import { markKey, metadataPath, tenantKey } from "../../model/layout.ts";
import type { SearchOptions } from "../../store/port.ts";
import type { Match } from "./api.ts";

/** What a search is confined to. @throws E_NOT_SUPPORTED for a key that no payload path can name */
export function searchMatches(
  { tenant, collection, filter = [] }: SearchOptions,
  layout: Layout,
): Match[] {
  const matches: Match[] = [];
  if (tenant !== undefined) matches.push({ key: tenantKey, value: tenant });
  if (collection !== undefined) matches.push({ key: `${markKey}.collection`, value: collection });
  for (const { key, value } of filter) {
    const path = metadataPath(layout, key);
    if (path === null) {
      throw new VectorError(
        "E_NOT_SUPPORTED",
        `Qdrant has no payload path for the metadata key ${JSON.stringify(key)}.`,
      );
    }
    matches.push({ key: path, value });
  }
  return matches;
}

/** The points that bear this mark. */
export function markMatches(mark: { readonly run: string; readonly collection?: string }): Match[] {
  const { run, collection } = mark;
  const matches: Match[] = [{ key: `${markKey}.run`, value: run }];
  if (collection !== undefined) matches.push({ key: `${markKey}.collection`, value: collection });
  return matches;
}
