/**
 * Runs a resolved query: leaves are found in the collection, everything above ranks what the prefetches found.
 * Source: qdrant 1.18.2, lib/shard/src/query/planned_query.rs, lib/collection/src/shards/local_shard/query.rs,
 * lib/collection/src/collection/query.rs.
 */
import type { JsonObject } from "../api.ts";
import { namedVectors } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import { largeStep } from "../time-limit.ts";
import type { QueryVector } from "../vectors/vector-set.ts";
import { byField, byId, bySample } from "./field-ranks.ts";
import { rankByFormula } from "./formula-rank.ts";
import { fuse } from "./fusion.ts";
import { mergeFilters } from "./merge-filters.ts";
import { diversify } from "./mmr.ts";
import type { Hit, Mmr, Query, SearchParams } from "./query.ts";
import type { ResolvedPrefetch, ResolvedRequest } from "./resolve.ts";
import { type Scope, scopeAmong, scopeOf } from "./scope.ts";
import { byVector } from "./vector-rank.ts";

/** The hits of a page, best first. @throws E_INPUT */
export function execute(state: CollectionState, request: ResolvedRequest): Hit[] {
  return new Execution(state, request).page(request);
}

/** How a ranking is cut. */
interface Cut {
  readonly limit: number;
  readonly scoreThreshold: number | null;
  readonly params: SearchParams;
}

type MmrQuery = Query<QueryVector> & { kind: "nearest"; mmr: Mmr };

function isMmr(query: Query<QueryVector> | null): query is MmrQuery {
  return query?.kind === "nearest" && query.mmr !== null;
}

class Execution {
  readonly #state: CollectionState;
  readonly #request: ResolvedRequest;
  /** The points of a filter, found once. */
  readonly #scopes = new Map<JsonObject | null, Scope>();

  constructor(state: CollectionState, request: ResolvedRequest) {
    this.#state = state;
    this.#request = request;
  }

  page(request: ResolvedRequest): Hit[] {
    const { query, using, offset, limit, scoreThreshold, params } = request;
    const cut = { limit: limit + offset, scoreThreshold, params };
    if (request.prefetches.length === 0) {
      const found = this.#leaf(query, using, request.filter, cut);
      const hits = isMmr(query) ? this.#diversify(query, using, [found], limit) : found;
      return this.#page(withoutRepeats(hits), request);
    }
    const rankings = request.prefetches.map((each) => this.#prefetch(each, request.filter));
    if (isMmr(query)) {
      const near = { ...cut, limit: query.mmr.candidates ?? limit };
      const found = byVector(this.#state, query, using, this.#union(rankings), near);
      return this.#page(this.#diversify(query, using, [found], limit), request);
    }
    const given = query?.kind === "fusion" ? rankings.map(cutTo(request.prefetches)) : rankings;
    return this.#page(withoutRepeats(this.#rank(query, using, given, cut)), request);
  }

  /** A server reads the vectors of what it found before it leaves out what comes first. @throws E_INPUT where one has no such name */
  #page(hits: readonly Hit[], { offset, limit, withVector }: ResolvedRequest): Hit[] {
    const page = hits.slice(offset, offset + limit);
    if (page.length === 0 && hits.length > 0 && typeof withVector === "object")
      for (const name of withVector) namedVectors(this.#state, name);
    return page;
  }

  /** Filters reach the leaves from all that is above them. */
  #prefetch(part: ResolvedPrefetch, above: JsonObject | null): Hit[] {
    const { query, using, prefetches } = part;
    const filter = mergeFilters(above, part.filter);
    if (prefetches.length === 0) return this.#leaf(query, using, filter, part);
    return this.#rank(
      query,
      using,
      prefetches.map((each) => this.#prefetch(each, filter)),
      part,
    );
  }

  /** What stands in the collection itself. */
  #leaf(
    query: Query<QueryVector> | null,
    using: string,
    filter: JsonObject | null,
    cut: Cut,
  ): Hit[] {
    return this.#fromScope(query, using, this.#scope(filter), cut);
  }

  #fromScope(query: Query<QueryVector> | null, using: string, scope: Scope, cut: Cut): Hit[] {
    largeStep();
    if (query === null) return byId(this.#state, scope, cut.limit);
    switch (query.kind) {
      case "order-by":
        return byField(this.#state, query.orderBy, scope, cut.limit);
      case "sample":
        return bySample(this.#state, scope, cut.limit);
      case "fusion":
      case "formula":
        return [];
      default: {
        // The candidates of a diverse choice are the nearest ones.
        const limit = isMmr(query) ? (query.mmr.candidates ?? cut.limit) : cut.limit;
        return byVector(this.#state, query, using, scope, { ...cut, limit });
      }
    }
  }

  /** Ranks what prefetches found. */
  #rank(
    query: Query<QueryVector> | null,
    using: string,
    rankings: readonly (readonly Hit[])[],
    cut: Cut,
  ): Hit[] {
    if (query?.kind === "fusion") return cutFused(fuse(rankings, query.fusion), cut);
    if (query?.kind === "formula") return rankByFormula(this.#state, query.formula, rankings, cut);
    if (isMmr(query)) return this.#diversify(query, using, rankings, cut.limit);
    return this.#fromScope(query, using, this.#union(rankings), cut);
  }

  #diversify(
    { input, mmr }: MmrQuery,
    using: string,
    rankings: readonly (readonly Hit[])[],
    limit: number,
  ): Hit[] {
    const set = namedVectors(this.#state, using);
    // Of a point that stands in several rankings the first counts.
    const seen = new Set<number>();
    const candidates = rankings.flat().filter(({ slot }) => {
      if (seen.has(slot)) return false;
      seen.add(slot);
      return set.has(slot);
    });
    const similarityOf = (slot: number) => set.similarity(set.vector(slot) ?? input, false);
    return diversify(candidates, set.similarity(input, false), similarityOf, mmr.diversity, limit);
  }

  #scope(filter: JsonObject | null): Scope {
    const known = this.#scopes.get(filter);
    if (known !== undefined) return known;
    const { excluded, within } = this.#request;
    const scope = scopeOf(this.#state, filter, excluded, within);
    this.#scopes.set(filter, scope);
    return scope;
  }

  #union(rankings: readonly (readonly Hit[])[]): Scope {
    return scopeAmong(
      this.#state,
      rankings.flat().map(({ slot }) => slot),
    );
  }
}

function cutFused(hits: readonly Hit[], { limit, scoreThreshold }: Cut): Hit[] {
  const end = hits.findIndex(({ score }) => scoreThreshold !== null && !(score >= scoreThreshold));
  return hits.slice(0, Math.min(limit, end === -1 ? hits.length : end));
}

/** A leaf of candidates for diversity has more than it was asked for. */
function cutTo(prefetches: readonly ResolvedPrefetch[]): (hits: Hit[], at: number) => Hit[] {
  return (hits, at) => withoutRepeats(hits).slice(0, prefetches[at]?.limit);
}

/** A point that stands twice in a row (it has several values to order by) stands once. */
function withoutRepeats(hits: readonly Hit[]): Hit[] {
  return hits.filter(
    ({ slot, score }, at) => slot !== hits[at - 1]?.slot || score !== hits[at - 1]?.score,
  );
}
