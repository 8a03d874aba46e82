/** Records that tools stumble over, as collections that any Chroma server can hold. */
import type { FixtureCollection, FixtureRecord } from "../../src/testing/index.ts";

/** Ids that have been mistaken for something else, cut or escaped wrongly. */
const ids = [
  "plain",
  "with space and 'quotes' \"double\"",
  "a/b?c=d&e%20#f",
  "line\nbreak\ttab",
  "emoji 🚢 ünï çödé 漢字",
  "x".repeat(300),
  "nul\0inside",
  "c0ffee00-0000-4000-8000-000000000001",
  "C0FFEE00-0000-4000-8000-000000000001",
  "00000000-0000-0000-0000-000000000000",
  "42",
  "__proto__",
];

/** JSON texts of metadata, numbers written as they must come back. */
const metadata = [
  null,
  '{"int":2,"float":2.0,"bool":true,"text":"2"}',
  '{"beyond":9007199254740993,"max":9223372036854775807,"min":-9223372036854775808}',
  '{"third":0.3333333333333333,"small":1e-7,"negative":-0.5}',
  '{"empty":"","quote":"\\"","escape":"\\\\n \\u0000 \\u00e9 \\ud83d\\udea2"}',
  '{"document":"mine","metadata":"mine","tenant_id":"mine","id":"mine","_vecferry":"mine"}',
  '{"a.b":1,"a[0]":2,"sp ace":3,"ключ":4}',
];
const lists =
  '{"strings":["a","","🚢"],"ints":[1,9007199254740993],"floats":[1.0,2.5],"bools":[true,false]}';

const documents = [null, "", "A line.", '🚢 \0 "quoted" \\ back\n'.repeat(20), "x".repeat(5000)];
const uris = [null, "file:///a b?c", "s3://bucket/ключ"];

function at<T>(values: readonly T[], index: number): T {
  const value = values[index % values.length];
  if (value === undefined) throw new Error("no values");
  return value;
}

/** Deterministic float32 components, none of them zero. */
function vector(seed: number, dimension: number): number[] {
  return Array.from({ length: dimension }, (_, k) =>
    Math.fround(Math.sin(seed * 12.9898 + k * 78.233) * 3 + 0.001),
  );
}

function records(count: number, dimension: number, id: (index: number) => string): FixtureRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    id: id(index),
    vector: vector(index, dimension),
    document: at(documents, index),
    uri: at(uris, index),
    metadata: at(metadata, index),
  }));
}

/** A collection for each distance, one that was never written, and one that takes several requests. `withLists`: Chroma 1.5 and later. */
export function awkwardCollections(withLists: boolean): FixtureCollection[] {
  const awkward = records(ids.length, 5, (index) => at(ids, index));
  if (withLists) awkward.push({ ...at(awkward, 0), id: "lists", metadata: lists });
  const bulk = records(1200, 8, (index) => `record-${index}`).map((record, index) => ({
    ...record,
    metadata: `{"i":${index},"odd":${index % 2 === 1}}`,
  }));
  return [
    {
      name: "awkward",
      distance: "l2",
      dimension: 5,
      records: awkward,
      where: { filter: { int: 2 }, ids: withInt(awkward) },
    },
    {
      name: "bulk",
      distance: "l2",
      dimension: 8,
      records: bulk,
      where: {
        filter: { $and: [{ i: { $gte: 10 } }, { i: { $lt: 13 } }] },
        ids: ["record-10", "record-11", "record-12"],
      },
    },
    {
      name: "cosine",
      distance: "cosine",
      dimension: 7,
      records: records(50, 7, (index) => `c${index}`),
    },
    {
      name: "inner",
      distance: "ip",
      dimension: 3,
      records: records(30, 3, (index) => `i${index}`),
    },
    { name: "never-written", distance: "l2", dimension: null, records: [] },
    { name: "one", distance: "cosine", dimension: 2, records: records(1, 2, () => "only") },
  ];
}

function withInt(all: readonly FixtureRecord[]): string[] {
  return all.filter(({ metadata: text }) => text?.startsWith('{"int":2,')).map(({ id }) => id);
}
