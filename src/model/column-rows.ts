/** Rows of columns of vectors of any kind: some in a row, some picked, and several columns as one. */
import { VectorError } from "../errors.ts";
import type { DenseColumn, MultiColumn, SparseColumn, VectorColumn } from "./record.ts";

/** The rows from `start` to `end`; floats and indices stay where they are. */
export function sliceColumn(column: VectorColumn, start: number, end: number): VectorColumn {
  const present = column.present?.subarray(start, end) ?? null;
  if (column.kind === "dense") {
    const { kind, dimension, data } = column;
    return { kind, dimension, data: data.subarray(start * dimension, end * dimension), present };
  }
  const [from, to] = [column.offsets[start] ?? 0, column.offsets[end] ?? 0];
  const offsets = column.offsets.subarray(start, end + 1).map((offset) => offset - from);
  if (column.kind === "multi") {
    const { kind, dimension, data } = column;
    const own = data.subarray(from * dimension, to * dimension);
    return { kind, dimension, offsets, data: own, present };
  }
  const { kind, indices, values } = column;
  const own = { indices: indices.subarray(from, to), values: values.subarray(from, to) };
  return { kind, offsets, ...own, present };
}

/** Rows without a vector. */
export function emptyColumn(
  kind: VectorColumn["kind"],
  dimension: number,
  rows: number,
): VectorColumn {
  const present = new Uint8Array(rows);
  const offsets = new Uint32Array(rows + 1);
  const data = new Float32Array(0);
  if (kind === "multi") return { kind, dimension, offsets, data, present };
  return kind === "sparse"
    ? { kind, offsets, indices: new Uint32Array(0), values: data, present }
    : { kind, dimension, data: new Float32Array(rows * dimension), present };
}

/** Some rows, in the order given. */
export function pickColumn(column: VectorColumn, rows: readonly number[]): VectorColumn {
  if (column.kind === "dense") return pickDense(column, rows);
  return joinColumns(rows.map((row) => [1, sliceColumn(column, row, row + 1)]));
}

function pickDense({ kind, dimension, data, present }: DenseColumn, rows: readonly number[]) {
  const picked = new Float32Array(rows.length * dimension);
  rows.forEach((row, place) => {
    picked.set(data.subarray(row * dimension, (row + 1) * dimension), place * dimension);
  });
  const there = present === null ? null : Uint8Array.from(rows, (row) => present[row] ?? 0);
  return { kind, dimension, data: picked, present: there };
}

/**
 * Columns of one name, each with its number of rows, as one; where there is none, the rows have no vector. At least one
 * is there, and all are of one kind.
 */
export function joinColumns(
  parts: readonly (readonly [rows: number, VectorColumn | undefined])[],
): VectorColumn {
  const present = presenceOf(parts);
  const kind = parts.find(([, column]) => column !== undefined)?.[1]?.kind ?? "dense";
  if (kind === "dense") return joinDense(partsOf(parts, "dense"), present);
  return kind === "multi"
    ? joinMulti(partsOf(parts, "multi"), present)
    : joinSparse(partsOf(parts, "sparse"), present);
}

type Parts<Column> = readonly (readonly [rows: number, Column | undefined])[];

function partsOf<Kind extends VectorColumn["kind"]>(
  parts: Parts<VectorColumn>,
  kind: Kind,
): Parts<Extract<VectorColumn, { kind: Kind }>> {
  const isOfKind = (column: VectorColumn): column is Extract<VectorColumn, { kind: Kind }> =>
    column.kind === kind;
  return parts.map(([rows, column]) => {
    if (column === undefined) return [rows, undefined];
    if (isOfKind(column)) return [rows, column];
    throw new VectorError("E_INTERNAL", `Vectors of one name are ${kind} and ${column.kind}.`);
  });
}

/** Null where every row has a vector. */
function presenceOf(parts: Parts<VectorColumn>): Uint8Array | null {
  const present = new Uint8Array(parts.reduce((sum, [rows]) => sum + rows, 0));
  let row = 0;
  for (const [rows, column] of parts) {
    if (column !== undefined) {
      if (column.present === null) present.fill(1, row, row + rows);
      else present.set(column.present, row);
    }
    row += rows;
  }
  return present.includes(0) ? present : null;
}

function joinDense(parts: Parts<DenseColumn>, present: Uint8Array | null): DenseColumn {
  const dimension = Math.max(0, ...parts.map(([, column]) => column?.dimension ?? 0));
  const data = new Float32Array(parts.reduce((sum, [rows]) => sum + rows, 0) * dimension);
  let row = 0;
  for (const [rows, column] of parts) {
    if (column !== undefined) data.set(column.data, row * dimension);
    row += rows;
  }
  return { kind: "dense", dimension, data, present };
}

function joinMulti(parts: Parts<MultiColumn>, present: Uint8Array | null): MultiColumn {
  const dimension = Math.max(0, ...parts.map(([, column]) => column?.dimension ?? 0));
  const offsets = joinOffsets(parts);
  const data = new Float32Array((offsets.at(-1) ?? 0) * dimension);
  let at = 0;
  for (const [rows, column] of parts) {
    const own = column?.data.subarray(0, (column.offsets[rows] ?? 0) * dimension);
    if (own === undefined) continue;
    data.set(own, at);
    at += own.length;
  }
  return { kind: "multi", dimension, offsets, data, present };
}

function joinSparse(parts: Parts<SparseColumn>, present: Uint8Array | null): SparseColumn {
  const offsets = joinOffsets(parts);
  const indices = new Uint32Array(offsets.at(-1) ?? 0);
  const values = new Float32Array(offsets.at(-1) ?? 0);
  let at = 0;
  for (const [rows, column] of parts) {
    const count = column?.offsets[rows] ?? 0;
    if (column === undefined) continue;
    indices.set(column.indices.subarray(0, count), at);
    values.set(column.values.subarray(0, count), at);
    at += count;
  }
  return { kind: "sparse", offsets, indices, values, present };
}

function joinOffsets(parts: Parts<SparseColumn | MultiColumn>): Uint32Array {
  const offsets = new Uint32Array(parts.reduce((sum, [rows]) => sum + rows, 1));
  let row = 0;
  let end = 0;
  for (const [rows, column] of parts) {
    for (let place = 1; place <= rows; place += 1)
      offsets[row + place] = end + (column?.offsets[place] ?? 0);
    row += rows;
    end = offsets[row] ?? 0;
  }
  return offsets;
}
