/** Routes that rank points: `query` and the older `search`, alone and in batches. */
import type { Hono } from "hono";
import { z } from "zod";
import {
  badInput,
  type Engine,
  notFound,
  notImplemented,
  type ScoredPoints,
  type ScrollOptions,
} from "../engine/index.ts";
import { ok, pointsText, type Timed } from "./answer.ts";
import { limitSchema, Members, offsetSchema, parse, selectors, toPointId } from "./body.ts";
import { checkTimeout, collectionName } from "./params.ts";
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

async function runSearch(engine: Engine, name: string, body: Members): Promise<string> {
  const limit = body.need("limit", limitSchema);
  const given = body.need("vector", z.unknown());
  const named = z.object({ name: z.string(), vector: z.unknown() }).safeParse(given);
  const options = commonOptions(body);
  const found = await engine.search(name, {
    ...options,
    limit,
    using: named.success ? named.data.name : "",
    vector: toQueryVector(named.success ? named.data.vector : given),
  });
  return pointsText(found, options.withPayload !== false);
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

async function runQuery(engine: Engine, name: string, body: Members): Promise<string> {
  if ((body.list("prefetch") ?? []).length > 0) throw notImplemented("prefetch");
  if (body.raw("lookup_from") !== undefined) throw notImplemented("lookup_from");
  const using = body.get("using", z.string()) ?? "";
  const limit = body.get("limit", limitSchema) ?? queryLimitDefault;
  const options = { ...commonOptions(body), limit, using };
  const query = nearest(body);
  const found =
    query === undefined
      ? await firstPoints(engine, name, options)
      : await nearestPoints(engine, name, query, options);
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

type QueryOptions = ReturnType<typeof commonOptions> & { limit: number; using: string };

async function nearestPoints(
  engine: Engine,
  name: string,
  query: string,
  options: QueryOptions,
): Promise<ScoredPoints> {
  if (query.startsWith("[") || query.startsWith("{")) {
    return engine.search(name, { ...options, vector: toQueryVector(parse(query)) });
  }
  const id = toPointId(query);
  const found = await engine.retrieve(name, [id], {
    withPayload: false,
    withVector: [options.using],
  });
  const column = found.vectors.get(options.using);
  if (found.ids.length === 0) throw notFound(`Not found: No point with id ${id} found`);
  if (column === undefined || column.present !== null) {
    throw notFound(`Not found: Vector with name "${options.using}" for point not found`);
  }
  const self = `"must_not":[{"has_id":[${query}]}]`;
  const filter =
    options.filter === undefined ? `{${self}}` : `{"must":[${options.filter}],${self}}`;
  return engine.search(name, { ...options, filter, vector: column.data });
}

/** A query that asks for nothing: points in the order of ids, each with the score 1. */
async function firstPoints(
  engine: Engine,
  name: string,
  options: QueryOptions,
): Promise<ScoredPoints> {
  const { withPayload, withVector, filter, offset, limit } = options;
  const wanted: ScrollOptions = { withPayload, withVector, filter, limit };
  let page = await engine.scroll(
    name,
    offset === 0 ? wanted : { filter, limit: offset, withPayload: false },
  );
  if (offset > 0) {
    if (page.nextOffset === null)
      return { ids: [], vectors: new Map(), payloads: [], scores: new Float32Array(0) };
    page = await engine.scroll(name, { ...wanted, offset: page.nextOffset });
  }
  return { ...page, scores: new Float32Array(page.ids.length).fill(1) };
}

export function addSearchRoutes(app: Hono<Timed>, engine: Engine): void {
  const kinds = [
    ["search", runSearch],
    ["query", runQuery],
  ] as const;
  for (const [path, run] of kinds) {
    app.post(`/collections/:collection/points/${path}`, async (c) => {
      checkTimeout(c);
      return ok(c, await run(engine, collectionName(c), await Members.read(c)));
    });
    app.post(`/collections/:collection/points/${path}/batch`, async (c) => {
      checkTimeout(c);
      const name = collectionName(c);
      const searches = (await Members.read(c)).list("searches");
      if (searches === undefined)
        throw badInput("Format error in JSON body: missing field `searches`");
      const results: string[] = [];
      for (const search of searches) results.push(await run(engine, name, new Members(search)));
      return ok(c, `[${results.join(",")}]`);
    });
  }
}
