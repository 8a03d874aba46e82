/** Bodies of `query` and its kin. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs (QueryRequest, Prefetch, QueryGroupsRequest). */
import type { Prefetch, QueryRequest } from "../query/query.ts";
import { Members, needBody, readFilter, selectors } from "./body.ts";
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
import type { RestRequest } from "./request.ts";

const limitDefault = 10;

/** The body of a question: all of it must be JSON, what nobody reads too. @throws E_INPUT (400) */
export function questionBody(request: RestRequest): Members {
  return new Members(needBody(request, Number.POSITIVE_INFINITY));
}

/** What a prefetch is, and a request beside its own members; it stands at `at`. @throws E_INPUT, E_NOT_SUPPORTED */
function readPart(body: Members, at: string): Prefetch {
  const query = body.raw("query");
  return {
    prefetches: oneOrMany(body, "prefetch").map((text, index) =>
      readPart(new Members(text), `${at}.prefetch[${index}]`),
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

/** The body of `query`, which stands at `at`. @throws E_INPUT, E_NOT_SUPPORTED */
export function readQueryRequest(body: Members, at = "internal"): QueryRequest {
  const request = {
    ...readPart(body, at),
    offset: readCount(body, "offset", at, 0) ?? 0,
    ...selectors(body, false),
  };
  refuseShardKey(body, "Bad request");
  return request;
}
