/**
 * A query with the vectors in place of the points that it names, checked by Qdrant's rules.
 * Source: qdrant 1.18.2, lib/collection/src/operations/universal_query/collection_query.rs, lib/collection/src/common/fetch_vectors.rs.
 */
import type { VectorSelector } from "../api.ts";
import { namedVectors } from "../collection/read.ts";
import type { CollectionState } from "../collection/state.ts";
import { badInput, notFound } from "../errors.ts";
import type { SlotSet } from "../filter/slot-set.ts";
import type { QueryVector } from "../vectors/vector-set.ts";
import { invalidFormula } from "./formula-terms.ts";
import type { ContextPair, Prefetch, Query, QueryRequest, VectorInput } from "./query.ts";

/** A collection by its name or alias. @throws E_COLLECTION_NOT_FOUND */
export type FindCollection = (name: string) => CollectionState;

export interface ResolvedPrefetch extends Omit<Prefetch, "prefetches" | "query" | "lookupFrom"> {
  readonly prefetches: readonly ResolvedPrefetch[];
  readonly query: Query<QueryVector> | null;
}

export interface ResolvedRequest extends ResolvedPrefetch {
  readonly offset: number;
  readonly withVector: VectorSelector;
  /** Slots that no part of the query may find: the points that it names. */
  readonly excluded: ReadonlySet<number>;
  /** The only slots that it may find; null = any. */
  readonly within: SlotSet | null;
}

const depthMax = 64;

/** What points that a query names and that are not there are taken for. */
export type AbsentPoints = "refused" | "without vectors";

/** @throws E_INPUT (400; 404 where a point or its vector is not there) */
export function resolve(
  state: CollectionState,
  request: QueryRequest,
  find: FindCollection,
  absent: AbsentPoints = "refused",
): ResolvedRequest {
  fetchNamed(state, [request], find, absent);
  return resolveOne(state, request, find);
}

/** As `resolve`, several requests at once: the points that any of them names are looked for before the first is looked at. */
export function resolveAll(
  state: CollectionState,
  requests: readonly QueryRequest[],
  find: FindCollection,
): ResolvedRequest[] {
  fetchNamed(state, requests, find, "refused");
  return requests.map((request) => resolveOne(state, request, find));
}

function resolveOne(
  state: CollectionState,
  request: QueryRequest,
  find: FindCollection,
): ResolvedRequest {
  const excluded = new Set<number>();
  for (const part of parts(request)) leaveOut(state, part, find, excluded);
  const sample = request.query?.kind === "sample" && request.prefetches.length === 0;
  return {
    ...resolvePart(state, request, find),
    // A page of a random order means nothing.
    offset: sample ? 0 : request.offset,
    withVector: request.withVector,
    excluded,
    within: null,
  };
}

/** The request and all its prefetches. @throws E_INPUT where they are nested too deep */
function* parts(part: Prefetch, depth = 0): Generator<Prefetch> {
  if (depth > depthMax)
    throw invalidFormula(`prefetches depth ${depth} exceeds max depth ${depthMax}`);
  yield part;
  for (const prefetch of part.prefetches) yield* parts(prefetch, depth + 1);
}

/** Where a part's points are. */
function source(state: CollectionState, { lookupFrom }: Prefetch, find: FindCollection) {
  return lookupFrom === null ? state : find(lookupFrom.collection);
}

function vectorName({ lookupFrom, using }: Prefetch): string {
  return lookupFrom?.vector ?? using;
}

function idsOf({ query }: Prefetch): string[] {
  return inputs(query).flatMap((input) => (input.kind === "id" ? [input.id] : []));
}

/** Points of this collection that a part names are left out of the answer. */
function leaveOut(
  state: CollectionState,
  part: Prefetch,
  find: FindCollection,
  excluded: Set<number>,
): void {
  const ids = idsOf(part);
  if (ids.length === 0 || source(state, part, find) !== state) return;
  for (const id of ids) {
    const slot = state.ids.find(id);
    if (slot !== -1) excluded.add(slot);
  }
}

/**
 * Looks for what all parts name, in a server's order: the collections; the names of vectors, where a collection has any of its points;
 * the points. @throws E_INPUT (404, 400, 404)
 */
