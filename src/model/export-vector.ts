/** Which of a point's vectors becomes the one that a Chroma's record has. */
import { VectorError } from "../errors.ts";
import type { CollectionInfo, VectorShape } from "./collection.ts";
import { type Distance, fromQdrantDistance } from "./distance.ts";
import { defaultVector } from "./record.ts";

export interface ChosenVector {
  /** '' for the vector without a name. */
  readonly name: string;
  /** null = nothing was ever written. */
  readonly dimension: number | null;
  /** null = one that no Chroma has (Manhattan), or none is known. */
  readonly distance: Distance | null;
  /** What stays behind, in words (`sparse vectors "words"`). */
  readonly left: readonly string[];
}

/**
 * The dense vector named `wanted`; without a word about it the one without a name, else the only dense one. Sparse vectors and
 * multivectors have no place in a Chroma.
 * @throws E_CONFIG where there is none such, or there are several to choose from; it names them
 */
export function chooseVector(info: CollectionInfo, wanted: string | null): ChosenVector {
  const { distance, dimension } = info;
  const shards = info.shardKeys === undefined ? [] : ["shard keys"];
  if (info.vectors === undefined) {
    if (wanted !== null && wanted !== defaultVector) throw noSuchVector(info, wanted, []);
    return { name: defaultVector, dimension, distance, left: shards };
  }
  const dense = info.vectors.filter(({ kind }) => kind === "dense");
  const chosen =
    wanted === null
      ? (dense.find(({ name }) => name === defaultVector) ?? onlyOne(info, dense))
      : dense.find(({ name }) => name === wanted);
  if (chosen === undefined) throw noSuchVector(info, wanted ?? defaultVector, dense);
  return {
    name: chosen.name,
    dimension: chosen.dimension,
    distance: chosen.distance === null ? null : fromQdrantDistance(chosen.distance),
    left: [...info.vectors.filter((one) => one !== chosen).map(shown), ...shards],
  };
}

function onlyOne(info: CollectionInfo, dense: readonly VectorShape[]): VectorShape {
  const [only, ...others] = dense;
  if (only !== undefined && others.length === 0) return only;
  const what =
    only === undefined
      ? "has no dense vectors, and a Chroma's record has one"
      : `has several dense vectors (${names(dense)}), and a Chroma's record has one`;
  throw new VectorError("E_CONFIG", `Collection ${JSON.stringify(info.name)} ${what}.`, {
    next: only === undefined ? "Leave it out by --exclude." : "Choose one by --vector NAME.",
    details: { collection: info.name, vectors: dense.map(({ name }) => name) },
  });
}

function noSuchVector(
  { name }: CollectionInfo,
  wanted: string,
  dense: readonly VectorShape[],
): VectorError {
  const there = dense.length === 0 ? "only the one without a name" : names(dense);
  return new VectorError(
    "E_CONFIG",
    `Collection ${JSON.stringify(name)} has no dense vector ${JSON.stringify(wanted)}; it has ${there}.`,
    { next: "Choose another by --vector NAME.", details: { collection: name } },
  );
}

function names(shapes: readonly VectorShape[]): string {
  return shapes.map(({ name }) => JSON.stringify(name)).join(", ");
}

function shown({ kind, name }: VectorShape): string {
  const what = { dense: "vector", sparse: "sparse vectors", multi: "multivectors" }[kind];
  return `${what} ${JSON.stringify(name)}`;
}
