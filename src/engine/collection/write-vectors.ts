/** What changes vectors alone, and the names that a collection has. Each is checked as a whole before it changes anything. */
import type { VectorColumn } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import type { JsonInput, PointSelector, SparseVectorParams, VectorParams } from "../api.ts";
import { badInput, notFound } from "../errors.ts";
import { removeIndexFiles } from "../storage/index-file.ts";
import { pause } from "../turns.ts";
import { unknownVector } from "../vectors/checks.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { encodeConfig } from "./config.ts";
import { applyIndexing, releaseIndexes } from "./indexing.ts";
import { selectSlots } from "./select.ts";
import type { CollectionState } from "./state.ts";
import { vectorParams } from "./vector-config.ts";
import { newSet, newSparseSet } from "./vector-sets.ts";

/** Vectors for points that are there. */
export interface VectorRows {
  readonly ids: readonly string[];
  /** Those of some rows, by columns. @throws E_INPUT where those of one name are of several kinds or dimensions */
  columns(rows: readonly number[]): ReadonlyMap<string, VectorColumn>;
}

/** @throws E_INPUT (404) that names the first point that is not there */
function checkAllThere(state: CollectionState, ids: readonly string[]): void {
  const absent = ids.find((id) => state.ids.find(id) === -1);
  if (absent !== undefined) throw notFound(`Not found: No point with id ${absent} found`);
}

function setOf(state: CollectionState, name: string): VectorSet {
  const set = state.vectors.get(name);
  if (set === undefined) throw unknownVector(name);
  return set;
}

/**
 * Writes the vectors that are given; a point's others stay. Points that do not fit `filter` are left alone.
 * @throws E_INPUT; 404 for absent points, when those that are there are written, as a server does it
 */
export function updateVectors(
  state: CollectionState,
  { ids, columns }: VectorRows,
  filter?: JsonInput,
): void {
  const fitting = filter === undefined ? null : new Set(selectSlots(state, { filter }));
  const slots = ids.map((id) => state.ids.find(id));
  // A server looks at the vectors of no other points.
  const rows = slots.flatMap((slot, row) =>
    slot === -1 || fitting?.has(slot) === false ? [] : [row],
  );
  const writes = [...columns(rows)].map(([name, column]) => {
    const set = setOf(state, name);
    return { set, column: set.prepare(column, rows.length) };
  });
  for (const [at, row] of rows.entries()) {
    const slot = slots[row] ?? -1;
    for (const { set, column } of writes) if (isPresent(column, at)) set.write(slot, column, at);
    pause();
  }
  checkAllThere(state, ids);
}

/** Takes the vectors of these names from the selected points. @throws E_INPUT; 404 for absent points, when the others have lost theirs */
export function deleteVectors(
  state: CollectionState,
  selector: PointSelector,
  names: readonly string[],
): void {
  const slots = [...selectSlots(state, selector)];
  // Where there is no point, a server does not come to look at names.
  const sets = slots.length === 0 ? [] : names.map((name) => setOf(state, name));
  for (const slot of slots) {
    for (const set of sets) set.remove(slot, true);
    pause();
  }
  if ("ids" in selector) checkAllThere(state, selector.ids);
}

/** A name to add: of dense vectors or multivectors, or of sparse ones. */
export type NewVector = { readonly dense: VectorParams } | { readonly sparse: SparseVectorParams };

/** Whether a name is to be added: false where it is there with the same parameters. @throws E_INPUT where it is with others */
export function isNewVectorName(state: CollectionState, name: string, vector: NewVector): boolean {
  const { params } = state.config;
  const dense = vectorParams(params.vectors).get(name);
  const known = params.sparse_vectors ?? {};
  const sparse = Object.hasOwn(known, name) ? known[name] : undefined;
  if ("dense" in vector) {
    if (sparse !== undefined) throw taken(`Vector \`${name}\``, "as a sparse vector");
    if (dense === undefined) return true;
    if (sameSpace(dense, vector.dense)) return false;
    throw taken(`Vector \`${name}\``, "with a different configuration");
  }
  if (dense !== undefined) throw taken(`Vector \`${name}\``, "as a dense vector");
  if (sparse === undefined) return true;
  if (sameSparse(sparse, vector.sparse)) return false;
  throw taken(`Sparse vector \`${name}\``, "with a different configuration");
}

/** Adds a name that `isNewVectorName`. */
export function addVectorName(state: CollectionState, name: string, vector: NewVector): void {
  const { params } = state.config;
  if ("dense" in vector) {
    const dense = vectorParams(params.vectors);
    const vectors = Object.fromEntries([...dense, [name, vector.dense] as const].sort(byName));
    configure(state, { ...params, vectors });
    state.vectors.set(name, newSet(name, vector.dense));
    applyIndexing(state.config, state.vectors, state.file);
    return;
  }
  const entries = Object.entries({ ...params.sparse_vectors, [name]: vector.sparse }).sort(byName);
  configure(state, { ...params, sparse_vectors: Object.fromEntries(entries) });
  state.vectors.set(name, newSparseSet(name, vector.sparse));
}

/** Takes a name away, with all its vectors; nothing where there is none. */
export function removeVectorName(state: CollectionState, name: string): void {
  if (!state.vectors.has(name)) return;
  const { params } = state.config;
  const { [name]: _, ...sparse } = params.sparse_vectors ?? {};
  const dense = vectorParams(params.vectors);
  configure(
    state,
    dense.delete(name)
      ? { ...params, vectors: Object.fromEntries(dense) }
      : { ...params, sparse_vectors: sparse },
  );
  releaseIndexes(state.vectors.get(name));
  state.vectors.delete(name);
  state.file.removeVectors(name);
  removeIndexFiles(state.file.path, [name]);
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

function configure(state: CollectionState, params: CollectionState["config"]["params"]): void {
  const config = { ...state.config, params };
  state.file.saveConfig(encodeConfig(config));
  state.config = config;
}

function taken(what: string, how: string): Error {
  return badInput(`Wrong input: ${what} already exists ${how}`);
}

function sameSpace(one: VectorParams, other: VectorParams): boolean {
  return (
    one.size === other.size &&
    one.distance === other.distance &&
    one.datatype === other.datatype &&
    one.multivector_config?.comparator === other.multivector_config?.comparator
  );
}

function sameSparse(one: SparseVectorParams, other: SparseVectorParams): boolean {
  return one.modifier === other.modifier && one.index?.datatype === other.index?.datatype;
}
