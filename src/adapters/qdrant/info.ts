/** A collection as the port describes it, from its state. */
import type { CollectionInfo, ShardKey } from "../../model/collection.ts";
import { fromQdrantDistance } from "../../model/distance.ts";
import type { CollectionState } from "./api.ts";
import { isPlain, unnamedShape } from "./shapes.ts";

/** What is not in a collection's description. */
export interface Beside {
  readonly shardKeys?: readonly ShardKey[];
  readonly aliases?: readonly string[];
}

export function infoOf(state: CollectionState, beside: Beside = {}): CollectionInfo {
  const { name, vectors, points, status, note, index } = state;
  const { configuration, schema } = state;
  const unnamed = unnamedShape(vectors);
  const dimension = unnamed?.dimension ?? null;
  const metric = unnamed?.distance ?? null;
  const distance = metric === null ? null : fromQdrantDistance(metric);
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
    ...(isPlain(vectors) ? {} : { vectors }),
    ...beside,
  };
}
