/** What a store gives, as the documents that an application reads. */
import { VectorError } from "../errors.ts";
import type { Distance } from "../model/distance.ts";
import type { PointBatch } from "../model/record.ts";
import { denseVector, isPresent } from "../model/vector-column.ts";
import type { DocumentHit } from "../store/documents.ts";
import { type PlainObject, parsePlainObject } from "../util/json.ts";
import { documentId, type TenantedCollection } from "./catalog.ts";
import type { DocumentMetadata } from "./metadata.ts";
import type { VectorDocument } from "./types.ts";

/** Larger is more similar, from a distance in Chroma's terms: cosine and dot product as Qdrant gives them, euclid 1 / (1 + d). */
export function similarityScore(distance: Distance, value: number): number {
  return distance === "l2" ? 1 / (1 + Math.sqrt(value)) : 1 - value;
}

/** A hit as a document. @throws {VectorError} E_INTERNAL where it is another tenant's */
export function hitDocument(
  collection: TenantedCollection,
  tenant: string,
  hit: DocumentHit,
  withEmbedding: boolean,
): VectorDocument {
  assertOwn(collection, tenant, hit.tenant);
  return {
    id: documentId(collection, tenant, hit.id, hit.point),
    content: hit.document,
    embedding: withEmbedding && hit.vector !== null ? asGiven(hit.vector, hit.norm) : null,
    metadata: metadataOf(hit.metadata),
    createdAt: hit.createdAt,
    collectionName: collection.name,
    tenantId: tenant,
  };
}

/** A row of a batch as a document. @throws {VectorError} E_INTERNAL where it is another tenant's */
export function rowDocument(
  collection: TenantedCollection,
  tenant: string,
  batch: PointBatch,
  row: number,
): VectorDocument {
  const { payload, placement } = batch;
  assertOwn(collection, tenant, placement.tenants[row] ?? null);
  return {
    id: documentId(collection, tenant, batch.ids[row] ?? "", placement.points[row]),
    content: payload.documents[row] ?? null,
    embedding: embeddingAt(batch, row),
    metadata: metadataOf(parsePlainObject(payload.metadata[row] ?? "{}")),
    createdAt: placement.createdAt?.[row] ?? null,
    collectionName: collection.name,
    tenantId: tenant,
  };
}

function embeddingAt({ vectors, placement }: PointBatch, row: number): Float32Array | null {
  const column = denseVector({ vectors });
  if (column === undefined || !isPresent(column, row)) return null;
  const { data, dimension } = column;
  const vector = data.subarray(row * dimension, (row + 1) * dimension);
  return asGiven(vector, placement.norms[row] ?? Number.NaN);
}

/** The vector with the length that it was given with: each component to within 3 ulp of float32. */
function asGiven(vector: Float32Array, norm: number): Float32Array {
  return Number.isNaN(norm)
    ? vector.slice()
    : Float32Array.from(vector, (component) => component * norm);
}

/** Whatever JSON holds is a value of metadata. */
function metadataOf(plain: PlainObject | null): DocumentMetadata {
  return (plain ?? {}) as DocumentMetadata;
}

/** A store is asked for one tenant's alone; should it ever give another's, nobody sees it. */
function assertOwn({ name }: TenantedCollection, tenant: string, found: string | null): void {
  if (found === tenant) return;
  throw new VectorError(
    "E_INTERNAL",
    `The store gave a document of another tenant out of collection ${JSON.stringify(name)}; nothing of it is handed on.`,
  );
}
