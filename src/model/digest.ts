/**
 * Digests: 16 bytes that stand for everything a point holds, and their sums by bucket. The same function is applied to
 * what was sent, to what the target has and to what the source gives again; equal digests mean equal records.
 *
 * Format 1: the first 16 bytes of SHA-256 over
 *   the canonical JSON text of [point, id, tenant, collection, document, uri, metadata or null, rest or null],
 *   a NUL byte, the norm as float64 LE (all ones where there is none), the vector's float32 LE bytes (none without a vector).
 * A point that has other vectors than a dense one without a name, or was put into a shard by hand, has two words more in the
 * text: the shard or null, and [name, kind, count of numbers] of each other vector, by name; their bytes come behind the first
 * vector's: a dense one's floats, a multivector's, a sparse one's indices (uint32 LE) and then its values.
 */
import { DigestMessage } from "./digest-message.ts";
import type { DenseColumn, PointBatch } from "./record.ts";
import { otherVectors, type VectorBits } from "./vector-bits.ts";
import { denseVector } from "./vector-column.ts";

export const digestFormat = 1;
export const digestBytes = 16;
export const bucketCount = 256;
const emptyBucket = `0:${"0".repeat(32)}`;

/** One digest a row: row i stands at [i × 16, i × 16 + 16). Metadata that is no JSON throws SyntaxError. */
export function digestPoints(batch: PointBatch): Uint8Array {
  const rows = batch.ids.length;
  const digests = new Uint8Array(rows * digestBytes);
  const message = new DigestMessage();
  const vectors = vectorsOf(batch);
  for (let row = 0; row < rows; row += 1)
    putDigest(digestRow(message, batch, vectors, row), digests, row);
  return digests;
}

/** Puts the digest of a row, which `DigestMessage` gives as characters, among those of all rows. */
export function putDigest(digest: string, digests: Uint8Array, row: number): void {
  const start = row * digestBytes;
  for (let at = 0; at < digestBytes; at += 1) digests[start + at] = digest.charCodeAt(at);
}

/** The vectors of a batch as they stand in digests. */
interface DigestVectors {
  /** The dense one without a name. */
  readonly column: DenseColumn | undefined;
  readonly bits: Buffer;
  readonly others: ReturnType<typeof otherVectors>;
}

function vectorsOf(batch: PointBatch): DigestVectors {
  const column = denseVector(batch);
  const { buffer, byteOffset, byteLength } = column?.data ?? new Float32Array(0);
  const bits = Buffer.from(buffer, byteOffset, byteLength);
  return { column, bits, others: otherVectors(batch) };
}

/** A function of its own: V8 compiles it once, and a loop around all of it again and again. */
function digestRow(
  message: DigestMessage,
  batch: PointBatch,
  { column, bits, others }: DigestVectors,
  row: number,
): string {
  const { placement } = batch;
  enterWords(message, batch, row);
  const more = others.length === 0 ? noVectors : bitsOf(others, row);
  const shard = placement.shards?.[row] ?? null;
  if (more.length > 0 || shard !== null) message.others(shard, more);
  message.norm(placement.norms[row] ?? Number.NaN);
  if (column !== undefined && (column.present === null || column.present[row] === 1)) {
    const bytes = column.dimension * 4;
    message.vector(bits, row * bytes, (row + 1) * bytes);
  }
  for (const { bytes } of more) for (const part of bytes) message.vector(part, 0, part.length);
  return message.digest();
}

/** The words of a row, those of other vectors aside. */
function enterWords(
  message: DigestMessage,
  { ids, payload, placement }: PointBatch,
  row: number,
): void {
  message.begin();
  message.text(placement.points[row]);
  message.text(ids[row]);
  message.text(placement.tenants[row]);
  message.text(placement.collections[row]);
  message.text(payload.documents[row]);
  message.text(payload.uris[row]);
  message.object(payload.metadata[row]);
  message.object(placement.rest[row]);
}

const noVectors: readonly VectorBits[] = [];

