/** A collection as the port describes it, from its state. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { CollectionState } from "./api.ts";

export function infoOf(state: CollectionState): CollectionInfo {
  const { name, dimension, distance, points, status, note, index, unread } = state;
  const { configuration, schema } = state;
  return {
    key: name,
    name,
    tenant: null,
    database: null,
    dimension,
    distance,
    distanceFrom: distance === null ? null : "configuration",
    count: points,
    metadata: null,
    configuration,
    schema,
    status,
    note,
    ...(index === null ? {} : { index }),
    ...(unread.length === 0 ? {} : { unread }),
  };
}
