/**
 * Hits in groups by a payload field. Asks several times, each time without what is known, until enough groups are full.
 * Source: qdrant 1.18.2, lib/collection/src/grouping.
 */
import { namedVectors } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import { execute } from "./execute.ts";
import { GroupField, type GroupId, type GroupMatch, type Restriction } from "./group-field.ts";
import { compareHits } from "./hit-order.ts";
import { mergeFilters } from "./merge-filters.ts";
import type { Hit } from "./query.ts";
import type { ResolvedPrefetch, ResolvedRequest } from "./resolve.ts";

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
  const found = new Groups(by, better(state, request));
  const field = new GroupField(state, by.groupBy);
  const ask = (match: GroupMatch, ids: readonly GroupId[]): boolean => {
    const hits = execute(state, widened(request, by, found.slots, field.restrict(match, ids)));
    for (const hit of hits) found.add(hit, field.idsOf(hit.slot));
    return hits.length > 0 && found.fullAmongBest() < by.limit;
  };
  let asking = true;
  for (let asked = 0; asking && asked < fullRequestsMax; asked += 1) {
    asking = ask("except", found.full());
  }
  if (found.fullAmongBest() >= by.limit) return found.best();
  asking = true;
  for (let asked = 0; asking && asked < fillRequestsMax; asked += 1) {
    asking = ask("any", found.unfilledBest());
  }
  return found.best();
}

/** The request for as many points as fill all groups, without those known and those that have no such field. */
function widened(
  request: ResolvedRequest,
  { groupSize, limit }: Grouping,
  known: Iterable<number>,
  { filter, within }: Restriction,
): ResolvedRequest {
  return {
    ...request,
    limit: limit * groupSize,
    prefetches: request.prefetches.map((prefetch) => deeper(prefetch, groupSize)),
    filter: mergeFilters(request.filter, filter),
    within,
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
  readonly #size: number;
  readonly #limit: number;
  readonly #order: Order;
  readonly #groups = new Map<GroupId, OpenGroup>();
  /** Points that are in a group. */
  readonly slots = new Set<number>();

  constructor({ groupSize, limit }: Grouping, order: Order) {
    this.#size = groupSize;
    this.#limit = limit;
    this.#order = order;
  }

  add(hit: Hit, ids: Iterable<GroupId>): void {
    for (const id of ids) {
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
}
