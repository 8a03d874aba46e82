/** Digests of batches, and of their rows. */
import { VectorError } from "../errors.ts";
import { digestBytes, digestPoints } from "../model/digest.ts";
import type { PointBatch } from "../model/record.ts";

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
