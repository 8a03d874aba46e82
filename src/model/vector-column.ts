/** What can be said and done with a column of vectors of any kind. */
import { release } from "../util/release.ts";
import { type DenseColumn, defaultVector, type VectorColumn } from "./record.ts";

/** The dense vectors without a name, which are all that Chroma's records have; undefined where there are none. */
export function denseVector({
  vectors,
}: {
  readonly vectors: ReadonlyMap<string, VectorColumn>;
}): DenseColumn | undefined {
  const column = vectors.get(defaultVector);
  return column?.kind === "dense" ? column : undefined;
}

/** Whether the row has a vector. */
export function isPresent({ present }: VectorColumn, row: number): boolean {
  return present === null || present[row] === 1;
}

/** The arrays of a column. */
export function arraysOf(column: VectorColumn): (Float32Array | Uint32Array | Uint8Array)[] {
  const { present } = column;
  const own =
    column.kind === "dense"
      ? [column.data]
      : column.kind === "multi"
        ? [column.offsets, column.data]
        : [column.offsets, column.indices, column.values];
  return present === null ? own : [...own, present];
}

/** Bytes that the vectors of a batch take. */
export function vectorBytes({
  vectors,
}: {
  readonly vectors: ReadonlyMap<string, VectorColumn>;
}): number {
  let bytes = 0;
  for (const column of vectors.values())
    for (const array of arraysOf(column)) bytes += array.byteLength;
  return bytes;
}

/** Gives the memory of a batch's vectors back at once: only where nobody else has these arrays. They are empty from then on. */
export function releaseVectors({
  vectors,
}: {
  readonly vectors: ReadonlyMap<string, VectorColumn>;
}): void {
  for (const column of vectors.values()) for (const array of arraysOf(column)) release(array);
}

/** The same numbers in memory of their own, which is not filled with zeros first. */
function copyFloats(floats: Float32Array): Float32Array {
  const copy = new Float32Array(Buffer.allocUnsafeSlow(floats.byteLength).buffer);
  copy.set(floats);
  return copy;
}

/** A column with arrays of its own. */
export function copyColumn(column: VectorColumn): VectorColumn {
  const present = column.present === null ? null : column.present.slice();
  switch (column.kind) {
    case "dense":
      return { ...column, data: copyFloats(column.data), present };
    case "multi":
      return { ...column, offsets: column.offsets.slice(), data: copyFloats(column.data), present };
    case "sparse":
      return {
        ...column,
        offsets: column.offsets.slice(),
        indices: column.indices.slice(),
        values: copyFloats(column.values),
        present,
      };
  }
}
