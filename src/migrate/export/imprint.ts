/**
 * Imprints: 16 bytes in the journal that stand for a record as it was written, so that it is known again at the target.
 *
 * Where the target answers the bits that it was sent, that is the digest (model/digest.ts). A Chroma under cosine answers vectors within
 * some ulps of them, and a digest would not be known again. There an imprint is
 *
 *   bytes 0 … 7     of the digest of the record without its vector
 *   bytes 8 … 15    float64 LE: Σ vᵢ·wᵢ over the components, with fixed weights: of f = frac((i + 1) × 0.6180339887), wᵢ = f from ½ on, else −½ − f
 *
 * Components that are apart by n ulps of float32 change that sum by at most n × 2^-23 × Σ |vᵢ·wᵢ|; another embedding by much more.
 */
import { digestBytes } from "../../model/digest.ts";
import type { DenseColumn, PointBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";

/** Bytes of the digest in an imprint. */
const textBytes = 8;
const ulpStep = 2 ** -23;
const goldenRatio = 0.618_033_988_7;

/** Imprints of records at a target that answers vectors within so many ulps. */
export class Imprints {
  readonly #ulps: number;

  constructor(ulps: number) {
    this.#ulps = ulps;
  }

  /** One for each row, one behind the other. @throws E_BAD_RESPONSE where a store answered metadata that is no JSON */
  of(batch: PointBatch): Uint8Array {
    if (this.#ulps === 0) return digestsOf(batch);
    const imprints = digestsOf({ ...batch, vectors: new Map() }).slice();
    const view = new DataView(imprints.buffer, imprints.byteOffset, imprints.byteLength);
    const column = denseVector(batch);
    batch.ids.forEach((_, row) => {
      view.setFloat64(row * digestBytes + textBytes, sumOf(column, row).sum, true);
    });
    return imprints;
  }

  /** Whether the row that was found at the target is what `imprint` was made of. `found` are the imprints of its batch. */
  isOf(imprint: Uint8Array | null, batch: PointBatch, row: number, found: Uint8Array): boolean {
    const own = digestAt(found, row);
    if (imprint === null || this.#ulps === 0) return sameDigest(imprint, own);
    if (!sameDigest(imprint.subarray(0, textBytes), own.subarray(0, textBytes))) return false;
    const { sum, size } = sumOf(denseVector(batch), row);
    return Math.abs(sum - floatOf(imprint)) <= this.#ulps * ulpStep * size;
  }
}

function floatOf(imprint: Uint8Array): number {
  return new DataView(imprint.buffer, imprint.byteOffset, imprint.byteLength).getFloat64(
    textBytes,
    true,
  );
}

/** The weighted sum of a row's components, and the sum of its terms' sizes. */
function sumOf(column: DenseColumn | undefined, row: number): { sum: number; size: number } {
  let [sum, size] = [0, 0];
  if (column === undefined || column.present?.[row] === 0) return { sum, size };
  const { data, dimension } = column;
  const start = row * dimension;
  for (let index = 0; index < dimension; index += 1) {
    const fraction = ((index + 1) * goldenRatio) % 1;
    const weight = fraction < 0.5 ? -0.5 - fraction : fraction;
    const term = (data[start + index] ?? 0) * weight;
    sum += term;
    size += Math.abs(term);
  }
  return { sum, size };
}
