/** The vector sets that a configuration asks for. */
import type { CollectionConfig, SparseVectorParams, VectorParams } from "../api.ts";
import type { CollectionFile } from "../storage/collection-file.ts";
import { DenseSet } from "../vectors/dense-set.ts";
import { MultiSet } from "../vectors/multi-set.ts";
import { SparseSet } from "../vectors/sparse-set.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { applyIndexing } from "./indexing.ts";
import { vectorParams } from "./vector-config.ts";

/** An empty set for vectors that are not sparse. */
export function newSet(name: string, params: VectorParams): VectorSet {
  return params.multivector_config === undefined
    ? new DenseSet(name, params)
    : new MultiSet(name, params);
}

/** An empty set of sparse vectors. */
export function newSparseSet(name: string, params: SparseVectorParams): VectorSet {
  return new SparseSet(name, params);
}

/** Empty sets by name; the unnamed vector has the name ''. */
export function vectorSets({ params }: CollectionConfig): Map<string, VectorSet> {
  const sets = new Map<string, VectorSet>();
  for (const [name, each] of vectorParams(params.vectors)) sets.set(name, newSet(name, each));
  for (const [name, each] of Object.entries(params.sparse_vectors ?? {}))
    sets.set(name, newSparseSet(name, each));
  return sets;
}

/** Gives sets that are there the parameters of a changed configuration. */
export function configureSets(
  sets: ReadonlyMap<string, VectorSet>,
  config: CollectionConfig,
  file: CollectionFile,
): void {
  applyIndexing(config, sets, file);
  const { params } = config;
  for (const [name, each] of Object.entries(params.sparse_vectors ?? {})) {
    const set = sets.get(name);
    if (set instanceof SparseSet) set.configure(each);
  }
}
