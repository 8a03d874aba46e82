/** Points with vectors of every kind, and the means to compare them. */
import type { CollectionSpec, VectorShape } from "../model/collection.ts";
import type { PointBatch, VectorColumn } from "../model/record.ts";
import { isPresent } from "../model/vector-column.ts";
import { canonicalJson } from "../util/canonical.ts";

/** Dense: its components; multi: those of each vector; sparse: pairs of index and value. */
export type TestVector =
  | { readonly dense: readonly number[] }
  | { readonly multi: readonly (readonly number[])[] }
  | { readonly sparse: readonly (readonly [index: number, value: number])[] };

export interface TestPoint {
  readonly point: string;
  readonly vectors: Readonly<Record<string, TestVector>>;
  /** JSON text; default: none. */
  readonly payload?: string;
}

/** A dense vector without a name beside one of each kind with a name. */
export const everyShape: readonly VectorShape[] = [
  { name: "", kind: "dense", dimension: 2, distance: "Dot" },
  { name: "image é", kind: "dense", dimension: 3, distance: "Manhattan" },
  { name: "late", kind: "multi", dimension: 2, distance: "Dot" },
  { name: "words", kind: "sparse", dimension: null, distance: null },
];

const subnormal = 2 ** -149;
const largest = (2 - 2 ** -23) * 2 ** 127;

export function testUuid(digit: number): string {
  return `00000000-0000-4000-8000-00000000000${digit}`;
}

/** Points with all vectors, with some, with one, with none, in the order of points. */
export const everyPoint: readonly TestPoint[] = [
  {
    point: "7",
    vectors: {
      "": { dense: [1, -0] },
      "image é": { dense: [subnormal, 1, -0] },
      late: {
        multi: [
          [1, 2],
          [-0, subnormal],
          [largest, 3],
        ],
      },
      words: {
        sparse: [
          [0, -0],
          [5, subnormal],
          [4_294_967_295, largest],
        ],
      },
    },
    payload: '{"a":{"b":[1,2.0,null]},"n":9007199254740993}',
  },
  { point: "18446744073709551615", vectors: { words: { sparse: [] } } },
  {
    point: testUuid(1),
    vectors: { "": { dense: [0.1, 0.2] }, late: { multi: [[0.1, -0.2]] } },
  },
  { point: testUuid(2), vectors: { "image é": { dense: [0, 0, 0] } }, payload: '{"k":"v"}' },
  { point: testUuid(3), vectors: {} },
  {
    point: testUuid(4),
    vectors: {
      words: {
        sparse: [
          [3, 1],
          [128, -1],
          [70_000, 2],
        ],
      },
    },
  },
];

/** Those of the points' vectors that have these shapes, as a batch. */
export function vectorBatch(
  points: readonly TestPoint[],
  shapes: readonly VectorShape[],
): PointBatch {
  const ids = points.map(({ point }) => point);
  const none = (): null[] => points.map(() => null);
  return {
    ids,
    vectors: new Map(shapes.map((shape) => [shape.name, columnOf(points, shape)])),
    payload: { documents: none(), uris: none(), metadata: none() },
    placement: {
      points: ids,
      tenants: none(),
      norms: new Float64Array(points.length).fill(Number.NaN),
      runs: none(),
      collections: none(),
      rest: points.map(({ payload = "{}" }) => payload),
    },
  };
}

