/** Collections of a Qdrant that are made again here: only what an index of FAISS can hold. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { CollectionSpec } from "../../model/collection.ts";
import { qdrantDistances } from "../../model/distance.ts";
import { parseJson } from "../../util/json.ts";

/** One dense vector without a name, and the note that vecferry left. */
const configuration = z.looseObject({
  params: z.looseObject({
    vectors: z.looseObject({
      size: z.number(),
      distance: z.string(),
      multivector_config: z.null().optional(),
    }),
    sparse_vectors: z.record(z.string(), z.never()).nullish(),
  }),
  metadata: z.looseObject({ vecferry: z.unknown().optional() }).nullish(),
});

/** The note of a collection as Qdrant described it, as JSON text; null = it has none. @throws E_NOT_SUPPORTED where it has other vectors, or a distance that FAISS files do not have */
export function describedNote(spec: CollectionSpec, text: string): string | null {
  const parsed = configuration.safeParse(parseJson(text));
  const vectors = parsed.data?.params.vectors;
  if (vectors?.size !== spec.dimension || vectors.distance !== qdrantDistances[spec.distance]) {
    throw new VectorError(
      "E_NOT_SUPPORTED",
      `Collection "${spec.name}" has vectors or a distance that a FAISS index cannot hold.`,
      { cause: parsed.error, details: { collection: spec.name } },
    );
  }
  const note = parsed.data?.metadata?.vecferry;
  return note === undefined || note === null ? null : JSON.stringify(note);
}
