/** `scroll` in the order of a payload field. Source: qdrant 1.18.2, lib/collection/src/collection/point_ops.rs (scroll_by). */
import { badInput, decoded, malformed } from "../errors.ts";
import type { Host } from "../host.ts";
import { byField } from "../query/field-ranks.ts";
import { scopeOf } from "../query/scope.ts";
import { type Members, pointSelectors, readFilter } from "./body.ts";
import { hitsText } from "./query-answer.ts";
import { readCount, toOrderBy } from "./query-parts.ts";

const limitDefault = 10;

/** A page; it has no next one: the caller goes on from the last value that it got. @throws E_INPUT */
export function scrollByField(host: Host, collection: string, body: Members): string {
  const orderBy = toOrderBy(body.raw("order_by") ?? "null");
  if (orderBy === null)
    throw malformed("Expected a string, or an object with a key, direction and/or start_from");
  const { filter, limit, wanted } = decoded(() => ({
    filter: readFilter(body, "scroll_request"),
    limit: readCount(body, "limit", "scroll_request", 1) ?? limitDefault,
    wanted: pointSelectors(body, true),
  }));
  if (body.raw("offset") !== undefined) {
    throw badInput(
      "Wrong input: Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value",
    );
  }
  const state = host.collection(collection);
  const scope = scopeOf(state, filter, new Set());
  const hits = byField(state, orderBy, scope, limit);
  return `{"points":${hitsText(state, hits, wanted, false)},"next_page_offset":null}`;
}
