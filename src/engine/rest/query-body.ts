/** Bodies of `query` and its kin. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs (QueryRequest, Prefetch, QueryGroupsRequest). */
import type { Prefetch, QueryRequest } from "../query/query.ts";
import { fields } from "../struct-list.ts";
import { Members, readFilter, selectors } from "./body.ts";
import { toQuery } from "./query-kinds.ts";
import {
  oneOrMany,
  readCount,
  readLookupFrom,
  readSearchParams,
  readString,
  readThreshold,
} from "./query-parts.ts";

const limitDefault = 10;

const prefetchFields = fields(
  "prefetch? query using filter params score_threshold limit lookup_from?",
);

/** What a prefetch is, and a request beside its own members; it stands at `at`. @throws E_INPUT, E_NOT_SUPPORTED */
function readPart(body: Members, at: string): Prefetch {
  const query = body.raw("query");
  return {
    prefetches: oneOrMany(body, "prefetch").map((text, index) =>
      readPart(new Members(text, prefetchFields), `${at}.prefetch[${index}]`),
    ),
    query: query === undefined ? null : toQuery(query, `${at}.query`),
    using: readString(body, "using") ?? "",
    filter: readFilter(body, at),
    scoreThreshold: readThreshold(body),
    params: readSearchParams(body, at),
    limit: readCount(body, "limit", at, 1) ?? limitDefault,
    lookupFrom: readLookupFrom(body),
  };
}

/** The body of `query`, which stands at `at`. @throws E_INPUT, E_NOT_SUPPORTED */
export function readQueryRequest(body: Members, at = "internal"): QueryRequest {
  return {
    ...readPart(body, at),
    offset: readCount(body, "offset", at, 0) ?? 0,
    ...selectors(body, false),
  };
}
