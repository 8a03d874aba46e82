import type { CollectionInfo } from "../../src/model/collection.ts";

/** A collection of which nothing is known but its name, and what `known` says. */
export function blankCollection<Known extends Partial<CollectionInfo>>(
  name: string,
  known: Known,
): CollectionInfo & Known {
  return {
    key: name,
    name,
    tenant: null,
    database: null,
    dimension: null,
    distance: null,
    distanceFrom: null,
    count: null,
    metadata: null,
    configuration: null,
    schema: null,
    status: null,
    note: null,
    ...known,
  };
}
