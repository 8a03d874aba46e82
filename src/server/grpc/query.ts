/** What gRPC's `query` is on the engine: near a vector, near a point, or near nothing. */
import {
  type Engine,
  notFound,
  type ScoredPoints,
  type SearchOptions,
} from "../../engine/index.ts";

/** What to search near; null = nothing: points in the order of ids, each with the score 1. */
export type Near = { readonly vector: Float32Array } | { readonly id: string } | null;

export interface QueryOptions extends Omit<SearchOptions, "vector"> {
  readonly using: string;
  /** JSON text. */
  readonly filter: string | undefined;
}

/** Points, best first. @throws E_INPUT (404) where the point to search near, or its vector, is not there */
export function queryPoints(
  engine: Engine,
  name: string,
  near: Near,
  options: QueryOptions,
): Promise<ScoredPoints> {
  if (near === null) return firstPoints(engine, name, options);
  if ("id" in near) return pointsNearPoint(engine, name, near.id, options);
  return engine.search(name, { ...options, vector: near.vector });
}

/** The point itself is left out, as Qdrant does. */
async function pointsNearPoint(
  engine: Engine,
  name: string,
  id: string,
  options: QueryOptions,
): Promise<ScoredPoints> {
  const { using, signal, timeoutSeconds } = options;
  const found = await engine.retrieve(name, [id], {
    withPayload: false,
    withVector: [using],
    timeoutSeconds,
    ...(signal === undefined ? {} : { signal }),
  });
  const column = found.vectors.get(using);
  if (found.ids.length === 0) throw notFound(`Not found: No point with id ${id} found`);
  if (column?.kind !== "dense" || column.present !== null) {
    throw notFound(`Not found: Vector with name "${using}" for point not found`);
  }
  const self = `"must_not":[{"has_id":[${id.length === 36 ? `"${id}"` : id}]}]`;
  const filter =
    options.filter === undefined ? `{${self}}` : `{"must":[${options.filter}],${self}}`;
  return engine.search(name, { ...options, filter, vector: column.data });
}

async function firstPoints(
  engine: Engine,
  name: string,
  { using: _, scoreThreshold: __, offset = 0, limit, ...wanted }: QueryOptions,
): Promise<ScoredPoints> {
  let from: string | undefined;
  if (offset > 0) {
    const passed = await engine.scroll(name, {
      ...wanted,
      limit: offset,
      withPayload: false,
      withVector: false,
    });
    if (passed.nextOffset === null)
      return { ids: [], vectors: new Map(), payloads: [], scores: new Float32Array(0) };
    from = passed.nextOffset;
  }
  const page = await engine.scroll(name, { ...wanted, limit, offset: from });
  return { ...page, scores: new Float32Array(page.ids.length).fill(1) };
}
