/** Whether a collection that stands there is one that can be read, and the one that is wanted. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo, CollectionSpec, PayloadIndex } from "../../model/collection.ts";
import { schemaConflict } from "../../model/collection-note.ts";
import { qdrantDistances } from "../../model/distance.ts";
import { tenantKey } from "../../model/layout.ts";
import type { CollectionState } from "./api.ts";
import { describedIndexes, describedVector } from "./described.ts";

/** @throws E_NOT_SUPPORTED where all vectors of the collection have names */
export function assertUnnamed<Collection extends Pick<CollectionInfo, "name" | "dimension">>(
  collection: Collection,
): Collection {
  if (collection.dimension !== null) return collection;
  throw new VectorError(
    "E_NOT_SUPPORTED",
    `Collection "${collection.name}" has named vectors only; vecferry reads and writes the unnamed one.`,
  );
}

/** @throws E_NOT_SUPPORTED, E_SCHEMA_CONFLICT */
export function assertFits(spec: CollectionSpec, state: CollectionState): void {
  const { name, metric } = state;
  const { dimension } = assertUnnamed(state);
  if (dimension !== null && dimension !== spec.dimension)
    throw schemaConflict(name, "dimension", dimension, spec.dimension);
  const described =
    spec.described === undefined ? null : describedVector(spec, spec.described.configuration);
  const wanted = described?.distance ?? qdrantDistances[spec.distance];
  if (metric !== null && metric !== wanted) throw schemaConflict(name, "distance", metric, wanted);
}

/** The indexes that are not there yet: the tenant's first. */
export function lacking(spec: CollectionSpec, state: CollectionState): PayloadIndex[] {
  if (spec.described !== undefined)
    return describedIndexes(spec, spec.described.schema).filter(
      ({ key }) => !state.indexes.includes(key),
    );
  const tenantIndex: PayloadIndex = { key: tenantKey, type: "keyword", tenant: true };
  const others = spec.indexes.filter(({ key }) => !spec.tenanted || key !== tenantKey);
  const wanted = spec.tenanted ? [tenantIndex, ...others] : others;
  return wanted.filter(({ key }) => !state.indexes.includes(key));
}
