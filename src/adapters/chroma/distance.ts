/** Which distance a collection has: what the server says, and what it computes. */
import { z } from "zod";
import type { DistanceFrom } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import { distances } from "../../model/distance.ts";

export interface NamedDistance {
  readonly distance: Distance;
  readonly from: DistanceFrom;
}

const space = z.enum(distances).optional().catch(undefined);
const holder = z.object({ space }).nullish().catch(undefined);
const said = z.object({
  metadata: z.object({ "hnsw:space": space }).nullish().catch(undefined),
  configuration_json: z
    .object({ hnsw: holder, spann: holder, hnsw_configuration: holder })
    .nullish()
    .catch(undefined),
  schema: z
    .object({
      keys: z.object({
        "#embedding": z.object({
          float_list: z.object({ vector_index: z.object({ config: z.object({ space }) }) }),
        }),
      }),
    })
    .nullish()
    .catch(undefined),
});

/**
 * What a collection's JSON says, by the servers' own rule: schema or configuration where it is not l2, else the metadata's `hnsw:space`, else l2.
 * `sure` = no released server says this wrongly. Servers 0.5 to 1.0.5, and later ones on an older folder, say l2 whatever is true.
 */
export function namedDistance(collection: unknown): NamedDistance & { sure: boolean } {
  const { metadata, configuration_json: configuration, schema } = said.parse(collection);
  const inMetadata = metadata?.["hnsw:space"];
  const inSchema = schema?.keys["#embedding"].float_list.vector_index.config.space;
  const inConfiguration =
    configuration?.hnsw?.space ??
    configuration?.spann?.space ??
    configuration?.hnsw_configuration?.space;
  const from = inSchema ? "schema" : inConfiguration ? "configuration" : "default";
  const configured = inSchema ?? inConfiguration ?? "l2";
  if (configured !== "l2")
    return {
      distance: configured,
      from,
      sure: inMetadata === undefined || inMetadata === configured,
    };
  if (inMetadata !== undefined) return { distance: inMetadata, from: "metadata", sure: false };
  return { distance: "l2", from, sure: false };
}

/** How far a server's float32 distance may be from ours, relative to the size of what it was computed from. */
const tolerance = 1e-4;

/**
 * Which distances give the numbers that a server answered. Chroma's formulas: l2 = Σ(a−b)², cosine = 1 − cos, ip = 1 − Σab.
 * Ask with a vector that is not of unit length, else cosine and ip agree where the stored ones are.
 */
export function fittingDistances(
  query: readonly number[],
  found: readonly { vector: readonly number[]; distance: number }[],
): Distance[] {
  return distances.filter((distance) =>
    found.every(({ vector, distance: answered }) => {
      const { value, scale } = compute(distance, query, vector);
      return Math.abs(value - answered) <= tolerance * scale;
    }),
  );
}

function compute(
  distance: Distance,
  a: readonly number[],
  b: readonly number[],
): { value: number; scale: number } {
  const dot = sum(a, (x, i) => x * (b[i] ?? 0));
  const squares = sum(a, (x) => x * x) + sum(b, (x) => x * x);
  if (distance === "l2") return { value: sum(a, (x, i) => (x - (b[i] ?? 0)) ** 2), scale: squares };
  if (distance === "ip") return { value: 1 - dot, scale: 1 + squares };
  const norms = Math.sqrt(sum(a, (x) => x * x) * sum(b, (x) => x * x));
  return { value: 1 - (norms === 0 ? 0 : dot / norms), scale: 1 };
}

function sum(values: readonly number[], of: (value: number, index: number) => number): number {
  return values.reduce((total, value, index) => total + of(value, index), 0);
}
