/** The `query` member of request bodies: what to be near, or how to rank. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs (QueryInterface, Query) and validate.rs. */
import { breaks, malformed, notImplemented, variant } from "../errors.ts";
import { rrfKDefault } from "../query/fusion.ts";
import type {
  ContextPair,
  Fusion,
  Mmr,
  Query,
  RecommendStrategy,
  VectorInput,
} from "../query/query.ts";
import { type Fields, fields } from "../struct-list.ts";
import { Members, parse, structOf, toPointId } from "./body.ts";
import { toFormula } from "./query-formula.ts";
import { outOfBounds, readCount, readNumber, toOrderBy } from "./query-parts.ts";
import { toQueryVector } from "./vectors.ts";

const mmrCandidatesMax = 16_384;
const diversityDefault = 0.5;

/** What the text of a `query` says, which stands at `at`. @throws E_INPUT: 400 where it is none, 422 where a bound is broken; E_NOT_SUPPORTED */
export function toQuery(text: string, at: string): Query<VectorInput> {
  const input = toInput(text, at);
  const query = input === null ? toKind(text, at) : nearest(input);
  if (query !== null) return query;
  throw malformed("Expected some form of vector, id, or a type of query");
}

function nearest(input: VectorInput, mmr: Mmr | null = null): Query<VectorInput> {
  return { kind: "nearest", input, mmr };
}

/**
 * A vector, or the id of a point; null where the text is neither. `embeds`: whether a text may stand in place of the vector.
 * @throws E_INPUT (422), E_NOT_SUPPORTED
 */
export function toInput(text: string, at: string, embeds = true): VectorInput | null {
  const vector = variant(() => toQueryVector(text, at, embeds));
  if (vector !== null) return { kind: "vector", vector };
  const id = variant(() => toPointId(text));
  return id === null ? null : { kind: "id", id };
}

type Kind = (query: Members, at: string) => Query<VectorInput> | null;

/** In the order in which a server tries them. */
const kinds: readonly (readonly [Fields, Kind])[] = [
  [fields("nearest mmr"), readNearest],
  [fields("recommend"), readRecommend],
  [fields("discover"), readDiscover],
  [fields("context"), readContext],
  [fields("order_by"), readOrderBy],
  [fields("fusion"), readFusion],
  [fields("rrf"), readRrf],
  [fields("formula defaults?"), readFormula],
  [fields("sample"), readSample],
  [fields("relevance_feedback"), refuseFeedback],
];

function toKind(text: string, at: string): Query<VectorInput> | null {
  const object = text.startsWith("{") ? new Members(text) : null;
  for (const [of, read] of kinds) {
    const query = object ?? structOf(text, of);
    const isNamed = query?.names().includes(of.names[0] ?? "") === true;
    const found = isNamed ? variant(() => read(query, at)) : null;
    if (found !== null) return found;
  }
  return null;
}

function inputOf(query: Members, name: string, at: string): VectorInput | null {
  const text = query.raw(name);
  return text === undefined ? null : toInput(text, at);
}

function readNearest(query: Members, at: string): Query<VectorInput> | null {
  const input = inputOf(query, "nearest", `${at}.nearest`);
  if (input === null) return null;
  if (query.raw("mmr") === undefined) return nearest(input);
  const mmr = structOf(query.raw("mmr"), mmrFields);
  return mmr === null ? null : nearest(input, readMmr(mmr, `${at}.mmr`));
}

const mmrFields = fields("diversity candidates_limit");

function readMmr(mmr: Members, at: string): Mmr {
  const diversity = Math.fround(readNumber(mmr, "diversity") ?? diversityDefault);
  if (diversity < 0 || diversity > 1) {
    outOfBounds(mmr, "diversity", at, "from 0.0 to 1.0");
  }
  const candidates = readCount(mmr, "candidates_limit", at, 0) ?? null;
  if (candidates !== null && candidates > mmrCandidatesMax) {
    outOfBounds(mmr, "candidates_limit", at, `${mmrCandidatesMax} or smaller`);
  }
  return { diversity, candidates };
}

const strategies = new Set<unknown>(["average_vector", "best_score", "sum_scores"]);

/** undefined where it is none. */
export function toStrategy(text: string | undefined): RecommendStrategy | undefined {
  const strategy = text === undefined ? "average_vector" : parse(text);
  return strategies.has(strategy) ? (strategy as RecommendStrategy) : undefined;
}

