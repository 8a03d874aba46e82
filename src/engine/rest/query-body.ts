/** Bodies of `query` and its kin. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs (QueryRequest, Prefetch, QueryGroupsRequest). */
import { VectorError } from "../../errors.ts";
import { parseLossless } from "../../util/json.ts";
import type { JsonObject } from "../api.ts";
import { badInput } from "../errors.ts";
import { parseFilter } from "../filter/filter.ts";
import { isObject } from "../filter/json-path.ts";
import type { Prefetch, QueryRequest } from "../query/query.ts";
import { Members, selectors } from "./body.ts";
import { refuseShardKey } from "./params.ts";
import { toQuery } from "./query-kinds.ts";
import {
  oneOrMany,
  readCount,
  readLookupFrom,
  readNumber,
  readSearchParams,
  readString,
} from "./query-parts.ts";

const limitDefault = 10;

/** A filter, decoded and checked, which stands at `at`; null where there is none. @throws E_INPUT */
export function readFilter(body: Members, at: string): JsonObject | null {
  const text = body.raw("filter");
  if (text === undefined) return null;
  const filter = decoded(text);
  parseFilter(filter, `${at}.filter`);
  if (!isObject(filter)) throw badInput("Format error in JSON body: expected struct Filter");
  return filter as JsonObject;
}

/** A text inside too many brackets ends the decoding with a RangeError. */
function decoded(text: string): unknown {
  try {
    return parseLossless(text);
  } catch (cause) {
    const words = cause instanceof RangeError ? "recursion limit exceeded" : String(cause);
    throw new VectorError("E_INPUT", `Format error in JSON body: ${words}`, {
      cause,
      details: { status: 400 },
    });
  }
}

/** What a prefetch is, and a request beside its own members; it stands at `at`. @throws E_INPUT, E_NOT_SUPPORTED */
function readPart(body: Members, at: string, depth: number): Prefetch {
  if (depth > depthMax) throw badInput("Format error in JSON body: recursion limit exceeded");
  const query = body.raw("query");
  return {
    prefetches: oneOrMany(body, "prefetch").map((text, index) =>
      readPart(new Members(text), `${at}.prefetch[${index}]`, depth + 1),
    ),
    query: query === undefined ? null : toQuery(query, `${at}.query`),
    using: readString(body, "using") ?? "",
    filter: readFilter(body, at),
    scoreThreshold: readNumber(body, "score_threshold") ?? null,
    params: readSearchParams(body, at),
    limit: readCount(body, "limit", at, 1) ?? limitDefault,
    lookupFrom: readLookupFrom(body),
  };
}

/** Prefetches that a decoder still goes down into. */
const depthMax = 128;

/** The body of `query`, which stands at `at`. @throws E_INPUT, E_NOT_SUPPORTED */
export function readQueryRequest(body: Members, at = "internal"): QueryRequest {
  const request = {
    ...readPart(body, at, 0),
    offset: readCount(body, "offset", at, 0) ?? 0,
    ...selectors(body, false),
  };
  refuseShardKey(body, "Bad request");
  return request;
}
