/**
 * Bodies of the older `search`, `recommend` and `discover`, read as the queries that they are.
 * Source: qdrant 1.18.2, lib/api/src/rest/schema.rs (SearchRequest), lib/collection/src/operations/types.rs (RecommendRequest, DiscoverRequest).
 */
import { badInput, malformed, missing, variant } from "../errors.ts";
import type { ContextPair, Query, QueryRequest, VectorInput } from "../query/query.ts";
import { fields } from "../struct-list.ts";
import { Members, readFilter, selectors, structOf } from "./body.ts";
import { pairFields, toInput, toStrategy } from "./query-kinds.ts";
import {
  needCount,
  readCount,
  readLookupFrom,
  readSearchParams,
  readString,
  readThreshold,
} from "./query-parts.ts";

/** Reads such a body, which stands at `at` + its kind. `limited`: whether it says how many points (groups say it otherwise). */
export type ReadLegacy = (body: Members, at: string, limited: boolean) => QueryRequest;

function readShared(body: Members, at: string, limited: boolean) {
  const limitName =
    body.raw("limit") === undefined && body.raw("top") !== undefined ? "top" : "limit";
  return {
    prefetches: [],
    params: readSearchParams(body, at),
    filter: readFilter(body, at),
    scoreThreshold: readThreshold(body),
    limit: limited ? needCount(body, limitName, at, 1) : 1,
    offset: limited ? (readCount(body, "offset", at, 0) ?? 0) : 0,
    ...selectors(body, false),
  };
}

export function readSearch(body: Members, at: string, limited: boolean): QueryRequest {
  const text = body.raw("vector") ?? missing("vector");
  const path = `${at}search_request.vector`;
  const input = variant(() => toInput(text, path, false));
  const { name, vector } =
    input?.kind === "vector" && input.vector.kind === "dense"
      ? { name: "", vector: input }
      : readNamedVector(structOf(text, namedFields), path);
  const query: Query<VectorInput> = { kind: "nearest", input: vector, mmr: null };
  const shared = readShared(
    body,
    `${at}${limited ? "search_request" : "search_group_request"}`,
    limited,
  );
  return { ...shared, query, using: name, lookupFrom: null };
}

const namedFields = fields("name vector");

function readNamedVector(named: Members | null, at: string) {
  const name = named === null ? undefined : variant(() => readString(named, "name") ?? null);
  const input = toInput(named?.raw("vector") ?? "null", at, false);
  if (typeof name === "string" && input?.kind === "vector" && input.vector.kind !== "multi")
    return { name, vector: input };
  throw malformed("data did not match any variant of untagged enum NamedVectorStruct");
}

function toExample(text: string, at: string): VectorInput {
  const input = toInput(text, at, false);
  if (input !== null && (input.kind === "id" || input.vector.kind !== "multi")) return input;
  throw malformed("data did not match any variant of untagged enum RecommendExample");
}

function readExamples(body: Members, name: string, at: string): VectorInput[] {
  return (body.list(name) ?? []).map((text) => toExample(text, `${at}.${name}`));
}

export function readRecommend(body: Members, at: string, limited: boolean): QueryRequest {
  body.refuseNull("positive", "negative");
  const path = `${at}${limited ? "recommend_request" : "recommend_group_request"}`;
  const positives = readExamples(body, "positive", path);
  const negatives = readExamples(body, "negative", path);
  const strategy = toStrategy(body.raw("strategy"));
  if (strategy === undefined) {
    throw malformed(
      `unknown variant \`${readString(body, "strategy")}\`, expected one of \`average_vector\`, \`best_score\`, \`sum_scores\``,
    );
  }
  return {
    ...readShared(body, path, limited),
    query: { kind: "recommend", strategy, positives, negatives },
    using: readString(body, "using") ?? "",
    lookupFrom: readLookupFrom(body),
  };
}

export function readDiscover(body: Members, at: string, limited: boolean): QueryRequest {
  const path = `${at}discover_request`;
  const target = body.raw("target");
  const pairs = (body.list("context") ?? []).map((text) =>
    readPair(new Members(text, pairFields), path),
  );
  const shared = readShared(body, path, limited);
  const query: Query<VectorInput> =
    target === undefined
      ? { kind: "context", pairs }
      : {
          kind: "discover",
          target: toExample(target, `${path}.target`),
          targetMayLack: true,
          pairs,
        };
  return {
    ...shared,
    query,
    // A threshold is not asked for here.
    scoreThreshold: null,
    using: readString(body, "using") ?? "",
    lookupFrom: readLookupFrom(body),
  };
}

function readPair(pair: Members, at: string): ContextPair<VectorInput> {
  const member = (name: string): VectorInput =>
    toExample(pair.raw(name) ?? missing(name), `${at}.context.${name}`);
  return { positive: member("positive"), negative: member("negative") };
}

/** What a server asks of `recommend` and `discover` once it knows the collection; not where they are grouped. @throws E_INPUT (400) */
export function needExamples({ query }: QueryRequest): void {
  if (query?.kind === "context" && query.pairs.length === 0)
    throw badInput("Bad request: target and/or context_pairs must be specified");
  if (query?.kind !== "recommend" || query.positives.length > 0) return;
  if (query.strategy === "average_vector")
    throw badInput("Bad request: At least one positive vector ID required with this strategy");
  if (query.negatives.length === 0) {
    throw badInput(
      "Bad request: At least one positive or negative vector ID required with this strategy",
    );
  }
}