function fetchNamed(
  state: CollectionState,
  requests: readonly QueryRequest[],
  find: FindCollection,
  absent: AbsentPoints,
): void {
  const named = requests
    .flatMap((request) => [...parts(request)])
    .map((part) => ({ ids: idsOf(part), part }))
    .filter(({ ids }) => ids.length > 0)
    .map(({ ids, part }) => ({ ids, name: vectorName(part), from: source(state, part, find) }));
  const isThere =
    ({ ids }: CollectionState) =>
    (id: string) =>
      ids.find(id) !== -1;
  const reached = new Set(
    named.flatMap(({ ids, from }) => (ids.some(isThere(from)) ? [from] : [])),
  );
  for (const { from, name } of named) if (reached.has(from)) namedVectors(from, name);
  if (absent !== "refused") return;
  for (const { ids, from } of named) {
    const missing = ids.find((id) => !isThere(from)(id));
    if (missing !== undefined) throw notFound(`Not found: No point with id ${missing} found`);
  }
}

function inputs<Input>(query: Query<Input> | null): Input[] {
  switch (query?.kind) {
    case "nearest":
      return [query.input];
    case "recommend":
      return [...query.positives, ...query.negatives];
    case "discover":
      return [query.target, ...pairInputs(query.pairs)];
    case "context":
      return pairInputs(query.pairs);
    default:
      return [];
  }
}

function pairInputs<Input>(pairs: readonly ContextPair<Input>[]): Input[] {
  return pairs.flatMap(({ positive, negative }) => [positive, negative]);
}

function resolvePart(
  state: CollectionState,
  part: Prefetch,
  find: FindCollection,
): ResolvedPrefetch {
  checkPart(part);
  const { prefetches, query, lookupFrom: _, ...rest } = part;
  const named = query === null ? null : resolveQuery(state, part, query, find);
  return {
    ...rest,
    query: named,
    prefetches: prefetches.map((prefetch) => resolvePart(state, prefetch, find)),
  };
}

function checkPart({ prefetches, query, using, scoreThreshold }: Prefetch): void {
  if (prefetches.length > 0 && query === null)
    throw badInput(
      "Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
    );
  if (scoreThreshold !== null && query === null)
    throw badInput(
      "Bad request: A query is needed to use the score_threshold. Can't have score_threshold without defining a query.",
    );
  if (scoreThreshold !== null && query?.kind === "order-by")
    throw badInput("Bad request: Can't use score_threshold with an order_by query.");
  if (query?.kind === "fusion" && using !== "")
    throw badInput("Bad request: Fusion queries cannot be combined with the 'using' field.");
  if (prefetches.length === 0 && (query?.kind === "fusion" || query?.kind === "formula")) {
    const word = query.kind === "fusion" ? "Fusion" : "Formula";
    throw invalidFormula(`cannot apply ${word} without prefetches`);
  }
  if (query?.kind === "formula" && query.formula.fault !== null) throw query.formula.fault;
  if (query?.kind === "fusion" && query.fusion.method === "rrf") {
    const { weights } = query.fusion;
    if (weights !== null && weights.length !== prefetches.length)
      throw invalidFormula(
        `RRF weights length (${weights.length}) does not match number of prefetches (${prefetches.length})`,
      );
  }
}

function resolveQuery(
  state: CollectionState,
  part: Prefetch,
  query: Query<VectorInput>,
  find: FindCollection,
): Query<QueryVector> {
  const lookup = (input: VectorInput): QueryVector | null => {
    if (input.kind === "vector") return input.vector;
    const from = source(state, part, find);
    const slot = from.ids.find(input.id);
    return slot === -1 ? null : namedVectors(from, vectorName(part)).vector(slot);
  };
  const need = (input: VectorInput): QueryVector => {
    const vector = lookup(input);
    if (vector !== null) return vector;
    throw notFound(
      `Not found: Vector with name ${JSON.stringify(vectorName(part))} for point not found`,
    );
  };
  const pairs = (given: readonly ContextPair<VectorInput>[]) =>
    given.map(({ positive, negative }) => ({ positive: need(positive), negative: need(negative) }));
  // Points without that vector say nothing about taste.
  const known = (given: readonly VectorInput[]) =>
    given.map(lookup).filter((vector) => vector !== null);
  switch (query.kind) {
    case "nearest": {
      const mmr = query.mmr && { ...query.mmr, candidates: query.mmr.candidates ?? part.limit };
      return { kind: "nearest", input: need(query.input), mmr };
    }
    case "recommend":
      return { ...query, positives: known(query.positives), negatives: known(query.negatives) };
    case "discover": {
      const context = { kind: "context", pairs: pairs(query.pairs) } as const;
      if (query.targetMayLack && lookup(query.target) === null) return context;
      return { ...context, kind: "discover", target: need(query.target) };
    }
    case "context":
      return { kind: "context", pairs: pairs(query.pairs) };
    default:
      return query;
  }
}
