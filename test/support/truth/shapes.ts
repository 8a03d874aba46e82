/** Collections of every kind of vector and distance, and vectors that fit them. */
import type { Body, Draw } from "./draw.ts";

export type Distance = "Cosine" | "Dot" | "Euclid" | "Manhattan";

export interface VectorShape {
  /** '' = the unnamed vector. */
  readonly name: string;
  readonly kind: "dense" | "sparse" | "multi";
  readonly size: number;
  readonly distance: Distance;
  readonly datatype: "float32" | "float16" | "uint8";
  readonly idf: boolean;
}

/** What a judge can be asked. */
export interface Abilities {
  /** What an engine of one collection does not have: groups, batches of queries, descriptions, single points. */
  readonly server: boolean;
  /**
   * What later versions do in another way than 1.18.2: text in a field without an index (part of a string, then words), the count of values
   * that are not there (no match, then 0), nulls in lists and in a first payload, scores of float16, what IDF counts.
   */
  readonly as1182: boolean;
  /** What qdrant-edge-py leaves out: averages and MMR of vectors of any kind; `true` to match, which it takes for 1. */
  readonly whole: boolean;
}

/** What the sequence so far has made of one collection. */
export interface Shape {
  readonly abilities: Abilities;
  readonly name: string;
  readonly vectors: VectorShape[];
  /** Field and type of each payload index. */
  readonly indexes: Map<string, string>;
  /** Points that were written and not deleted by their id: most of them are there. */
  readonly ids: Set<string>;
}

const distances: readonly Distance[] = ["Cosine", "Dot", "Euclid", "Manhattan"];

function dense(draw: Draw, name: string, abilities: Abilities): VectorShape {
  const datatype = draw.weighted([
    [6, () => "float32" as const],
    [abilities.as1182 ? 1 : 0, () => "float16" as const],
    [1, () => "uint8" as const],
  ]);
  const distance = draw.of(distances);
  return { name, kind: "dense", size: draw.int(3, 9), distance, datatype, idf: false };
}

function multi(draw: Draw, name: string): VectorShape {
  const distance = draw.of(distances);
  return { name, kind: "multi", size: draw.int(2, 5), distance, datatype: "float32", idf: false };
}

function sparse(draw: Draw, name: string, abilities: Abilities): VectorShape {
  const idf = draw.chance(0.5) && abilities.as1182;
  return { name, kind: "sparse", size: 0, distance: "Dot", datatype: "float32", idf };
}

/** A new collection's shape: one unnamed vector, or several names. */
export function drawShape(draw: Draw, name: string, abilities: Abilities): Shape {
  const vectors = draw.weighted<VectorShape[]>([
    [3, () => [dense(draw, "", abilities)]],
    [1, () => [multi(draw, "")]],
    [1, () => [dense(draw, "", abilities), sparse(draw, "words", abilities)]],
    [1, () => [sparse(draw, "words", abilities)]],
    [
      5,
      () => [
        dense(draw, "image", abilities),
        dense(draw, "text", abilities),
        multi(draw, "late"),
        sparse(draw, "words", abilities),
      ],
    ],
  ]);
  return { abilities, name, vectors, indexes: new Map(), ids: new Set() };
}

/** The body that creates it. */
export function configOf(draw: Draw, shape: Shape): Body {
  const vectors: Record<string, Body> = {};
  const sparseVectors: Record<string, Body> = {};
  for (const vector of shape.vectors) {
    if (vector.kind === "sparse") sparseVectors[vector.name] = sparseParams(vector);
    else vectors[vector.name] = denseParams(draw, vector);
  }
  return {
    vectors: "" in vectors ? vectors[""] : vectors,
    ...(Object.keys(sparseVectors).length > 0 ? { sparse_vectors: sparseVectors } : {}),
    ...draw.maybe(0.2, { on_disk_payload: () => draw.chance(0.5), metadata: () => ({ made: 1 }) }),
  };
}

export function denseParams(draw: Draw, vector: VectorShape): Body {
  return {
    size: vector.size,
    distance: vector.distance,
    ...(vector.kind === "multi" ? { multivector_config: { comparator: "max_sim" } } : {}),
    ...(vector.datatype === "float32" ? {} : { datatype: vector.datatype }),
    ...draw.maybe(0.1, { on_disk: () => draw.chance(0.5) }),
  };
}

function sparseParams(vector: VectorShape): Body {
  return vector.idf ? { modifier: "idf" } : {};
}

/** A vector of that shape, as a point or a query has it. */
export function drawVector(draw: Draw, shape: VectorShape): Body {
  if (shape.kind === "sparse") {
    const indices = draw.some([...Array(25).keys()], 1).slice(0, draw.int(1, 6));
    return { indices, values: indices.map(() => draw.component()) };
  }
  const component = () => (shape.datatype === "uint8" ? draw.int(1, 255) : draw.component());
  const row = () => Array.from({ length: shape.size }, component);
  return shape.kind === "dense" ? row() : draw.list(1, 4, row);
}

/** A point's `vector` member: all of its vectors, or some of those with names. */
export function drawVectors(draw: Draw, shape: Shape, least = 0): Body {
  const [only] = shape.vectors;
  if (only && shape.vectors.length === 1 && only.name === "") return drawVector(draw, only);
  const chosen = draw.chance(0.6) ? shape.vectors : draw.some(shape.vectors, least);
  return Object.fromEntries(chosen.map((vector) => [vector.name, drawVector(draw, vector)]));
}

const uuids = [
  "00000000-0000-4000-8000-000000000001",
  "8f14e45f-ceea-467f-a9e2-0b1b8f2f3a77",
  "c9f0f895-fb98-4b91-99f3-6f2e4a1d5b88",
  "ffffffff-ffff-4fff-bfff-ffffffffffff",
];

/** An id as its JSON text: one of few, so that points meet again. */
export function drawId(draw: Draw): string {
  return draw.weighted([
    [12, () => String(draw.int(0, 40))],
    [3, () => JSON.stringify(draw.of(uuids))],
    [1, () => draw.of(["9007199254740993", "18446744073709551615"])],
  ]);
}

/** An id that is likely to be there, as its JSON text. */
export function knownId(draw: Draw, shape: Shape): string {
  return shape.ids.size > 0 && draw.chance(0.97) ? draw.of([...shape.ids]) : drawId(draw);
}
