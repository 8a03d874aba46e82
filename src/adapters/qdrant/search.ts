/** Searches: what is asked of a Qdrant, and what its answer is to an application. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo, Layout } from "../../model/collection.ts";
import { type Distance, toChromaDistance } from "../../model/distance.ts";
import type { Where } from "../../model/filter.ts";
import { markKey, tenantKey } from "../../model/layout.ts";
import { keepsMetadataApart, type PlainRecord, plainRecord } from "../../model/plain-record.ts";
import type { PointBatch } from "../../model/record.ts";
import { denseVector, isPresent } from "../../model/vector-column.ts";
import type { DocumentHit, DocumentSearchOptions } from "../../store/documents.ts";
import { type PlainObject, parsePlainObject } from "../../util/json.ts";
import type { PlainPoints, QueryColumns, ScoredPoints } from "./api.ts";
import { toBatch } from "./convert.ts";
import { factsOf } from "./facts.ts";
import { scopeFilter } from "./filter.ts";
import { assertUnnamed } from "./fit.ts";
import { wantedVectors } from "./shapes.ts";
import { asksForLists, isMeant, type Lists } from "./where.ts";

/** Asks the Qdrant. */
type Ask = (query: QueryColumns) => Promise<ScoredPoints | PlainPoints<PlainRecord>>;

/**
 * The nearest of the records that are meant. @throws E_NOT_SUPPORTED (named vectors, a distance that Chroma does not have, a key
 * that no path can name), E_INPUT, and what `ask` throws
 */
export async function findNearest(
  collection: CollectionInfo,
  vector: Float32Array,
  options: DocumentSearchOptions,
  ask: Ask,
): Promise<DocumentHit[]> {
  const { limit, exact = false, vectors = false, rescoring, signal, where } = options;
  const { name, distance } = assertUnnamed(collection);
  if (distance === null)
    throw new VectorError("E_NOT_SUPPORTED", `Chroma has no distance like that of "${name}".`);
  const { layout, asking } = factsOf(collection);
  const paths = wantedPaths(options, asking.layout);
  const plain = recordReader(layout, where);
  const found = async (lists: Lists): Promise<Found> => {
    const scored = await ask({
      vector,
      limit,
      exact,
      vectors: vectors ? wantedVectors({ dimension: collection.dimension }) : [],
      filter: scopeFilter(options, { ...asking, lists }),
      oversampling: rescoring?.oversampling,
      ...(plain === undefined ? {} : { plain }),
      ...(paths === undefined ? {} : { paths }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!("plain" in scored)) return { batch: toBatch(scored, layout), scores: scored.scores };
    return scored;
  };
  const hitsOf = (answer: Found): DocumentHit[] =>
    "plain" in answer ? plainHits(answer, distance, options) : textHits(answer, distance, options);
  // The nearest that fit loosely are the nearest that fit, where each of them does: most metadata has no list.
  if (where !== undefined && asking.lists === "apart" && wantsMetadata(options)) {
    const loosely = await found("loosely");
    if ("plain" in loosely || areMeant(where, loosely.batch)) return hitsOf(loosely);
  }
  return hitsOf(await found(asking.lists));
}

/** An answer that was read plain, or row by row as texts. */
type Found =
  | PlainPoints<PlainRecord>
  | { readonly batch: PointBatch; readonly scores: readonly number[] };

/** Reads the payloads that may be read plain; undefined = none may. Of a filter's answer those may that certainly are meant. */
function recordReader(
  layout: Layout | null,
  where: Where | undefined,
): ((payload: PlainObject) => PlainRecord | null) | undefined {
  if (layout === null || !keepsMetadataApart(layout)) return undefined;
  if (where === undefined) return (payload) => plainRecord(payload, layout);
  if (asksForLists(where)) return undefined;
  return (payload) => {
    const record = plainRecord(payload, layout);
    return Object.values(record?.metadata ?? {}).some(Array.isArray) ? null : record;
  };
}

/** Whether the metadata comes with the answer. */
function wantsMetadata({ documents = true, metadata = false }: DocumentSearchOptions): boolean {
  return documents || metadata;
}

/** A point that is not vecferry's has its payload elsewhere, and nobody looks into it. */
function areMeant(where: Where, { payload, placement }: PointBatch): boolean {
  return payload.metadata.every(
    (metadata, row) =>
      isMeant(where, metadata) && (metadata !== null || (placement.rest[row] ?? null) === null),
  );
}

/** Undefined = the whole payload. */
function wantedPaths(
  { documents = true, metadata = false }: DocumentSearchOptions,
  layout: Layout,
): string[] | undefined {
  if (documents) return undefined;
  if (!metadata) return [`${markKey}.id`];
  // In the other layouts the metadata's keys stand beside the document.
  return keepsMetadataApart(layout) ? ["metadata", tenantKey, markKey] : undefined;
}

/** Of a row of the answer. */
type VectorOf = (row: number) => Float32Array | null;

function vectorsOf(answer: Pick<ScoredPoints, "vectors">, wanted: boolean): VectorOf {
  const column = wanted ? denseVector(answer) : undefined;
  return (row) =>
    column === undefined || !isPresent(column, row)
      ? null
      : column.data.slice(row * column.dimension, (row + 1) * column.dimension);
}

function plainHits(
  { points, scores, vectors, plain }: PlainPoints<PlainRecord>,
  distance: Distance,
  options: DocumentSearchOptions,
): DocumentHit[] {
  const { documents = true, metadata = false } = options;
  const vectorOf = vectorsOf({ vectors }, options.vectors === true);
  return plain.map((record, row) => ({
    id: record.id,
    point: points[row] ?? "",
    distance: toChromaDistance(distance, scores[row] ?? Number.NaN),
    document: documents ? record.document : null,
    tenant: metadata ? record.tenant : null,
    metadata: metadata ? record.metadata : null,
    createdAt: metadata ? record.createdAt : null,
    norm: metadata ? record.norm : Number.NaN,
    vector: vectorOf(row),
  }));
}

function textHits(
  { batch, scores }: Exclude<Found, PlainPoints<PlainRecord>>,
  distance: Distance,
  options: DocumentSearchOptions,
): DocumentHit[] {
  const { documents = true, metadata = false } = options;
  const { ids, payload, placement } = batch;
  const vectorOf = vectorsOf(batch, options.vectors === true);
  return ids.map((id, row) => ({
    id,
    point: placement.points[row] ?? "",
    distance: toChromaDistance(distance, scores[row] ?? Number.NaN),
    document: documents ? (payload.documents[row] ?? null) : null,
    tenant: metadata ? (placement.tenants[row] ?? null) : null,
    metadata: metadata ? parsePlainObject(payload.metadata[row] ?? "null") : null,
    createdAt: metadata ? (placement.createdAt?.[row] ?? null) : null,
    norm: metadata ? (placement.norms[row] ?? Number.NaN) : Number.NaN,
    vector: vectorOf(row),
  }));
}
