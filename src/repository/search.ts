/** One search: what is asked for is checked, what is found is put in order. */
import { z } from "zod";
import { VectorError } from "../errors.ts";
import type { DocumentHit, DocumentStore, Rescoring } from "../store/documents.ts";
import type { TenantedCollection } from "./catalog.ts";
import { putEmbedding } from "./incoming.ts";
import { badField, parseInput } from "./input.ts";
import type { DocumentMetadata } from "./metadata.ts";
import { toWhere } from "./metadata-filter.ts";
import { diversify } from "./mmr.ts";
import { hitDocument, similarityScore } from "./outgoing.ts";
import { assertTenant } from "./tenant.ts";
import type { RepositoryCallOptions, SearchResult } from "./types.ts";

const resultsDefault = 10;
const resultsMax = 10_000;
const candidatesMin = 50;
const candidatesMax = 1000;
/** Candidates for each result, where diversity is asked for and nobody says how many. */
const candidatesPerResult = 4;
/** What `rerank: true` asks for: three times as many out of the quantized index, compared by their full vectors. */
const rescoring: Rescoring = { oversampling: 3 };

type Reorder<M extends object = DocumentMetadata> = (
  results: readonly SearchResult<M>[],
  options: { readonly signal?: AbortSignal },
) => unknown;

const requestSchema = z.strictObject({
  queryEmbedding: z.unknown().optional(),
  collectionName: z.string().min(1),
  nResults: z.int().min(1).max(resultsMax).optional(),
  metadataFilter: z.unknown().optional(),
  tenantId: z.unknown().optional(),
  includeEmbeddings: z.boolean().optional(),
  rerank: z
    .union([
      z.boolean(),
      z.strictObject({
        mmr: z.strictObject({
          diversity: z.number().min(0).max(1),
          candidates: z.int().min(1).max(candidatesMax).optional(),
        }),
      }),
      z.custom<Reorder>((value) => typeof value === "function", "is no function"),
    ])
    .optional(),
  similarityThreshold: z.number().optional(),
});

export type CheckedSearch = z.output<typeof requestSchema>;

/** @throws {VectorError} E_INPUT, which names the field */
export function parseSearch(request: unknown): CheckedSearch {
  const checked = parseInput(requestSchema, request, "search");
  const { nResults = resultsDefault, rerank } = checked;
  if (typeof rerank === "object" && nResults > candidatesMax)
    throw badField(
      "search.nResults",
      `is more than ${candidatesMax}, which mmr puts in order at most`,
    );
  return checked;
}

/**
 * The nearest documents of the tenant, in the order that was asked for. `onQueried` is told how long the store took.
 * @throws {VectorError} E_TENANT, E_INPUT, E_DIMENSION, and what the store and the caller's own function throw
 */
export async function searchDocuments(
  store: DocumentStore,
  collection: TenantedCollection,
  request: CheckedSearch,
  options: RepositoryCallOptions,
  onQueried: (ms: number) => void,
): Promise<SearchResult[]> {
  const { nResults = resultsDefault, includeEmbeddings = false, rerank = false } = request;
  const tenant = assertTenant(request.tenantId);
  const vector = queryVector(request.queryEmbedding, collection);
  const where = toWhere(request.metadataFilter);
  const mmr = typeof rerank === "object" ? rerank.mmr : null;
  const started = performance.now();
  const hits = await store.search(collection.info, vector, {
    ...options,
    limit: mmr === null ? nResults : candidatesOf(nResults, mmr.candidates),
    tenant,
    ...(where === null ? {} : { where }),
    metadata: true,
    vectors: includeEmbeddings || mmr !== null,
    ...(rerank === true ? { rescoring } : {}),
  });
  onQueried(performance.now() - started);
  const threshold = request.similarityThreshold ?? Number.NEGATIVE_INFINITY;
  const scoreOf = (hit: DocumentHit): number => similarityScore(collection.distance, hit.distance);
  const near = hits.filter((hit) => scoreOf(hit) >= threshold);
  const chosen =
    mmr === null
      ? near
      : diversify(
          near.map((hit) => ({
            relevance: scoreOf(hit),
            vector: hit.vector ?? noVector(collection),
          })),
          { count: nResults, diversity: mmr.diversity, distance: collection.distance },
        ).flatMap((place) => near.slice(place, place + 1));
  const results = chosen.map((hit) => ({
    document: hitDocument(collection, tenant, hit, includeEmbeddings),
    similarityScore: scoreOf(hit),
  }));
  return typeof rerank === "function" ? await reordered(rerank, results, options) : results;
}

function queryVector(value: unknown, collection: TenantedCollection): Float32Array {
  const vector = new Float32Array(collection.dimension);
  putEmbedding(value, collection, "queryEmbedding", vector, 0);
  return vector;
}

function candidatesOf(nResults: number, given: number | undefined): number {
  const wanted = given ?? Math.max(candidatesMin, nResults * candidatesPerResult);
  return Math.max(nResults, Math.min(candidatesMax, wanted));
}

function noVector({ name }: TenantedCollection): never {
  throw new VectorError(
    "E_BAD_RESPONSE",
    `Vectors of collection ${JSON.stringify(name)} were asked for, and one did not come.`,
  );
}

/** The results as the caller's function orders them. @throws {VectorError} E_INPUT for what are not those that it was given, each at most once */
export async function reordered<M extends object>(
  reorder: Reorder<M>,
  results: readonly SearchResult<M>[],
  options: RepositoryCallOptions,
): Promise<SearchResult<M>[]> {
  const left = new Set(results.map(({ document }) => document));
  const answer: unknown = await reorder(results, options);
  if (!Array.isArray(answer)) throw badField("rerank", "gave no list of results");
  return answer.map((result: SearchResult<M>, place) => {
    if (!left.delete(result?.document))
      throw badField(`rerank[${place}]`, "is none of the results that it was given, or twice one");
    return result;
  });
}
