/** Whether a collection that stands there is one that can be read, and the one that is wanted. */
import { VectorError } from "../../errors.ts";
import type {
  CollectionInfo,
  CollectionSpec,
  PayloadIndex,
  VectorShape,
} from "../../model/collection.ts";
import { schemaConflict } from "../../model/collection-note.ts";
import { qdrantDistances } from "../../model/distance.ts";
import { tenantKey } from "../../model/layout.ts";
import { defaultVector } from "../../model/record.ts";
import type { CollectionState } from "./api.ts";
import { describedIndexes, describedShapes } from "./described.ts";
import { isPlain, unnamedShape } from "./shapes.ts";

/** @throws E_NOT_SUPPORTED where all vectors of the collection have names */
export function assertUnnamed<Collection extends Pick<CollectionInfo, "name" | "dimension">>(
  collection: Collection,
): Collection {
  if (collection.dimension !== null) return collection;
  throw new VectorError(
    "E_NOT_SUPPORTED",
    `Collection "${collection.name}" has no dense vector without a name, and that is the one that is searched, and that Chroma's records have.`,
  );
}

/** @throws E_NOT_SUPPORTED, E_SCHEMA_CONFLICT */
export function assertFits(spec: CollectionSpec, state: CollectionState): void {
  const { name, vectors, sharded } = state;
  const wanted = wantedShapes(spec);
  if (isPlain(wanted)) assertUnnamed({ name, dimension: unnamedShape(vectors)?.dimension ?? null });
  for (const shape of wanted) assertShape(name, shape, vectors);
  if ((spec.shardKeys !== undefined) !== sharded && (sharded || spec.described === undefined))
    throw schemaConflict(name, "sharding", methodOf(sharded), methodOf(!sharded));
}

function methodOf(sharded: boolean): string {
  return sharded ? "custom" : "auto";
}

/** The vectors that a collection is to have. */
export function wantedShapes(spec: CollectionSpec): readonly VectorShape[] {
  const { described, vectors, dimension, distance } = spec;
  if (described !== undefined) return describedShapes(spec, described.configuration);
  const metric = qdrantDistances[distance];
  return vectors ?? [{ name: defaultVector, kind: "dense", dimension, distance: metric }];
}

function assertShape(name: string, wanted: VectorShape, there: readonly VectorShape[]): void {
  const of = wanted.name === defaultVector ? "" : ` of vector ${JSON.stringify(wanted.name)}`;
  const found = there.find((shape) => shape.name === wanted.name);
  if (found?.kind !== wanted.kind)
    throw schemaConflict(name, `kind${of}`, found?.kind ?? "none", wanted.kind);
  for (const what of ["dimension", "distance"] as const) {
    const [one, other] = [found[what], wanted[what]];
    if (one !== null && other !== null && one !== other)
      throw schemaConflict(name, what + of, one, other);
  }
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
