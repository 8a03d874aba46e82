/** Which collections of a source a scope means. */
import { VectorError } from "../errors.ts";
import type { CollectionInfo } from "../model/collection.ts";
import { nameList } from "../util/name-list.ts";
import type { Scope } from "./request.ts";

/**
 * The collections in scope, in the source's order. @throws E_COLLECTION_NOT_FOUND for a name or a scope that fits none,
 * E_CONFIG when two collections in scope bear one name
 */
export function selectCollections(
  found: readonly CollectionInfo[],
  scope: Scope,
  address: string,
): CollectionInfo[] {
  const names = [...new Set(found.map(({ name }) => name))];
  const absent = scope.collections?.filter((name) => !names.includes(name)) ?? [];
  if (absent.length > 0) {
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `The source has no collection ${absent.map((name) => JSON.stringify(name)).join(", ")}. It has: ${nameList(names)}.`,
      {
        details: { absent },
      },
    );
  }
  const selected = found.filter(inScope(scope));
  if (selected.length === 0) {
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `No collection of the source is in the scope. It has: ${nameList(names)}.`,
    );
  }
  assertNamesDiffer(selected, address);
  return selected;
}

/** Whether a collection of this name is in scope. */
export function inScope(
  scope: Pick<Scope, "collections" | "include" | "exclude">,
): (info: { readonly name: string }) => boolean {
  const include = scope.include.map(globPattern);
  const exclude = scope.exclude.map(globPattern);
  return ({ name }) =>
    (scope.collections === null || scope.collections.includes(name)) &&
    (include.length === 0 || include.some((pattern) => pattern.test(name))) &&
    !exclude.some((pattern) => pattern.test(name));
}

function assertNamesDiffer(selected: readonly CollectionInfo[], address: string): void {
  for (const [name, same] of Map.groupBy(selected, (info) => info.name)) {
    if (same.length === 1) continue;
    const places = same.map(
      ({ tenant, database }) =>
        `${address}?tenant=${encodeURIComponent(tenant ?? "")}&database=${encodeURIComponent(database ?? "")}`,
    );
    throw new VectorError(
      "E_CONFIG",
      `${same.length} collections bear the name ${JSON.stringify(name)}.`,
      {
        next: `Carry one tenant and database at a time: ${places.join(" and ")}`,
      },
    );
  }
}

/** `*` is any text, `?` any one character. */
function globPattern(glob: string): RegExp {
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  return new RegExp(`^${pattern}$`, "u");
}
