/** Groups over the REST door, and what is looked up for them. Source: qdrant 1.18.2, lib/collection/src/lookup. */
import { z } from "zod";
import { listText } from "../answer-size.ts";
import type { PayloadSelector, VectorSelector } from "../api.ts";
import { canonicalPointId } from "../collection/point-key.ts";
import { retrieve } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import type { GroupId } from "../query/group-field.ts";
import { type Grouping, group } from "../query/groups.ts";
import type { QueryRequest } from "../query/query.ts";
import { type AbsentPoints, type FindCollection, resolve } from "../query/resolve.ts";
import { fields } from "../struct-list.ts";
import { pointsText } from "./answer.ts";
import { type Members, selectors, structOf } from "./body.ts";
import { hitsText } from "./query-answer.ts";
import { readQueryRequest } from "./query-body.ts";
import type { ReadLegacy } from "./query-legacy.ts";
import { needCount, needPath, readCount } from "./query-parts.ts";

/** Points of another collection whose ids are the groups'. */
interface Lookup {
  readonly collection: string;
  readonly withPayload: PayloadSelector;
  readonly withVector: VectorSelector;
}

export interface GroupsRequest {
  readonly request: QueryRequest;
  readonly grouping: Grouping;
  readonly lookup: Lookup | null;
  /** Points that the query names and that are not there: a server refuses them everywhere but in `query/groups`. */
  readonly absent: AbsentPoints;
}

const groupSizeDefault = 3;
const groupsDefault = 10;

/** The body of `query/groups`, which alone has no second spelling of `with_vector`. @throws E_INPUT, E_NOT_SUPPORTED */
export function readQueryGrouping(body: Members): GroupsRequest {
  const at = "search_group_request";
  const grouping = {
    groupBy: needPath(body, "group_by"),
    groupSize: readCount(body, "group_size", `${at}.group_request`, 1) ?? groupSizeDefault,
    limit: readCount(body, "limit", `${at}.group_request`, 1) ?? groupsDefault,
  };
  return {
    request: { ...readQueryRequest(body.without("with_vectors").without("offset"), at), offset: 0 },
    grouping,
    lookup: readLookup(body),
    absent: "without vectors",
  };
}

/** Reads the bodies of `search/groups` and `recommend/groups`, which stand at `at`. */
export function readLegacyGrouping(read: ReadLegacy, at: string): (body: Members) => GroupsRequest {
  return (body) => {
    const request = read(body, "", false);
    const grouping = {
      groupBy: needPath(body, "group_by"),
      groupSize: needCount(body, "group_size", `${at}.group_request`, 1),
      limit: needCount(body, "limit", `${at}.group_request`, 1),
    };
    const lookup = readLookup(body);
    return { request: { ...request, limit: grouping.limit }, grouping, lookup, absent: "refused" };
  };
}

const lookupFields = fields("collection with_payload? with_vectors?");

function readLookup(body: Members): Lookup | null {
  const text = body.raw("with_lookup");
  if (text === undefined) return null;
  const lookup = structOf(text, lookupFields);
  if (lookup === null) {
    const collection = body.need("with_lookup", z.string());
    return { collection, withPayload: true, withVector: false };
  }
  const collection = lookup.need("collection", z.string());
  return { collection, ...selectors(lookup, !lookup.names().includes("with_payload")) };
}

/** `{"groups": [...]}` @throws E_INPUT */
export function groupsText(
  state: CollectionState,
  { request, grouping, lookup, absent }: GroupsRequest,
  find: FindCollection,
): string {
  const groups = group(state, resolve(state, request, find, absent), grouping);
  const found = lookup === null ? null : lookUp(lookup, find);
  const texts = function* (): Generator<string> {
    for (const { id, hits } of groups) {
      const idText = typeof id === "bigint" ? id.toString() : JSON.stringify(id);
      const lookedUp = found?.(id);
      const record = lookedUp === undefined ? "" : `,"lookup":${lookedUp}`;
      yield `{"hits":${hitsText(state, hits, request)},"id":${idText}${record}}`;
    }
  };
  return `{"groups":${listText(texts())}}`;
}

/** Gives the point of a group as JSON text; undefined where there is none. */
function lookUp(lookup: Lookup, find: FindCollection): (id: GroupId) => string | undefined {
  const state = find(lookup.collection);
  return (group) => {
    const id = canonicalPointId(group.toString());
    // A text of digits is no number.
    if (id === null || (id.length === 36) !== (typeof group === "string")) return undefined;
    const points = retrieve(state, [id], lookup);
    if (points.ids.length === 0) return undefined;
    const text = pointsText(points, lookup.withPayload !== false, lookup.withVector !== false);
    return text.slice(1, -1);
  };
}
