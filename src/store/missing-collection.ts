import { VectorError } from "../errors.ts";
import { nameList } from "../util/name-list.ts";

/** E_COLLECTION_NOT_FOUND with the names that exist. `where`: the store, in words or as an address. */
export function missingCollection(
  where: string,
  collection: string,
  there: readonly string[],
  cause?: unknown,
): VectorError {
  return new VectorError(
    "E_COLLECTION_NOT_FOUND",
    `${where} has no collection ${JSON.stringify(collection)}. It has ${nameList(there)}.`,
    { cause, details: { collection } },
  );
}