function bitsOf(others: ReturnType<typeof otherVectors>, row: number): readonly VectorBits[] {
  return others.map((other) => other(row)).filter((bits) => bits !== null);
}

/** The bucket of a point that is a UUID. */
export function bucketOf(point: string): number {
  return Number.parseInt(point.slice(0, 2), 16);
}

/** The first and the last point of a bucket. */
export function bucketRange(bucket: number): { from: string; to: string } {
  const first = bucket.toString(16).padStart(2, "0");
  return {
    from: `${first}000000-0000-0000-0000-000000000000`,
    to: `${first}ffffff-ffff-ffff-ffff-ffffffffffff`,
  };
}

/** Counts and sums (mod 2^128) of digests in 256 buckets by the first byte of the point's UUID. The order of adding does not matter, and nothing cancels. */
export class BucketSums {
  readonly #counts = new Float64Array(bucketCount);
  /** Four 32-bit words a bucket, least significant first. */
  readonly #words = new Uint32Array(bucketCount * 4);

  /** Adds the digest that stands at `at` to a bucket: the first byte of its point's UUID. */
  add(bucket: number, digests: Uint8Array, at = 0): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    let carry = 0;
    for (let word = 0; word < 4; word += 1) {
      const sum = (this.#words[bucket * 4 + word] ?? 0) + uint32At(digests, at + word * 4) + carry;
      this.#words[bucket * 4 + word] = sum;
      carry = sum > 0xffffffff ? 1 : 0;
    }
  }

  /** Takes away a digest that was added to a bucket. */
  subtract(bucket: number, digests: Uint8Array, at = 0): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) - 1;
    let borrow = 0;
    for (let word = 0; word < 4; word += 1) {
      const rest =
        (this.#words[bucket * 4 + word] ?? 0) - uint32At(digests, at + word * 4) - borrow;
      this.#words[bucket * 4 + word] = rest;
      borrow = rest < 0 ? 1 : 0;
    }
  }

  /** The same sums, of their own. */
  copy(): BucketSums {
    const sums = new BucketSums();
    sums.#counts.set(this.#counts);
    sums.#words.set(this.#words);
    return sums;
  }

  /** All buckets as text, those empty that `has` does not want: what `fromText` reads. */
  toText(has: (bucket: number) => boolean = () => true): string {
    return Array.from({ length: bucketCount }, (_, bucket) =>
      has(bucket) ? `${this.count(bucket)}:${this.sum(bucket)}` : emptyBucket,
    ).join(" ");
  }

  /** Sums from `toText`. @throws SyntaxError */
  static fromText(text: string): BucketSums {
    const sums = new BucketSums();
    const buckets = text === "" ? [] : text.split(" ");
    if (buckets.length > bucketCount) throw new SyntaxError("too many buckets");
    buckets.forEach((entry, bucket) => {
      const [, count, sum] = /^(\d+):([0-9a-f]{32})$/.exec(entry) ?? [];
      if (count === undefined || sum === undefined) throw new SyntaxError("malformed bucket");
      sums.#counts[bucket] = Number(count);
      for (let word = 0; word < 4; word += 1)
        sums.#words[bucket * 4 + word] = Number.parseInt(
          sum.slice((3 - word) * 8, (4 - word) * 8),
          16,
        );
    });
    return sums;
  }

  /** Number of rows in a bucket. */
  count(bucket: number): number {
    return this.#counts[bucket] ?? 0;
  }

  /** Number of rows in all. */
  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The buckets in which the two differ, ascending. */
  differences(other: BucketSums): number[] {
    return Array.from({ length: bucketCount }, (_, bucket) => bucket).filter(
      (bucket) =>
        this.count(bucket) !== other.count(bucket) || this.sum(bucket) !== other.sum(bucket),
    );
  }

  /** The sum of a bucket as 32 hex digits. */
  sum(bucket: number): string {
    return [3, 2, 1, 0]
      .map((word) => (this.#words[bucket * 4 + word] ?? 0).toString(16).padStart(8, "0"))
      .join("");
  }
}

/** Little-endian. */
function uint32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const high = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
  return low + high * 0x1_0000;
}
