/** The nearest documents: by the server's own index where it can be asked all that is wanted, else by every record that is meant. */
import { isVectorError } from "../../errors.ts";
import { Nearest, offerBatch } from "../../model/nearest.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { DocumentHit, DocumentSearchOptions } from "../../store/documents.ts";
import { parsePlainObject } from "../../util/json.ts";
import { notChroma } from "./answer.ts";
import { statusOf } from "./client.ts";
import type { Asked } from "./document-where.ts";
import { decodeFlat, placed } from "./flat.ts";
import { type Found, queryNearest } from "./query.ts";
import { readRecords } from "./reader.ts";
import type { RecordSize } from "./record-size.ts";
import { type Reach, selectedIds } from "./selection.ts";

export interface DocumentQuery {
  readonly vector: Float32Array;
  readonly options: DocumentSearchOptions;
  readonly asked: Asked;
  readonly tenanted: boolean;
  /** Results that one query may ask for; null = any number. */
  readonly resultsMax: number | null;
  readonly size: RecordSize;
}

export async function searchDocuments(reach: Reach, query: DocumentQuery): Promise<DocumentHit[]> {
  const { asked, options, resultsMax } = query;
  if (options.limit === 0) return [];
  if (asked.here !== null || options.limit > (resultsMax ?? Number.POSITIVE_INFINITY))
    return nearestOfAll(reach, query);
  try {
    const hits = await askIndex(reach, query);
    return hits ?? (await nearestOfAll(reach, query));
  } catch (error) {
    // Servers before 1.0 fail where their index finds fewer of a filter's records than were asked for, though there are more.
    if (!isVectorError(error, "E_SERVER") || statusOf(error) !== 500) throw error;
    return nearestOfAll(reach, query);
  }
}

/** null = in the place of a tenant's record stands one that another program wrote under the tenant's name, which is nobody's. */
async function askIndex(reach: Reach, query: DocumentQuery): Promise<DocumentHit[] | null> {
  const { asked, options, tenanted, vector } = query;
  const { documents = true, metadata = false, vectors = false, limit, tenant, signal } = options;
  // In a tenanted collection the metadata tells the record's own id, and whose it is.
  const include = [
    ...(documents ? (["documents"] as const) : []),
    ...(tenanted || metadata ? (["metadatas"] as const) : []),
    ...(vectors ? (["embeddings"] as const) : []),
  ];
  const found = await queryNearest(reach.calls, reach.collection, Array.from(vector), {
    limit,
    include,
    where: asked.server,
    ...(signal && { signal }),
  });
  const hits = found.flatMap((one) => hitOf(one, { tenanted, metadata, tenant }) ?? []);
  return hits.length === found.length ? hits : null;
}

function hitOf(
  found: Found,
  {
    tenanted,
    metadata,
    tenant,
  }: {
    readonly tenanted: boolean;
    readonly metadata: boolean;
    readonly tenant: string | undefined;
  },
): DocumentHit | null {
  const { id, distance, document } = found;
  const vector = found.vector === null ? null : Float32Array.from(found.vector);
  const flat = tenanted ? decodeFlat(found.metadata) : null;
  if (tenant !== undefined && flat?.id === null) return null;
  if (tenant !== undefined && flat?.tenant !== tenant)
    throw notChroma("a record of another tenant than the one that was asked for");
  const plain = flat === null ? found.metadata : flat.metadata;
  return {
    id: flat?.id ?? id,
    point: id,
    distance,
    document,
    tenant: metadata ? (flat?.tenant ?? null) : null,
    metadata: metadata ? parsePlainObject(plain ?? "null") : null,
    createdAt: metadata ? (flat?.createdAt ?? null) : null,
    vector,
    norm: metadata ? (flat?.norm ?? Number.NaN) : Number.NaN,
  };
}

/** By every record that is meant, in batches; exact. */
async function nearestOfAll(reach: Reach, query: DocumentQuery): Promise<DocumentHit[]> {
  const { asked, options, size, tenanted, vector } = query;
  const { collection, signal } = reach;
  const { documents = true, metadata = false, vectors = false, limit, tenant } = options;
  const nearest = new Nearest(limit);
  const read = (ids: readonly string[], withVectors: boolean) =>
    readRecords(
      reach.calls,
      collection,
      ids,
      { vectors: withVectors, ...(signal && { signal }) },
      size,
    );
  for await (const ids of selectedIds(reach, asked)) {
    for (let start = 0; start < ids.length; start += size.rowsMax) {
      const { batch } = await read(ids.slice(start, start + size.rowsMax), true);
      const owners = placed(batch, tenanted).placement.tenants;
      const isMeant = (row: number): boolean => tenant === undefined || owners[row] === tenant;
      offerBatch(nearest, batch, vector, collection.distance ?? "l2", isMeant);
    }
  }
  const { candidates } = nearest;
  const { batch } = await read(
    candidates.map(({ id }) => id),
    vectors,
  );
  const points = placed(batch, tenanted);
  const column = denseVector(points);
  const rows = new Map(points.placement.points.map((point, row) => [point, row]));
  return candidates.flatMap(({ id: point, distance }) => {
    const row = rows.get(point);
    if (row === undefined) return [];
    const { payload, placement } = points;
    const at = column === undefined ? null : row * column.dimension;
    return [
      {
        id: points.ids[row] ?? point,
        point,
        distance,
        document: documents ? (payload.documents[row] ?? null) : null,
        tenant: metadata ? (placement.tenants[row] ?? null) : null,
        metadata: metadata ? parsePlainObject(payload.metadata[row] ?? "null") : null,
        createdAt: metadata ? (placement.createdAt?.[row] ?? null) : null,
        vector:
          column === undefined || at === null ? null : column.data.slice(at, at + column.dimension),
        norm: metadata ? (placement.norms[row] ?? Number.NaN) : Number.NaN,
      },
    ];
  });
}
