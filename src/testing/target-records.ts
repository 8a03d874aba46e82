/** Records that a target store must give back as they were, and the means to compare them. */
import { randomBytes } from "node:crypto";
import { type CollectionSpec, defaultSettings, type SourceNote } from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import { plainPointId } from "../model/point-id.ts";
import { defaultVector, type PointBatch } from "../model/record.ts";
import { denseVector } from "../model/vector-column.ts";
import { canonicalJson } from "../util/canonical.ts";

export interface TestRecord {
  readonly id: string;
  readonly vector: readonly number[];
  readonly point?: string;
  readonly document?: string | null;
  readonly uri?: string | null;
  readonly metadata?: string | null;
  readonly tenant?: string | null;
  readonly norm?: number;
  readonly run?: string | null;
  readonly collection?: string | null;
}

export const testRun = "0123456789abcdef";
export const otherRun = "fedcba9876543210";

/** The smallest and the largest float32, and one below the normal range. */
const subnormal = 2 ** -149;
const largest = (2 - 2 ** -23) * 2 ** 127;

/** What vector stores like to lose: types, digits, signs, emptiness, odd characters. */
export const awkwardRecords: readonly TestRecord[] = [
  { id: "integers", vector: [1, 2, 3], metadata: integers() },
  { id: "floats", vector: [0.1, 0.2, 0.3], metadata: floats() },
  { id: "minus zero", vector: [-0, 0, -0], metadata: '{"zero":-0.0}' },
  { id: "subnormal", vector: [subnormal, -subnormal, 2 ** -130], norm: 12.345678901234567 },
  { id: "largest", vector: [largest, -largest, 1], norm: 0.1 },
  { id: "strings", vector: [1, 0, 0], metadata: strings(), document: "", uri: "" },
  { id: "nul \0 and \u001f", vector: [1, 1, 0], metadata: '{"nul":"a\\u0000b"}', document: "a\0b" },
  { id: "lists", vector: [1, 1, 1], metadata: lists() },
  { id: "no document", vector: [0, 1, 0], document: null, metadata: '{"a":null}' },
  { id: "nothing", vector: [0, 0, 1] },
  { id: "uri", vector: [5, 5, 5], document: null, uri: "file:///ä b.png", collection: "source" },
  { id: "x".repeat(10_000), vector: [3, 3, 3], document: "y".repeat(100_000) },
  { id: "", vector: [4, 4, 4] },
  { id: "00000000-0000-0000-0000-00000000000A", vector: [2, 2, 2], document: "upper case" },
  { id: "0b7b2b0c-7f5f-4d7e-9c55-3f6a1f0f7a11", vector: [2, 2, 1], document: "a UUID" },
  { id: "日本語 עברית 🦀", vector: [2, 1, 1], document: "日本語 \u2028 🦀", tenant: "テナント" },
];

function integers(): string {
  return '{"min":-9223372036854775808,"max":9223372036854775807,"odd":9007199254740993,"two":2}';
}

function floats(): string {
  return '{"two":2.0,"tiny":5e-324,"huge":1e300,"third":0.3333333333333333,"sum":0.30000000000000004,"seven":94.52706955539223}';
}

function strings(): string {
  return '{"":"empty key","empty":"","a.b":"dot","a/b~c":"slash","[]":"brackets","__proto__":"x","quote\\"":"\\\\ \\u2028"}';
}

function lists(): string {
  return '{"ints":[1,2],"floats":[1.0,0.1,23.308445025757262],"strings":["",""],"bools":[true,false],"empty":[]}';
}

/** The records as a batch with places in a plain collection. */
export function batchOf(records: readonly TestRecord[]): PointBatch {
  const dimension = records[0]?.vector.length ?? 0;
  const data = Float32Array.from(records.flatMap(({ vector }) => vector));
  return {
    ids: records.map(({ id }) => id),
    vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
    payload: {
      documents: records.map(({ document = "text" }) => document),
      uris: records.map(({ uri = null }) => uri),
      metadata: records.map(({ metadata = null }) => metadata),
    },
    placement: {
      points: records.map(({ id, point }) => point ?? plainPointId(id)),
      tenants: records.map(({ tenant = null }) => tenant),
      norms: Float64Array.from(records, ({ norm = Number.NaN }) => norm),
      runs: records.map(({ run = testRun }) => run),
      collections: records.map(({ collection = null }) => collection),
      rest: records.map(() => null),
    },
  };
}

/** The rows of batches as plain data, by point: vectors as hex digits of their bits, metadata in its canonical text. */
export function rowsOf(...batches: readonly PointBatch[]): object[] {
  const rows = batches.flatMap(({ ids, vectors, payload, placement }) => {
    const column = denseVector({ vectors });
    return ids.map((id, row) => ({
      point: placement.points[row] ?? "",
      id,
      vector: column === undefined ? null : bits(column.data, row, column.dimension),
      document: payload.documents[row],
      uri: payload.uris[row],
      metadata: canonicalOf(payload.metadata[row] ?? null),
      tenant: placement.tenants[row],
      norm: placement.norms[row],
      run: placement.runs[row],
      collection: placement.collections[row],
      rest: placement.rest[row],
    }));
  });
  return rows.sort((one, other) => (one.point < other.point ? -1 : 1));
}

function bits(data: Float32Array, row: number, dimension: number): string {
  const vector = data.slice(row * dimension, (row + 1) * dimension);
  return Buffer.from(vector.buffer).toString("hex");
}

function canonicalOf(metadata: string | null): string | null {
  return metadata === null || metadata === "{}" ? null : canonicalJson(metadata);
}

/** `count` rows of unit vectors in all directions, normalized in float64 and rounded to float32. The same ones every time. */
export function unitRecords(count: number, dimension: number): TestRecord[] {
  return Array.from({ length: count }, (_, row) => {
    const raw = Array.from({ length: dimension }, (_, index) => scattered(row * dimension + index));
    const norm = Math.hypot(...raw);
    return { id: `unit ${row}`, vector: raw.map((component) => component / norm), norm };
  });
}

/** A number between -0.5 and 0.5 (the fractional part of a multiple of the golden ratio, Knuth's multiplicative hash). */
function scattered(index: number): number {
  return Math.imul(index + 1, 2_654_435_761) / 2 ** 32;
}

export function sourceNote(key: string, run: string): SourceNote {
  return {
    run,
    key,
    name: `source ${key}`,
    tenant: "default_tenant",
    database: "default_database",
    mappedTenant: null,
    idPrefix: null,
    distance: "l2",
    metadata: '{"big":9007199254740993}',
    configuration: null,
    schema: null,
  };
}

/** A collection of a name that nobody has, with one source. */
export function testSpec(
  changes: Partial<CollectionSpec> & { distance?: Distance } = {},
): CollectionSpec {
  return {
    name: `suite-${randomBytes(6).toString("hex")}`,
    dimension: 3,
    distance: "l2",
    layout: "vecferry",
    tenanted: false,
    ...defaultSettings,
    sources: [sourceNote("a", testRun)],
    ...changes,
  };
}
