/** Searches: what is asked of a Qdrant, and what its answer is to an application. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo, Layout } from "../../model/collection.ts";
import { type Distance, toChromaDistance } from "../../model/distance.ts";
import type { Where } from "../../model/filter.ts";
import { markKey, tenantKey } from "../../model/layout.ts";
import type { PointBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { DocumentHit, DocumentSearchOptions } from "../../store/documents.ts";
import type { QueryColumns, ScoredPoints } from "./api.ts";
import { toBatch } from "./convert.ts";
import { factsOf } from "./facts.ts";
import { scopeFilter } from "./filter.ts";
import { assertUnnamed } from "./fit.ts";
import { wantedVectors } from "./shapes.ts";
import { isMeant, type Lists } from "./where.ts";

/** Asks the Qdrant. */
type Ask = (query: QueryColumns) => Promise<ScoredPoints>;

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
  const found = async (lists: Lists): Promise<Found> => {
    const scored = await ask({
      vector,
      limit,
      exact,
      vectors: vectors ? wantedVectors({ dimension: collection.dimension }) : [],
      filter: scopeFilter(options, { ...asking, lists }),
      oversampling: rescoring?.oversampling,
      ...(paths === undefined ? {} : { paths }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { batch: toBatch(scored, layout), scores: scored.scores };
  };
  // The nearest that fit loosely are the nearest that fit, where each of them does: most metadata has no list.
  if (where !== undefined && asking.lists === "apart" && wantsMetadata(options)) {
    const loosely = await found("loosely");
    if (areMeant(where, loosely.batch)) return hitsOf(loosely, distance, options);
  }
  return hitsOf(await found(asking.lists), distance, options);
}

interface Found {
  readonly batch: PointBatch;
  readonly scores: readonly number[];
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
  const apart = layout === "vecferry" || layout === "langchain";
  return apart ? ["metadata", tenantKey, markKey] : undefined;
}

function hitsOf(
  { batch, scores }: Found,
  distance: Distance,
  { documents = true, metadata = false, vectors = false }: DocumentSearchOptions,
): DocumentHit[] {
  const { ids, payload, placement } = batch;
  const column = denseVector(batch);
  const vectorOf = (row: number): Float32Array | null => {
    if (!vectors || column === undefined || column.present?.[row] === 0) return null;
    return column.data.slice(row * column.dimension, (row + 1) * column.dimension);
  };
  return ids.map((id, row) => ({
    id,
    point: placement.points[row] ?? "",
    distance: toChromaDistance(distance, scores[row] ?? Number.NaN),
    document: documents ? (payload.documents[row] ?? null) : null,
    tenant: metadata ? (placement.tenants[row] ?? null) : null,
    metadata: metadata ? (payload.metadata[row] ?? null) : null,
    createdAt: metadata ? (placement.createdAt?.[row] ?? null) : null,
    norm: metadata ? (placement.norms[row] ?? Number.NaN) : Number.NaN,
    vector: vectorOf(row),
  }));
}
