/**
 * Runs a resolved query: leaves are found in the collection, everything above ranks what the prefetches found.
 * Source: qdrant 1.18.2, lib/shard/src/query/planned_query.rs, lib/collection/src/shards/local_shard/query.rs,
 * lib/collection/src/collection/query.rs.
 */
import type { JsonObject } from "../api.ts";
import { namedVectors } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import type { QueryVector } from "../vectors/vector-set.ts";
import { byField, byId, bySample } from "./field-ranks.ts";
import { rankByFormula } from "./formula-rank.ts";
import { fuse } from "./fusion.ts";
import { diversify } from "./mmr.ts";
import type { Hit, Mmr, Query, SearchParams } from "./query.ts";
import type { ResolvedPrefetch, ResolvedRequest } from "./resolve.ts";
import { type Scope, scopeAmong, scopeOf } from "./scope.ts";
import { byVector } from "./vector-rank.ts";

/** The hits of a page, best first. @throws E_INPUT */
export function execute(state: CollectionState, request: ResolvedRequest): Hit[] {
  return new Execution(state, request.excluded).page(request);
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
  readonly #excluded: ReadonlySet<number>;
  /** The points of a list of filters, found once. */
  readonly #scopes = new Map<readonly JsonObject[], Scope>();

  constructor(state: CollectionState, excluded: ReadonlySet<number>) {
    this.#state = state;
    this.#excluded = excluded;
  }

  page(request: ResolvedRequest): Hit[] {
    const { query, using, offset, limit, scoreThreshold, params } = request;
    const filters = request.filter === null ? [] : [request.filter];
    const cut = { limit: limit + offset, scoreThreshold, params };
    if (request.prefetches.length === 0) {
      const found = this.#leaf(query, using, filters, cut);
      const hits = isMmr(query) ? this.#diversify(query, using, [found], limit) : found;
      return onePage(withoutRepeats(hits), offset, limit);
    }
    const rankings = request.prefetches.map((each) => this.#prefetch(each, filters));
    if (isMmr(query)) {
      const near = { ...cut, limit: query.mmr.candidates ?? limit };
      const found = byVector(this.#state, query, using, this.#union(rankings), near);
      return onePage(this.#diversify(query, using, [found], limit), offset, limit);
    }
    const given = query?.kind === "fusion" ? rankings.map(withoutRepeats) : rankings;
    return onePage(withoutRepeats(this.#rank(query, using, given, cut)), offset, limit);
  }

  /** Filters reach the leaves from all that is above them. */
  #prefetch(part: ResolvedPrefetch, above: readonly JsonObject[]): Hit[] {
    const { query, using, prefetches } = part;
    const filters = part.filter === null ? above : [...above, part.filter];
    if (prefetches.length === 0) return this.#leaf(query, using, filters, part);
    return this.#rank(
      query,
      using,
      prefetches.map((each) => this.#prefetch(each, filters)),
      part,
    );
  }

  /** What stands in the collection itself. */
  #leaf(
    query: Query<QueryVector> | null,
    using: string,
    filters: readonly JsonObject[],
    cut: Cut,
  ): Hit[] {
    return this.#fromScope(query, using, this.#scope(filters), cut);
  }

  #fromScope(query: Query<QueryVector> | null, using: string, scope: Scope, cut: Cut): Hit[] {
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
    const once = new Map(rankings.flat().map((hit) => [hit.slot, hit]));
    const candidates = [...once.values()].filter(({ slot }) => set.has(slot));
    const similarityTo = (slot: number) => set.similarity(set.vector(slot) ?? input, false);
    return diversify(candidates, set.similarity(input, false), similarityTo, mmr.diversity, limit);
  }

  #scope(filters: readonly JsonObject[]): Scope {
    const known = this.#scopes.get(filters);
    if (known !== undefined) return known;
    const scope = scopeOf(this.#state, filters, this.#excluded);
    this.#scopes.set(filters, scope);
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
  const end = hits.findIndex(({ score }) => scoreThreshold !== null && score < scoreThreshold);
  return hits.slice(0, Math.min(limit, end === -1 ? hits.length : end));
}

/** A point that stands twice in a row (it has several values to order by) stands once. */
function withoutRepeats(hits: readonly Hit[]): Hit[] {
  return hits.filter(
    ({ slot, score }, at) => slot !== hits[at - 1]?.slot || score !== hits[at - 1]?.score,
  );
}

function onePage(hits: readonly Hit[], offset: number, limit: number): Hit[] {
  return hits.slice(offset, offset + limit);
}
