/** What changes of aliases come to, by Qdrant's rules; unlike a server's they are made all or not at all. */
import { VectorError } from "../../errors.ts";
import { collectionNotFound, notFound } from "../errors.ts";
import type { AliasChange } from "./catalog.ts";
import { assertText } from "./sqlite.ts";

/**
 * The aliases after `changes`, in their order. An alias that exists is pointed anew; to delete one that does not is no error.
 * @throws E_COLLECTION_NOT_FOUND, E_SCHEMA_CONFLICT where an alias would have a collection's name, E_INPUT (404) for a rename of none, (422) for a NUL in a name
 */
export function changedAliases(
  aliases: ReadonlyMap<string, string>,
  changes: readonly AliasChange[],
  collections: ReadonlySet<string>,
): Map<string, string> {
  const changed = new Map(aliases);
  for (const change of changes) {
    if (change.kind === "delete") {
      changed.delete(change.alias);
      continue;
    }
    const fresh = change.kind === "create" ? change.alias : change.to;
    assertText("alias", fresh);
    const collection = change.kind === "create" ? change.collection : changed.get(change.alias);
    if (collection === undefined)
      throw notFound(`Not found: Alias ${change.alias} does not exists!`);
    if (!collections.has(collection)) throw collectionNotFound(collection);
    if (collections.has(fresh)) throw nameTaken(fresh);
    if (change.kind === "rename") changed.delete(change.alias);
    changed.set(fresh, collection);
  }
  return changed;
}

function nameTaken(name: string): VectorError {
  return new VectorError(
    "E_SCHEMA_CONFLICT",
    `Wrong input: Collection \`${name}\` already exists!`,
    {
      details: { status: 409, collection: name },
    },
  );
}