function columnOf(points: readonly TestPoint[], shape: VectorShape): VectorColumn {
  const { name, kind } = shape;
  const dimension = shape.dimension ?? 0;
  const vectors = points.map(({ vectors }) => vectors[name]);
  const present = Uint8Array.from(vectors, (vector) => (vector === undefined ? 0 : 1));
  if (kind === "dense") {
    const nothing = { dense: Array<number>(dimension).fill(0) };
    const data = vectors.flatMap((vector = nothing) => ("dense" in vector ? vector.dense : []));
    return { kind, dimension, data: Float32Array.from(data), present };
  }
  if (kind === "multi") {
    const rows = vectors.map((vector) => (vector && "multi" in vector ? vector.multi : []));
    const data = Float32Array.from(rows.flat(2));
    return { kind, dimension, offsets: offsetsOf(rows), data, present };
  }
  const rows = vectors.map((vector) => (vector && "sparse" in vector ? vector.sparse : []));
  const indices = Uint32Array.from(rows.flat(), ([index]) => index);
  const values = Float32Array.from(rows.flat(), ([, value]) => value);
  return { kind, offsets: offsetsOf(rows), indices, values, present };
}

function offsetsOf(rows: readonly (readonly unknown[])[]): Uint32Array {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((row, place) => {
    offsets[place + 1] = (offsets[place] ?? 0) + row.length;
  });
  return offsets;
}

/** The points of batches as plain data, by point: each vector's kind and the hex digits of its bits, and the payload. */
export function plainPoints(...batches: readonly PointBatch[]): object[] {
  const rows = batches.flatMap(({ vectors, placement }) =>
    placement.points.map((point, row) => {
      const own = Array.from(vectors)
        .filter(([, column]) => isPresent(column, row))
        .map(([name, column]) => [name, `${column.kind} ${bitsOf(column, row)}`] as const)
        .sort(([one], [other]) => (one < other ? -1 : 1));
      const payload = canonicalJson(placement.rest[row] ?? "{}");
      return { point, vectors: Object.fromEntries(own), payload };
    }),
  );
  return rows.sort((one, other) => (one.point < other.point ? -1 : 1));
}

function bitsOf(column: VectorColumn, row: number): string {
  if (column.kind === "dense") {
    const { data, dimension } = column;
    return hex(data.slice(row * dimension, (row + 1) * dimension));
  }
  const [start, end] = [column.offsets[row] ?? 0, column.offsets[row + 1] ?? 0];
  if (column.kind === "multi") {
    const { data, dimension } = column;
    return hex(data.slice(start * dimension, end * dimension));
  }
  return `${column.indices.slice(start, end).join(",")} ${hex(column.values.slice(start, end))}`;
}

function hex(data: Float32Array<ArrayBuffer>): string {
  return Buffer.from(data.buffer).toString("hex");
}

/** A description of a collection with every setting that a vector, an index and a collection may have of its own, as a Qdrant gives it. */
export const everySetting: NonNullable<CollectionSpec["described"]> = {
  configuration: JSON.stringify({
    params: {
      vectors: {
        "": { size: 2, distance: "Dot", on_disk: true },
        "image é": {
          size: 3,
          distance: "Manhattan",
          hnsw_config: { m: 24, ef_construct: 80, on_disk: true },
          quantization_config: { scalar: { type: "int8", quantile: 0.99, always_ram: true } },
        },
        late: {
          size: 2,
          distance: "Dot",
          hnsw_config: { m: 0 },
          multivector_config: { comparator: "max_sim" },
        },
      },
      sparse_vectors: { words: { index: { on_disk: true }, modifier: "idf" } },
      shard_number: 2,
      on_disk_payload: true,
    },
    hnsw_config: { m: 12, ef_construct: 90, full_scan_threshold: 5000, payload_m: 8 },
    optimizer_config: { indexing_threshold: 12_345, deleted_threshold: 0.3 },
    quantization_config: { binary: { always_ram: true } },
    metadata: { team: "search", n: 7 },
  }),
  schema: JSON.stringify({
    city: { data_type: "keyword", params: { type: "keyword", is_tenant: true }, points: 0 },
    title: {
      data_type: "text",
      params: {
        type: "text",
        tokenizer: "word",
        min_token_len: 2,
        max_token_len: 20,
        lowercase: false,
      },
      points: 0,
    },
    year: {
      data_type: "integer",
      params: { type: "integer", lookup: false, range: true },
      points: 0,
    },
    where: { data_type: "geo", points: 0 },
  }),
};
