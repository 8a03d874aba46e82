import { describe, expect, it } from "vitest";
import { BucketSums, digestPoints } from "../../../src/model/digest.ts";
import type { PointBatch } from "../../../src/model/record.ts";

const point = "11111111-2222-3333-4444-555555555555";

interface Row {
  id: string;
  vector: number[];
  document: string | null;
  uri: string | null;
  metadata: string | null;
  tenant: string | null;
  norm: number;
  collection: string | null;
  rest: string | null;
  point: string;
}

const base: Row = {
  id: "a",
  vector: [1, 2],
  document: "text",
  uri: null,
  metadata: '{"n":2}',
  tenant: null,
  norm: Number.NaN,
  collection: null,
  rest: null,
  point,
};

function batchOf(row: Row): PointBatch {
  return {
    ids: [row.id],
    vectors: new Map([
      ["", { kind: "dense", dimension: 2, data: Float32Array.from(row.vector), present: null }],
    ]),
    payload: { documents: [row.document], uris: [row.uri], metadata: [row.metadata] },
    placement: {
      points: [row.point],
      tenants: [row.tenant],
      norms: Float64Array.of(row.norm),
      runs: ["r"],
      collections: [row.collection],
      rest: [row.rest],
    },
  };
}

const digest = (change: Partial<Row> = {}) =>
  Buffer.from(digestPoints(batchOf({ ...base, ...change }))).toString("hex");

describe("a digest", () => {
  // By Python's hashlib over the bytes that the format names.
  it("is frozen", () => {
    expect(digest()).toBe("ddd6794b4a19c49c695207e41a68e767");
  });

  it.each<Partial<Row>>([
    { id: "b" },
    { vector: [1, 2.0000002] },
    { vector: [1, -2] },
    { document: null },
    { document: "" },
    { uri: "text" },
    { metadata: '{"n":2.0}' },
    { metadata: '{"n":"2"}' },
    { metadata: null },
    { tenant: "t" },
    { norm: 1 },
    { collection: "c" },
    { rest: '{"extra":1}' },
    { point: "11111111-2222-3333-4444-555555555556" },
  ])("changes with %j", (change) => {
    expect(digest(change)).not.toBe(digest());
  });

  // By Python's hashlib and json over the bytes that the format names.
  it("is frozen for every kind of text", () => {
    const words = 'é漢😀 "q" \\ \n\u0001 \ufffd';
    const row = { id: words, document: words, uri: "", tenant: "t\n", collection: "ü", norm: 1.5 };
    const metadata = `{ "b" : 2.50, "a" : [ null, "\\u0041\\/" ], "é" : ${JSON.stringify(words)} }`;
    expect(digest({ ...row, metadata, rest: '{"z":{"y":1e2}}' })).toBe(
      "cd869941ce75b71a826b7340df6ffc7c",
    );
  });

  it("tells texts apart that are one in UTF-8", () => {
    expect(digest({ document: "\ud800" })).not.toBe(digest({ document: "\ufffd" }));
    expect(digest({ metadata: '{"a":"\ud800"}' })).not.toBe(digest({ metadata: '{"a":"\ufffd"}' }));
  });

  it("tells 0 from -0 in a vector", () => {
    expect(digest({ vector: [0, 1] })).not.toBe(digest({ vector: [-0, 1] }));
  });

  it("does not change with the order of keys, nor between {} and none", () => {
    const inOrder = digest({ metadata: '{"a":1,"b":2,"c":[3]}', rest: '{"d":4,"e":"f"}' });
    for (const metadata of ['{ "b":2, "a":1,"c":[3] }', '{"c":[3],"b":2,"a":1}'])
      expect(digest({ metadata, rest: '{"e":"f","d":4}' })).toBe(inOrder);
    expect(digest({ metadata: "{}" })).toBe(digest({ metadata: null }));
  });
});

describe("sums by bucket", () => {
  const first = digestPoints(batchOf(base));
  const second = digestPoints(batchOf({ ...base, id: "b" }));

  it("do not depend on the order, and nothing cancels", () => {
    const one = new BucketSums();
    one.add(0x11, first);
    one.add(0x11, second);
    const other = new BucketSums();
    other.add(0x11, second);
    other.add(0x11, first);
    expect(one.differences(other)).toEqual([]);
    expect(one.total).toBe(2);
    other.add(0x11, first);
    other.add(0x11, first);
    expect(one.differences(other)).toEqual([0x11]);
  });

  it("carry over 128 bits", () => {
    const sums = new BucketSums();
    sums.add(0x11, new Uint8Array(16).fill(0xff));
    sums.add(
      0x11,
      Uint8Array.from({ length: 16 }, (_, index) => (index === 0 ? 2 : 0)),
    );
    expect(sums.sum(0x11)).toBe("1".padStart(32, "0"));
  });
});
