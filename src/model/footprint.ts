/**
 * What a collection takes at a Qdrant server, in bytes, by this formula (n points of d dimensions, m edges a node):
 *
 *   vectors          4·d·n                                float32
 *   quantized        n · (scalar d + 4 · turbo d·bits/8 + 8 · binary d·bits/8, in whole 16 bytes · product 4·d/ratio), product + 1,024·d
 *   links of HNSW    n · 2·m · ⌈log2 n⌉ / 8               neighbours of the lowest level, packed; never above 8·m
 *   id index         n · 40 in memory, n · 29 on disk
 *   payload          n · JSON text, in blocks of 128      on disk only; LZ4 makes it smaller, how much only the data tell
 *   payload index    n · 32 + 80 · different values       a key, in memory and on disk
 *
 * On disk come pages that are made ahead of need: vectors and payload grow by 32 MiB at a time, each payload index has 8 MiB, an
 * empty segment beside them holds 36 MiB, the write-ahead log 64 MiB a shard. Read from Qdrant's own account of its memory at 1.18.2 (GET
 * /collections/NAME/memory) and compared with it in a test; storage sizes and quantized vectors are those of its documentation
 * (qdrant.tech/documentation: quantization, capacity planning).
 */
import type { Quantization } from "./collection.ts";

export interface FootprintInput {
  readonly points: number;
  readonly dimension: number;
  /** Edges a node; 0 = no graph. */
  readonly m: number;
  /** Mean bytes of a point's payload as JSON. */
  readonly payloadBytes: number;
  /** Different values of each key that has a payload index, the tenant's too. */
  readonly indexedValues: readonly number[];
  readonly quantization: Quantization | null;
  /** Whether memory must hold the float32 vectors; false = they are read from disk. */
  readonly vectorsInRam: boolean;
}

export interface Footprint {
  readonly ramBytes: number;
  readonly diskBytes: number;
}

/** What the parts of a collection take, each for itself. */
export interface FootprintParts {
  readonly vectors: number;
  readonly quantized: number;
  readonly links: number;
  readonly payload: number;
  readonly payloadIndexes: number;
}

/**
 * The same at an embedded Qdrant, which has neither graph nor quantization: n · (4·d + 600) bytes of memory for vectors and ids,
 * n · (4·d + payload + 32) of disk. Measured as resident memory and files of collections of 50,000 and 200,000 × 128; the process
 * itself takes some 75 MB besides.
 */
export function embeddedFootprint({
  points,
  dimension,
  payloadBytes,
}: Pick<FootprintInput, "points" | "dimension" | "payloadBytes">): Footprint {
  return {
    ramBytes: points * (4 * dimension + 600),
    diskBytes: Math.round(points * (4 * dimension + payloadBytes + 32)),
  };
}

const idRamBytes = 40;
const idDiskBytes = 29;
const indexedPointBytes = 32;
const indexedValueBytes = 80;
const indexPageBytes = 8 * 1024 * 1024;
const payloadBlock = 128;
const pageBytes = 32 * 1024 * 1024;
const emptySegmentBytes = 36 * 1024 * 1024;
const logBytes = 64 * 1024 * 1024;

/** What a collection with few points takes on disk: pages made ahead, of vectors and payload, the empty segment, the log. */
export const aheadDiskBytes = 2 * pageBytes + emptySegmentBytes + logBytes;

/** Qdrant's default number of edges. */
export const defaultM = 16;

export function footprintParts(input: FootprintInput): FootprintParts {
  const { points, dimension, m, payloadBytes, indexedValues, quantization } = input;
  const bits = points > 1 ? Math.ceil(Math.log2(points)) : 0;
  return {
    vectors: 4 * dimension * points,
    quantized: quantization === null ? 0 : quantizedBytes(quantization, dimension, points),
    links: Math.round((points * 2 * m * bits) / 8),
    payload: points * Math.ceil(payloadBytes / payloadBlock) * payloadBlock,
    payloadIndexes: indexedValues.reduce(
      (sum, values) => sum + points * indexedPointBytes + values * indexedValueBytes,
      0,
    ),
  };
}

/** Memory for search at full speed, and disk once the collection is indexed; while it is, as much again may be taken for a time. */
export function footprint(input: FootprintInput): Footprint {
  const parts = footprintParts(input);
  const { points } = input;
  if (points === 0) return { ramBytes: 0, diskBytes: emptySegmentBytes + logBytes };
  const searched = parts.quantized + (input.vectorsInRam ? parts.vectors : 0);
  return {
    ramBytes: searched + parts.links + parts.payloadIndexes + points * idRamBytes,
    diskBytes:
      pages(parts.vectors) +
      pages(parts.payload) +
      parts.quantized +
      parts.links +
      parts.payloadIndexes +
      input.indexedValues.length * indexPageBytes +
      points * idDiskBytes +
      emptySegmentBytes +
      logBytes,
  };
}

function pages(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}

const bitsOf: Readonly<Record<string, number>> = {
  one_bit: 1,
  one_and_half_bits: 1.5,
  two_bits: 2,
  bits1: 1,
  bits1_5: 1.5,
  bits2: 2,
  bits4: 4,
};

function quantizedBytes(quantization: Quantization, dimension: number, points: number): number {
  const { kind, compression = "x16", bits } = quantization;
  switch (kind) {
    case "scalar":
      return points * (dimension + 4);
    case "product":
      // 256 centroids of float32 for each part of the vector.
      return points * ((4 * dimension) / Number(compression.slice(1))) + 1024 * dimension;
    case "binary":
      return points * 16 * Math.ceil((dimension * (bitsOf[bits ?? "one_bit"] ?? 1)) / 128);
    case "turbo":
      return points * ((dimension * (bitsOf[bits ?? "bits4"] ?? 4)) / 8 + 8);
  }
}
