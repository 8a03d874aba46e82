/** Digests of batches, of their rows, and of all that a store holds. */
import { VectorError } from "../errors.ts";
import type { CollectionInfo } from "../model/collection.ts";
import { digestBytes, digestPoints } from "../model/digest.ts";
import type { PointBatch } from "../model/record.ts";
import { release } from "../util/release.ts";
import type { DigestOptions, PointDigests, TargetStore } from "./port.ts";

/** Every point once, in the order of point ids, in the quickest way that the store has. @throws E_BAD_RESPONSE where it answers metadata that is no JSON */
export async function* scanDigests(
  store: TargetStore,
  collection: CollectionInfo,
  options: DigestOptions,
): AsyncGenerator<PointDigests> {
  yield* store.digests?.(collection, options) ?? readDigests(store, collection, options);
}

/** The same by reading the points whole. */
export async function* readDigests(
  store: TargetStore,
  collection: CollectionInfo,
  options: DigestOptions,
): AsyncGenerator<PointDigests> {
  for await (const batch of store.scan(collection, options)) {
    const digests = pointDigests(batch);
    for (const { data } of batch.vectors.values()) release(data);
    yield digests;
  }
}

/** The same of one batch. */
export function pointDigests(batch: PointBatch): PointDigests {
  const { points, runs, collections } = batch.placement;
  return { points, runs, collections, digests: digestsOf(batch) };
}

/** The digests of a batch's rows, one behind the other. @throws E_BAD_RESPONSE where a store answered metadata that is no JSON */
export function digestsOf(batch: PointBatch): Uint8Array {
  try {
    return digestPoints(batch);
  } catch (error) {
    throw new VectorError("E_BAD_RESPONSE", "A store answered metadata that is not JSON.", {
      cause: error,
    });
  }
}

/** The digest of one row. */
export function digestAt(digests: Uint8Array, row: number): Uint8Array {
  return digests.subarray(row * digestBytes, (row + 1) * digestBytes);
}

/** Whether both are there and equal. */
export function sameDigest(
  one: Uint8Array | null | undefined,
  other: Uint8Array | null | undefined,
): boolean {
  return one != null && other != null && Buffer.compare(one, other) === 0;
}
