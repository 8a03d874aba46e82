/** Searches: what is asked of a Qdrant, and what its answer is to an application. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo, Layout } from "../../model/collection.ts";
import { type Distance, toChromaDistance } from "../../model/distance.ts";
import { markKey, tenantKey } from "../../model/layout.ts";
import { defaultVector } from "../../model/record.ts";
import type { DocumentHit, DocumentSearchOptions } from "../../store/documents.ts";
import type { QueryColumns, ScoredPoints } from "./api.ts";
import { toBatch } from "./convert.ts";
import { factsOf } from "./facts.ts";
import { scopeFilter } from "./filter.ts";
import { assertUnnamed } from "./fit.ts";

/** A search that can be asked, and how its answer is read. */
export interface Search {
  readonly query: QueryColumns;
  readonly hits: (found: ScoredPoints) => DocumentHit[];
}

/** @throws E_NOT_SUPPORTED (named vectors, a distance that Chroma does not have, a key that no path can name), E_INPUT */
export function searchOf(
  collection: CollectionInfo,
  vector: Float32Array,
  options: DocumentSearchOptions,
): Search {
  const { limit, exact = false, vectors = false, rescoring, signal } = options;
  const { name, distance } = assertUnnamed(collection);
  if (distance === null)
    throw new VectorError("E_NOT_SUPPORTED", `Chroma has no distance like that of "${name}".`);
  const { layout, asking } = factsOf(collection);
  const paths = wantedPaths(options, asking.layout);
  const query: QueryColumns = {
    vector,
    limit,
    exact,
    vectors,
    dimension: collection.dimension ?? 0,
    filter: scopeFilter(options, asking),
    oversampling: rescoring?.oversampling,
    ...(paths === undefined ? {} : { paths }),
    ...(signal === undefined ? {} : { signal }),
  };
  return { query, hits: (found) => hitsOf(found, layout, distance, options) };
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
  found: ScoredPoints,
  layout: Layout | null,
  distance: Distance,
  { documents = true, metadata = false, vectors = false }: DocumentSearchOptions,
): DocumentHit[] {
  const { ids, payload, placement, vectors: columns } = toBatch(found, layout);
  const column = columns.get(defaultVector);
  const vectorOf = (row: number): Float32Array | null => {
    if (!vectors || column === undefined || column.present?.[row] === 0) return null;
    return column.data.slice(row * column.dimension, (row + 1) * column.dimension);
  };
  return ids.map((id, row) => ({
    id,
    point: placement.points[row] ?? "",
    distance: toChromaDistance(distance, found.scores[row] ?? Number.NaN),
    document: documents ? (payload.documents[row] ?? null) : null,
    tenant: metadata ? (placement.tenants[row] ?? null) : null,
    metadata: metadata ? (payload.metadata[row] ?? null) : null,
    createdAt: metadata ? (placement.createdAt?.[row] ?? null) : null,
    norm: metadata ? (placement.norms[row] ?? Number.NaN) : Number.NaN,
    vector: vectorOf(row),
  }));
}
