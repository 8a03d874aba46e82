/** The vectors that a Qdrant's description of a collection names, by kind. */
import { z } from "zod";
import type { CollectionInfo, VectorShape } from "../../model/collection.ts";
import { defaultVector } from "../../model/record.ts";
import type { WantedVector } from "../../wire/vector-reader.ts";

/** The parameters of dense vectors, or of multivectors. */
const vectorParams = z.looseObject({
  size: z.number(),
  distance: z.string(),
  multivector_config: z.unknown().optional(),
  hnsw_config: z.unknown().optional(),
});
type VectorParams = z.infer<typeof vectorParams>;
/** Those of the vectors without a name, or those of each name. */
export const vectorsParams = z.union([vectorParams, z.record(z.string(), vectorParams)]);
type VectorsParams = z.infer<typeof vectorsParams>;
export const sparseParams = z.record(z.string(), z.unknown());

/** The dense vectors without a name, or the multivectors; null where all have names. */
export function unnamedVector(vectors: VectorsParams | null | undefined): VectorParams | null {
  return namedVectors(vectors)[defaultVector] ?? null;
}

function namedVectors(vectors: VectorsParams | null | undefined): Record<string, VectorParams> {
  const single = vectorParams.safeParse(vectors);
  if (single.success) return { [defaultVector]: single.data };
  return z.record(z.string(), vectorParams).parse(vectors ?? {});
}

/** All vectors, by name. */
export function vectorShapes(params: {
  readonly vectors?: VectorsParams | null | undefined;
  readonly sparse_vectors?: Readonly<Record<string, unknown>> | null | undefined;
}): VectorShape[] {
  const dense = Object.entries(namedVectors(params.vectors)).map(([name, params]): VectorShape => {
    const { size, distance, multivector_config } = params;
    return {
      name,
      kind: multivector_config == null ? "dense" : "multi",
      dimension: size,
      distance,
    };
  });
  const sparse = Object.keys(params.sparse_vectors ?? {}).map((name): VectorShape => {
    return { name, kind: "sparse", dimension: null, distance: null };
  });
  return [...dense, ...sparse].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The dense vectors without a name; null where there are none. */
export function unnamedShape(shapes: readonly VectorShape[]): VectorShape | null {
  return shapes.find(({ name, kind }) => name === defaultVector && kind === "dense") ?? null;
}

/** Whether there is one dense vector without a name, and no other. */
export function isPlain(shapes: readonly VectorShape[]): boolean {
  return shapes.length === 1 && unnamedShape(shapes) !== null;
}

/** What is to be read of a collection's points. */
export function wantedVectors({
  vectors,
  dimension,
}: Pick<CollectionInfo, "vectors" | "dimension">): readonly WantedVector[] {
  return vectors ?? (dimension === null ? [] : [{ name: defaultVector, kind: "dense", dimension }]);
}
