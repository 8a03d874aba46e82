/** The bytes of the vectors that a point has beside a dense one without a name. */
import { defaultVector, type PointBatch, type VectorColumn } from "./record.ts";
import { isPresent } from "./vector-column.ts";

export interface VectorBits {
  readonly name: string;
  readonly kind: VectorColumn["kind"];
  /** Floats of a dense vector and of multivectors, components of a sparse one. */
  readonly count: number;
  /** Little-endian. */
  readonly bytes: readonly Buffer[];
}

/** For each such name, in the order of names: the vector of a row, null where it has none. */
export function otherVectors({
  vectors,
}: Pick<PointBatch, "vectors">): ((row: number) => VectorBits | null)[] {
  return Array.from(vectors)
    .filter(([name, { kind }]) => name !== defaultVector || kind !== "dense")
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, column]) => {
      const bitsOf = readerOf(column);
      return (row) => (isPresent(column, row) ? { name, kind: column.kind, ...bitsOf(row) } : null);
    });
}

function readerOf(column: VectorColumn): (row: number) => Pick<VectorBits, "count" | "bytes"> {
  if (column.kind === "sparse") {
    const { offsets } = column;
    const indices = bytesOf(column.indices);
    const values = bytesOf(column.values);
    return (row) => {
      const [start, end] = [(offsets[row] ?? 0) * 4, (offsets[row + 1] ?? 0) * 4];
      const bytes = [indices.subarray(start, end), values.subarray(start, end)];
      return { count: (end - start) / 4, bytes };
    };
  }
  const data = bytesOf(column.data);
  const width = column.dimension * 4;
  const offsetOf = column.kind === "dense" ? null : column.offsets;
  return (row) => {
    const first = offsetOf === null ? row : (offsetOf[row] ?? 0);
    const last = offsetOf === null ? row + 1 : (offsetOf[row + 1] ?? 0);
    const bytes = data.subarray(first * width, last * width);
    return { count: bytes.length / 4, bytes: [bytes] };
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
