/**
 * Index files of the faiss library: IndexFlatIP and IndexFlatL2, alone or within an IndexIDMap. All numbers are little-endian
 * (faiss 1.15, faiss/impl/index_write.cpp: `write_index_header`, `write_index`; index_read.cpp for what it refuses).
 *
 *   flat      0  4 letters  "IxFI" inner product, "IxF2" squared Euclidean distance
 *             4  i32        d, the dimension: 1 to 2^20
 *             8  i64        ntotal, the number of vectors
 *            16  i64, i64   2^20 twice; nobody reads them
 *            32  u8         is_trained: 1
 *            33  i32        metric: 0 inner product, 1 squared Euclidean distance
 *            37  u64        number of floats that follow: ntotal × d
 *            45  f32 …      the vectors, one after the other
 *
 *   id map    0  4 letters  "IxMp" IndexIDMap, "IxM2" IndexIDMap2 (the same in a file)
 *             4  …          d, ntotal, … metric as above, 33 bytes
 *            37  …          the flat index
 *             …  u64        number of ids that follow: ntotal
 *             …  i64 …      the ids, one for each vector
 */

export type Metric = "ip" | "l2";
/** The id map around the vectors. */
export type IdMap = "IxMp" | "IxM2";

/** What an index file is, without its vectors and ids. */
export interface IndexHead {
  readonly metric: Metric;
  readonly dimension: number;
  readonly count: number;
  /** null = the index is a flat one. */
  readonly idMap: IdMap | null;
}

/** Bytes of a header, letters included. */
const headerBytes = 37;
/** Bytes before the first vector. */
const flatBytes = headerBytes + 8;
/** What `parseHead` must be given of a file's beginning, where there is so much. */
export const headBytesMax = headerBytes + flatBytes;
const dimensionMax = 1 << 20;
const unread = 1n << 20n;
const letters = { ip: "IxFI", l2: "IxF2" } as const satisfies Record<Metric, string>;
const metricNumbers = { ip: 0, l2: 1 } as const satisfies Record<Metric, number>;

/** Kinds of index that are often met, by their letters, for messages. */
const otherKinds: Readonly<Record<string, string>> = {
  IxFl: "a flat index of another metric",
  IHNf: "an HNSW index",
  IHN2: "an HNSW index",
  IHNs: "an HNSW index",
  IwFl: "an inverted file (IVF)",
  IwPQ: "an inverted file (IVF)",
  IwSq: "an inverted file (IVF)",
  IxPq: "an index of product quantization",
  IxSQ: "an index of scalar quantization",
  IxPT: "an index with a transform before it",
};

/** Where the vectors begin. */
export function vectorsAt({ idMap }: IndexHead): number {
  return idMap === null ? flatBytes : headerBytes + flatBytes;
}

/** Where the ids of an id map begin. */
export function idsAt(head: IndexHead): number {
  return vectorsAt(head) + head.count * head.dimension * 4 + 8;
}

/** Bytes of the whole file. */
export function indexBytes(head: IndexHead): number {
  return head.idMap === null ? idsAt(head) - 8 : idsAt(head) + head.count * 8;
}

/** What stands before the vectors. */
export function encodeHead(head: IndexHead): Buffer {
  const { metric, dimension, count, idMap } = head;
  const parts = idMap === null ? [] : [encodeHeader(idMap, head)];
  const floats = Buffer.alloc(8);
  floats.writeBigUInt64LE(BigInt(count) * BigInt(dimension));
  return Buffer.concat([...parts, encodeHeader(letters[metric], head), floats]);
}

/** What stands before the ids of an id map. */
export function encodeIdCount({ count }: IndexHead): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(count));
  return bytes;
}

function encodeHeader(name: string, { metric, dimension, count }: IndexHead): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write(name, 0, "latin1");
  bytes.writeInt32LE(dimension, 4);
  bytes.writeBigInt64LE(BigInt(count), 8);
  bytes.writeBigInt64LE(unread, 16);
  bytes.writeBigInt64LE(unread, 24);
  bytes.writeUInt8(1, 32);
  bytes.writeInt32LE(metricNumbers[metric], 33);
  return bytes;
}

/**
 * What a file is whose beginning is `bytes` and which has `fileBytes` bytes in all; every size in it is held against those.
 * @throws SyntaxError that says what is wrong, or what else the file is
 */
export function parseHead(bytes: Buffer, fileBytes: number): IndexHead {
  const name = bytes.toString("latin1", 0, 4);
  if (name !== "IxMp" && name !== "IxM2") return parseFlat(bytes, fileBytes, null);
  const outer = parseHeader(bytes);
  const inner = parseFlat(bytes.subarray(headerBytes), fileBytes, name);
  const same =
    outer.dimension === inner.dimension &&
    outer.count === inner.count &&
    outer.metric === metricNumbers[inner.metric] &&
    outer.trained === 1;
  if (!same) throw new SyntaxError("its id map is of another index than the one within");
  return inner;
}

/** The number of ids before them must be that of the vectors. @throws SyntaxError */
export function assertIdCount(bytes: Buffer, { count }: IndexHead): void {
  if (bytes.length < 8 || bytes.readBigUInt64LE() !== BigInt(count))
    throw new SyntaxError("its id map has another number of ids than of vectors");
}

function parseFlat(bytes: Buffer, fileBytes: number, idMap: IdMap | null): IndexHead {
  const name = bytes.toString("latin1", 0, 4);
  const metric = name === letters.ip ? "ip" : name === letters.l2 ? "l2" : null;
  if (metric === null) throw new SyntaxError(otherKind(name));
  const { dimension, count, metric: number, trained } = parseHeader(bytes);
  if (dimension < 1 || dimension > dimensionMax)
    throw new SyntaxError(`it says that vectors have ${dimension} components`);
  if (number !== metricNumbers[metric] || trained !== 1)
    throw new SyntaxError("its header contradicts itself");
  const head: IndexHead = { metric, dimension, count, idMap };
  if (bytes.length < flatBytes || indexBytes(head) !== fileBytes)
    throw new SyntaxError(
      `it has ${fileBytes} bytes, and its ${count} vectors of ${dimension} components need ${indexBytes(head)}`,
    );
  if (bytes.readBigUInt64LE(headerBytes) !== BigInt(count) * BigInt(dimension))
    throw new SyntaxError("it says two numbers of vectors");
  return head;
}

function parseHeader(bytes: Buffer) {
  if (bytes.length < headerBytes) throw new SyntaxError("it ends within its header");
  const count = Number(bytes.readBigInt64LE(8));
  if (!Number.isSafeInteger(count) || count < 0)
    throw new SyntaxError(`it says that it has ${count} vectors`);
  return {
    dimension: bytes.readInt32LE(4),
    count,
    trained: bytes.readUInt8(32),
    metric: bytes.readInt32LE(33),
  };
}

function otherKind(name: string): string {
  const known = otherKinds[name];
  return known === undefined
    ? "it is no index of faiss that is read here"
    : `it is ${known}, and only IndexFlatIP, IndexFlatL2 and IndexIDMap around them are read`;
}
