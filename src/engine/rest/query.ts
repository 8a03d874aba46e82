/** Questions that rank points over the REST door: `query` and the older `search`, alone and in batches. */
import { z } from "zod";
import type { ScoredPoints, SearchOptions } from "../api.ts";
import { badInput, notFound, notImplemented } from "../errors.ts";
import type { Host } from "../host.ts";
import { idText, pointsText } from "./answer.ts";
import { limitSchema, Members, offsetSchema, parse, selectors, toPointId } from "./body.ts";
import { missing, type Operation, reading } from "./operation.ts";
import { toQueryVector } from "./vectors.ts";

const queryLimitDefault = 10;

/** What both forms of a request share. */
function commonOptions(body: Members) {
  return {
    ...selectors(body, false),
    filter: body.raw("filter"),
    scoreThreshold: body.get("score_threshold", z.number()),
    offset: body.get("offset", offsetSchema) ?? 0,
  };
}

function runSearch(host: Host, name: string, body: Members): string {
  const limit = body.need("limit", limitSchema);
  const given = body.need("vector", z.unknown());
  const named = z.object({ name: z.string(), vector: z.unknown() }).safeParse(given);
  const options = commonOptions(body);
  const found = host.search(name, {
    ...options,
    limit,
    using: named.success ? named.data.name : "",
    vector: denseQuery(named.success ? named.data.vector : given),
  });
  return pointsText(found, options.withPayload !== false);
}

function denseQuery(value: unknown): Float32Array {
  const vector = toQueryVector(value);
  if (vector?.kind !== "dense") throw notImplemented("queries of this kind");
  return vector.data;
}

const otherQueries = [
  "recommend",
  "discover",
  "context",
  "order_by",
  "fusion",
  "rrf",
  "formula",
  "sample",
  "relevance_feedback",
];

function runQuery(host: Host, name: string, body: Members): string {
  if ((body.list("prefetch") ?? []).length > 0) throw notImplemented("prefetch");
  if (body.raw("lookup_from") !== undefined) throw notImplemented("lookup_from");
  const using = body.get("using", z.string()) ?? "";
  const limit = body.get("limit", limitSchema) ?? queryLimitDefault;
  const options = { ...commonOptions(body), limit, using };
  const found = nearPoints(host, name, toNear(nearest(body)), options);
  return `{"points":${pointsText(found, options.withPayload !== false)}}`;
}

/** The raw text of what to search near: a vector, or an id. */
function nearest(body: Members): string | undefined {
  const text = body.raw("query");
  if (text === undefined || !text.startsWith("{")) return text;
  const query = new Members(text);
  const other = otherQueries.find((kind) => query.raw(kind) !== undefined);
  if (other !== undefined) throw notImplemented(`the query \`${other}\``);
  if (query.raw("mmr") !== undefined) throw notImplemented("the query `mmr`");
  const near = query.raw("nearest");
  if (near === undefined)
    throw badInput(
      "Format error in JSON body: data did not match any variant of untagged enum QueryInterface",
    );
  return near;
}

/** What the raw text of `nearest` says. */
function toNear(query: string | undefined): Near {
  if (query === undefined) return null;
  if (query.startsWith("[") || query.startsWith("{")) return { vector: denseQuery(parse(query)) };
  return { id: toPointId(query) };
}

/** What to search near; null = nothing: points in the order of ids, each with the score 1. */
type Near = { readonly vector: Float32Array } | { readonly id: string } | null;

interface QueryOptions extends Omit<SearchOptions, "vector"> {
  readonly using: string;
  /** JSON text. */
  readonly filter: string | undefined;
}

/** Points, best first. @throws E_INPUT (404) where the point to search near, or its vector, is not there */
function nearPoints(host: Host, name: string, near: Near, options: QueryOptions): ScoredPoints {
  if (near === null) return firstPoints(host, name, options);
  if ("id" in near) return pointsNearPoint(host, name, near.id, options);
  return host.search(name, { ...options, vector: near.vector });
}

/** The point itself is left out, as Qdrant does. */
function pointsNearPoint(
  host: Host,
  name: string,
  id: string,
  options: QueryOptions,
): ScoredPoints {
  const { using } = options;
  const found = host.retrieve(name, [id], {
    withPayload: false,
    withVector: [using],
  });
  const column = found.vectors.get(using);
  if (found.ids.length === 0) throw notFound(`Not found: No point with id ${id} found`);
  if (column?.kind !== "dense" || column.present !== null) {
    throw notFound(`Not found: Vector with name "${using}" for point not found`);
  }
  const self = `"must_not":[{"has_id":[${idText(id)}]}]`;
  const filter =
    options.filter === undefined ? `{${self}}` : `{"must":[${options.filter}],${self}}`;
  return host.search(name, { ...options, filter, vector: column.data });
}

function firstPoints(
  host: Host,
  name: string,
  { using: _, scoreThreshold: __, offset = 0, limit, ...wanted }: QueryOptions,
): ScoredPoints {
  let from: string | undefined;
  if (offset > 0) {
    const passed = host.scroll(name, {
      ...wanted,
      limit: offset,
      withPayload: false,
      withVector: false,
    });
    if (passed.nextOffset === null)
      return { ids: [], vectors: new Map(), payloads: [], scores: new Float32Array(0) };
    from = passed.nextOffset;
  }
  const page = host.scroll(name, { ...wanted, limit, offset: from });
  return { ...page, scores: new Float32Array(page.ids.length).fill(1) };
}

type Run = (host: Host, name: string, body: Members) => string;

function one(run: Run): Operation {
  return reading((host, request) => run(host, request.collection, Members.of(request)));
}

function many(run: Run): Operation {
  return reading((host, request) => {
    const searches = Members.of(request).list("searches");
    if (searches === undefined)
      throw badInput("Format error in JSON body: missing field `searches`");
    const results = searches.map((each) => run(host, request.collection, new Members(each)));
    return `[${results.join(",")}]`;
  });
}

export const queryOperations = {
  queryPoints: one(runQuery),
  queryBatch: many(runQuery),
  queryGroups: missing("groups"),
  search: one(runSearch),
  searchBatch: many(runSearch),
  searchGroups: missing("groups"),
  recommend: missing("recommendation"),
  recommendBatch: missing("recommendation"),
  recommendGroups: missing("recommendation"),
  discover: missing("discovery"),
  discoverBatch: missing("discovery"),
};
