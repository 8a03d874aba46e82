/** What every store of documents must find by their metadata: what `matches` (model/filter.ts) finds. */
import assert from "node:assert/strict";
import { decodeMetadata, matches, parseWhere, type Where } from "../model/filter.ts";
import type { DocumentBench, TestDocument } from "./document-bench.ts";

const tenant = "acme";

function documents(metadata: readonly (string | null)[]): TestDocument[] {
  return metadata.map((text, row) => ({ id: `d${row}`, tenant, metadata: text }));
}

/** Values that are mistaken for one another, and none. */
export const scalarDocuments = documents([
  '{"k":"a","n":2,"flag":true}',
  '{"k":"A","n":2.0,"flag":false}',
  '{"k":"b","n":"2","flag":"true"}',
  '{"k":"","n":-3,"flag":1}',
  '{"k":"true","n":2.5}',
  '{"k":"日本語 \\"quoted\\"","n":0}',
  '{"k":2,"n":true}',
  '{"other":"a"}',
  null,
]);

export const largeDocuments = documents([
  '{"n":9007199254740993}',
  '{"n":9007199254740992}',
  '{"n":-9223372036854775808}',
  '{"n":9223372036854775807}',
  '{"n":1}',
]);

export const listDocuments = documents([
  '{"k":["a","b"],"n":[1,2]}',
  '{"k":["b"],"n":[1.0,2.5]}',
  '{"k":"a","n":1}',
  '{"k":["A"],"n":["1"],"flags":[true]}',
  '{"k":"b","flags":[true,false]}',
]);

export const oddKeyDocuments = documents([
  '{"a.b":"x","sp ace":"x","[]":"x"}',
  '{"a":"x","日本語":"x","-":"x","tenant_id":"x","document":"x"}',
  '{"a.b":"y","日本語":"y","_vecferry":"x"}',
]);

export const scalarFilters: readonly unknown[] = [
  { k: "a" },
  { k: "" },
  { k: "true" },
  { k: '日本語 "quoted"' },
  { k: { $ne: "a" } },
  { k: { $in: ["a", "b", "nobody's"] } },
  { k: { $nin: ["a", "b"] } },
  { n: 2 },
  { n: 2n },
  { n: { $ne: 2 } },
  { n: { $in: [2, -3] } },
  { n: { $nin: [2, 0] } },
  { n: 2.5 },
  { n: { $gt: 0 } },
  { n: { $gte: 2 } },
  { n: { $lt: 2 } },
  { n: { $lte: -3n } },
  { n: { $gte: -2.5 } },
  { n: { $lt: 2.5 } },
  { n: "2" },
  { n: true },
  { flag: true },
  { flag: false },
  { flag: { $ne: true } },
  { nothing: { $ne: "a" } },
  { nothing: "a" },
  { $and: [{ k: "a" }, { n: 2 }] },
  { $or: [{ k: "b" }, { n: { $gt: 2 } }] },
  { $and: [{ $or: [{ k: "a" }, { k: "A" }] }, { $or: [{ flag: false }, { n: -3 }] }] },
  { $and: [] },
  { $or: [] },
];

export const largeFilters: readonly unknown[] = [
  { n: 9007199254740993n },
  { n: { $ne: 9007199254740992n } },
  { n: { $in: [9223372036854775807n, 1n] } },
  { n: -9223372036854775808n },
];

export const listFilters: readonly unknown[] = [
  { k: "a" },
  { k: { $ne: "b" } },
  { k: { $in: ["a", "b"] } },
  { k: { $contains: "b" } },
  { k: { $not_contains: "b" } },
  { n: 1 },
  { n: { $gte: 1 } },
  { n: { $contains: 1 } },
  { n: { $contains: 1n } },
  { n: { $contains: 2.5 } },
  { n: { $not_contains: 1 } },
  { flags: { $contains: false } },
];

export const oddKeyFilters: readonly unknown[] = [
  { "a.b": "x" },
  { a: { $ne: "x" } },
  { "sp ace": "x" },
  { 日本語: "x" },
  { "[]": "x" },
  { "-": "x" },
];

/** Fails unless each filter finds what `matches` finds, and nobody else's; documents of another tenant have the same metadata. */
export async function findsTheSame(
  { write, found }: DocumentBench,
  written: readonly TestDocument[],
  filters: readonly unknown[],
): Promise<void> {
  await write([...written, ...written.map((one) => ({ ...one, tenant: "other" }))]);
  for (const json of filters) {
    const where: Where = parseWhere(json);
    const wanted = written
      .filter(({ metadata = null }) => matches(where, decodeMetadata(metadata)))
      .map(({ id }) => `${tenant}/${id}`);
    assert.deepEqual(await found({ tenant, where }), wanted.sort(), describe(json));
  }
}

function describe(json: unknown): string {
  return JSON.stringify(json, (_key, value) => (typeof value === "bigint" ? `${value}n` : value));
}
