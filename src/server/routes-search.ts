/** Routes that rank points: `query` and the older `search`, alone and in batches. */
import type { Hono } from "hono";
import { z } from "zod";
import { badInput, type Engine, notImplemented } from "../engine/index.ts";
import { ok, pointsText, type Timed } from "./answer.ts";
import { limitSchema, Members, offsetSchema, parse, selectors, toPointId } from "./body.ts";
import { checkTimeout, collectionName } from "./params.ts";
import { type Near, queryPoints } from "./query.ts";
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
  const found = await queryPoints(engine, name, toNear(nearest(body)), options);
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
  if (query.startsWith("[") || query.startsWith("{"))
    return { vector: toQueryVector(parse(query)) };
  return { id: toPointId(query) };
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
