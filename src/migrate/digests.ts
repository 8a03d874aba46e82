/** Digests of batches, and of their rows. */
import { VectorError } from "../errors.ts";
import type { CollectionInfo } from "../model/collection.ts";
import { digestBytes, digestPoints } from "../model/digest.ts";
import type { PointBatch } from "../model/record.ts";
import { releaseVectors } from "../model/vector-column.ts";
import type { CallOptions, PointDigests, ScanOptions, TargetStore } from "../store/port.ts";

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

/** The digests of all that `scan` gives, in its order, as the store makes them where it does. */
export async function* scanDigests(
  target: TargetStore,
  collection: CollectionInfo,
  options: CallOptions & Pick<ScanOptions, "from" | "to">,
): AsyncGenerator<PointDigests> {
  if (target.digests !== undefined) {
    yield* target.digests(collection, options);
    return;
  }
  for await (const batch of target.scan(collection, options)) {
    const { points, runs, collections } = batch.placement;
    yield { points, runs, collections, digests: digestsOf(batch) };
    releaseVectors(batch);
  }
}

/** Whether both are there and equal. */
export function sameDigest(
  one: Uint8Array | null | undefined,
  other: Uint8Array | null | undefined,
): boolean {
  return one != null && other != null && Buffer.compare(one, other) === 0;
}
