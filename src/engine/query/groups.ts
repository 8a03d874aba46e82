/**
 * Hits in groups by a payload field. Asks several times, each time without what is known, until enough groups are full.
 * Source: qdrant 1.18.2, lib/collection/src/grouping.
 */
import type { JsonObject } from "../api.ts";
import { namedVectors } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import { type PathStep, parsePath, valuesAt } from "../filter/json-path.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { execute } from "./execute.ts";
import { compareHits } from "./hit-order.ts";
import { mergeFilters } from "./merge-filters.ts";
import type { Hit } from "./query.ts";
import type { ResolvedPrefetch, ResolvedRequest } from "./resolve.ts";

/** A value of the field: text, or an integer. */
export type GroupId = string | bigint;

export interface Group {
  readonly id: GroupId;
  /** Best first. */
  readonly hits: readonly Hit[];
}

export interface Grouping {
  /** The field's path. */
  readonly groupBy: string;
  /** Hits of a group at most. */
  readonly groupSize: number;
  /** Groups at most. */
  readonly limit: number;
}

const fullRequestsMax = 5;
const fillRequestsMax = 5;

/** The best groups, each with its best hits. @throws E_INPUT */
export function group(state: CollectionState, request: ResolvedRequest, by: Grouping): Group[] {
  const found = new Groups(state, by, better(state, request));
  const ask = (extra: JsonObject[]): boolean => {
    const hits = execute(state, widened(request, by, found.slots, extra));
    for (const hit of hits) found.add(hit);
    return hits.length > 0 && found.fullAmongBest() < by.limit;
  };
  let asking = true;
  for (let asked = 0; asking && asked < fullRequestsMax; asked += 1) {
    asking = ask(matchConditions(by.groupBy, "except", found.full()));
  }
  if (found.fullAmongBest() >= by.limit) return found.best();
  asking = true;
  for (let asked = 0; asking && asked < fillRequestsMax; asked += 1) {
    asking = ask(matchConditions(by.groupBy, "any", found.unfilledBest()));
  }
  return found.best();
}

/** The request for as many points as fill all groups, without those known and those that have no such field. */
function widened(
  request: ResolvedRequest,
  { groupBy, groupSize, limit }: Grouping,
  known: Iterable<number>,
  extra: readonly JsonObject[],
): ResolvedRequest {
  return {
    ...request,
    limit: limit * groupSize,
    prefetches: request.prefetches.map((prefetch) => deeper(prefetch, groupSize)),
    filter: mergeFilters(request.filter, {
      must: extra,
      must_not: [{ is_empty: { key: groupBy } }],
    }),
    excluded: new Set([...request.excluded, ...known]),
  };
}

function deeper(prefetch: ResolvedPrefetch, factor: number): ResolvedPrefetch {
  return {
    ...prefetch,
    limit: prefetch.limit * factor,
    prefetches: prefetch.prefetches.map((each) => deeper(each, factor)),
  };
}

/** Conditions on the field: integers and texts apart. */
function matchConditions(
  key: string,
  match: "any" | "except",
  ids: readonly GroupId[],
): JsonObject[] {
  const integers = ids.filter((id) => typeof id === "bigint");
  const texts = ids.filter((id) => typeof id === "string");
  return [integers, texts]
    .filter((values) => values.length > 0)
    .map((values) => ({ key, match: { [match]: values } }));
}

/** Orders hits, the better first; null = they have no order. */
type Order = ((one: Hit, other: Hit) => number) | null;

function better(state: CollectionState, { query, using }: ResolvedRequest): Order {
  const smaller = (one: Hit, other: Hit): number => compareHits(one, other);
  const larger = (one: Hit, other: Hit): number => compareHits(other, one);
  switch (query?.kind) {
    case undefined:
      return smaller;
    case "sample":
      return null;
    case "order-by":
      return query.orderBy.descending ? larger : smaller;
    case "nearest":
      if (query.mmr !== null) return null;
      return namedVectors(state, using).largerIsNearer ? larger : smaller;
    case "recommend":
      if (query.strategy !== "average_vector") return larger;
      return namedVectors(state, using).largerIsNearer ? larger : smaller;
    default:
      return larger;
  }
}

interface OpenGroup {
  readonly id: GroupId;
  readonly hits: Map<number, Hit>;
  best: Hit;
}

/** What was found so far; groups and hits that are equal keep the order in which they came. */
class Groups {
  readonly #state: CollectionState;
  readonly #steps: readonly PathStep[];
  readonly #size: number;
  readonly #limit: number;
  readonly #order: Order;
  readonly #groups = new Map<GroupId, OpenGroup>();
  /** Points that are in a group. */
  readonly slots = new Set<number>();

  constructor(state: CollectionState, { groupBy, groupSize, limit }: Grouping, order: Order) {
    this.#state = state;
    this.#steps = parsePath(groupBy);
    this.#size = groupSize;
    this.#limit = limit;
    this.#order = order;
  }

  add(hit: Hit): void {
    for (const id of this.#idsOf(hit.slot)) {
      this.slots.add(hit.slot);
      const known = this.#groups.get(id);
      if (known === undefined) {
        this.#groups.set(id, { id, hits: new Map([[hit.slot, hit]]), best: hit });
        continue;
      }
      if (!known.hits.has(hit.slot)) known.hits.set(hit.slot, hit);
      if ((this.#order?.(hit, known.best) ?? 0) < 0) known.best = hit;
    }
  }

  full(): GroupId[] {
    return [...this.#groups.values()].filter((each) => this.#isFull(each)).map(({ id }) => id);
  }

  unfilledBest(): GroupId[] {
    return this.#best()
      .filter((each) => !this.#isFull(each))
      .map(({ id }) => id);
  }

  fullAmongBest(): number {
    return this.#best().filter((each) => this.#isFull(each)).length;
  }

  best(): Group[] {
    const order = this.#order;
    return this.#best().map(({ id, hits }) => {
      const all = [...hits.values()];
      if (order !== null) all.sort(order);
      return { id, hits: all.slice(0, this.#size) };
    });
  }

  #isFull({ hits }: OpenGroup): boolean {
    return hits.size >= this.#size;
  }

  #best(): OpenGroup[] {
    const order = this.#order;
    const all = [...this.#groups.values()];
    if (order !== null) all.sort((one, other) => order(one.best, other.best));
    return all.slice(0, this.#limit);
  }

  /** The groups of a point; none where a value is neither text nor integer. */
  #idsOf(slot: number): Set<GroupId> {
    const { exact } = new PayloadView(this.#state.file.payload(slot));
    const values = valuesAt(exact, this.#steps).flat();
    const ids = values.filter((value) => typeof value === "string" || typeof value === "bigint");
    return new Set(ids.length === values.length ? ids : []);
  }
}