/** null where an element is neither vector nor id. */
function readInputs(body: Members, name: string, at: string): VectorInput[] | null {
  if (body.raw(name)?.startsWith("[") === false) return null;
  const inputs = (body.list(name) ?? []).map((text) => toInput(text, at));
  return inputs.every((input) => input !== null) ? inputs : null;
}

const recommendFields = fields("positive negative strategy");

function readRecommend(query: Members, at: string): Query<VectorInput> | null {
  const body = structOf(query.raw("recommend"), recommendFields);
  if (body === null) return null;
  const path = `${at}.recommend`;
  const positives = readInputs(body, "positive", path);
  const negatives = readInputs(body, "negative", path);
  const strategy = toStrategy(body.raw("strategy"));
  if (positives === null || negatives === null || strategy === undefined) return null;
  if (positives.length + negatives.length === 0) {
    breaks(
      `Validation error in JSON body: [${path}.positives, negatives: Validation error: At least one positive or negative vector/id must be provided [{}]]`,
    );
  }
  return { kind: "recommend", strategy, positives, negatives };
}

export const pairFields = fields("positive negative");

/** One pair, or a list, or none; null where the text says anything else. */
function toPairs(text: string | undefined, at: string): ContextPair<VectorInput>[] | null {
  if (text === undefined) return [];
  const texts = text.startsWith("[")
    ? (new Members(`{"pairs":${text}}`).list("pairs") ?? [])
    : [text];
  const pairs: ContextPair<VectorInput>[] = [];
  for (const each of texts) {
    const body = structOf(each, pairFields);
    const positive = body === null ? null : inputOf(body, "positive", at);
    const negative = body === null ? null : inputOf(body, "negative", at);
    if (positive === null || negative === null) return null;
    pairs.push({ positive, negative });
  }
  return pairs;
}

const discoverFields = fields("target context");

function readDiscover(query: Members, at: string): Query<VectorInput> | null {
  const body = structOf(query.raw("discover"), discoverFields);
  if (body?.names().includes("context") !== true) return null;
  const target = inputOf(body, "target", `${at}.discover.target`);
  const pairs = toPairs(body.raw("context"), `${at}.discover.context`);
  return target === null || pairs === null ? null : { kind: "discover", target, pairs };
}

function readContext(query: Members, at: string): Query<VectorInput> | null {
  const pairs = toPairs(query.raw("context"), `${at}.context`);
  return pairs === null ? null : { kind: "context", pairs };
}

function readOrderBy(query: Members): Query<VectorInput> | null {
  const orderBy = toOrderBy(query.raw("order_by") ?? "null");
  return orderBy === null ? null : { kind: "order-by", orderBy };
}

function fused(fusion: Fusion): Query<VectorInput> {
  return { kind: "fusion", fusion };
}

function readFusion(query: Members): Query<VectorInput> | null {
  switch (query.raw("fusion")) {
    case '"rrf"':
      return fused({ method: "rrf", k: rrfKDefault, weights: null });
    case '"dbsf"':
      return fused({ method: "dbsf" });
    default:
      return null;
  }
}

const rrfFields = fields("k? weights?");

function readRrf(query: Members, at: string): Query<VectorInput> | null {
  const body = structOf(query.raw("rrf"), rrfFields);
  if (body === null) return null;
  const k = readCount(body, "k", `${at}.rrf`, 1) ?? rrfKDefault;
  const weights: unknown = parse(body.raw("weights") ?? "null");
  if (weights === null) return fused({ method: "rrf", k, weights: null });
  if (!Array.isArray(weights)) return null;
  const numbers = weights.filter((weight) => typeof weight === "number");
  return numbers.length < weights.length ? null : fused({ method: "rrf", k, weights: numbers });
}

function readFormula(query: Members, at: string): Query<VectorInput> | null {
  const formula = toFormula(query, at);
  return formula === null ? null : { kind: "formula", formula };
}

function readSample(query: Members): Query<VectorInput> | null {
  return query.raw("sample") === '"random"' ? { kind: "sample" } : null;
}

function refuseFeedback(query: Members): null {
  if (structOf(query.raw("relevance_feedback"), feedbackFields) === null) return null;
  throw notImplemented("relevance feedback");
}

const feedbackFields = fields("target feedback strategy");
