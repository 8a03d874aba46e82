/** Digests of points: from the messages that came where gRPC brings them, from columns of the points that only the long way reads. */

import type { CollectionInfo, Layout } from "../../model/collection.ts";
import { digestBytes, digestPoints } from "../../model/digest.ts";
import { layoutPlaces } from "../../model/layout.ts";
import { defaultVector, type PointBatch } from "../../model/record.ts";
import { releaseVectors } from "../../model/vector-column.ts";
import type { PointDigests } from "../../store/port.ts";
import type { DigestPage, DigestShape } from "../../wire/scroll-digests.ts";
import type { PointColumns, QdrantApi, ScrollColumns, ScrollPage } from "./api.ts";
import { toBatch } from "./convert.ts";
import { factsOf } from "./facts.ts";
import { type ScanOptions, scanPages } from "./paging.ts";

/** How the points are read whose digests are wanted; null = they are laid out, or have vectors, that are not summed up as they come. */
export function digestShape({
  digests: layout,
  vectors,
}: Pick<ScrollColumns, "digests" | "vectors">): (DigestShape & { layout: Layout }) | null {
  const [vector] = vectors;
  if (layout === undefined || vector === undefined || vectors.length > 1) return null;
  const { document, metadata } = layoutPlaces(layout);
  const { name, kind, dimension } = vector;
  if (document === null || metadata === null || dimension === null) return null;
  if (name !== defaultVector || kind !== "dense") return null;
  return { layout, dimension, document, metadata };
}

/** `oddPoints`: those that were read the long way, with the payload that they have. */
export function digestedPage(
  { points, runs, collections, digests, next, odd, bytes }: DigestPage,
  oddPoints: PointColumns,
  layout: Layout,
): ScrollPage {
  const page = { points, runs, collections, digests };
  if (odd.length > 0) fillIn(page, odd, toBatch(oddPoints, layout));
  return { points, vectors: new Map(), payloads: [], next, digests: page, bytes };
}

/** Puts what is said of the odd points in their rows. */
function fillIn(
  { points, runs, collections, digests }: PointDigests,
  odd: readonly number[],
  batch: PointBatch,
): void {
  const { placement } = batch;
  const found = digestPoints(batch);
  odd.forEach((row, place) => {
    points[row] = placement.points[place] ?? "";
    runs[row] = placement.runs[place] ?? null;
    collections[row] = placement.collections[place] ?? null;
    digests.set(found.subarray(place * digestBytes, (place + 1) * digestBytes), row * digestBytes);
  });
}

/** The digests of every point once, in the order of point ids; shard by shard where they were put there by hand. */
export async function* digestPages(
  api: QdrantApi,
  collection: CollectionInfo,
  scan: ScanOptions,
  shards: readonly (string | undefined)[],
): AsyncGenerator<PointDigests> {
  const { layout } = factsOf(collection);
  for (const shard of shards) {
    const digests = shard === undefined ? (layout ?? undefined) : undefined;
    for await (const page of scanPages(api, collection.name, { ...scan, shard, digests }))
      yield page.digests ?? batchDigests(toBatch(page, layout, shard));
  }
}

/** The digests of a batch, whose vectors nobody else uses. */
function batchDigests(batch: PointBatch): PointDigests {
  const { points, runs, collections } = batch.placement;
  const digests = digestPoints(batch);
  releaseVectors(batch);
  return { points, runs, collections, digests };
}
