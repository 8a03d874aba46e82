import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Layout, layouts } from "../../../src/model/collection.ts";
import { conflicts, RecordPayload } from "../../../src/model/layout.ts";
import { type Payload, payloadText } from "../../../src/model/payload.ts";
import type { PointBatch } from "../../../src/model/record.ts";
import { stringifyLossless } from "../../../src/util/json.ts";
import { encodeUpsert } from "../../../src/wire/upsert.ts";
import { payloads } from "../../support/random-points.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  // About where a length takes a further byte, and where a loop gives way to a call.
  fc.constantFrom(31, 32, 33, 118, 127, 128, 129, 16_383, 16_384).map((count) => "x".repeat(count)),
);
const maybe = fc.option(texts);

const records = fc.record({
  id: texts,
  document: maybe,
  uri: maybe,
  metadata: fc.option(payloads.map(stringifyLossless)),
  tenant: maybe,
  norm: fc.oneof(fc.double(), fc.constant(Number.NaN)),
  run: maybe,
  collection: maybe,
  createdAt: maybe,
});
type Made = typeof records extends fc.Arbitrary<infer One> ? One : never;

const blank = {
  document: null,
  uri: null,
  metadata: null,
  tenant: null,
  norm: Number.NaN,
  run: null,
  collection: null,
  createdAt: null,
};

function batchOf(made: Made): PointBatch {
  return {
    ids: [made.id],
    vectors: new Map(),
    payload: { documents: [made.document], uris: [made.uri], metadata: [made.metadata] },
    placement: {
      points: ["1"],
      tenants: [made.tenant],
      norms: Float64Array.of(made.norm),
      runs: [made.run],
      collections: [made.collection],
      createdAt: [made.createdAt],
      rest: [null],
    },
  };
}

function sent(...given: Payload[]) {
  const points = given.map((_, row) => String(row));
  const columns = { points, vectors: new Map(), payloads: given };
  return encodeUpsert("c", columns, { from: 0, bytesAim: 2 ** 30 });
}

describe.each([...layouts])("a record's payload, member by member (%s)", (layout: Layout) => {
  it("is the bytes that its JSON becomes", () => {
    fc.assert(
      fc.property(records, records, (one, other) => {
        const some = [one, other].filter(
          ({ metadata }) => conflicts(metadata, layout).length === 0,
        );
        const parts = some.map((made) => new RecordPayload(batchOf(made), 0, layout));
        expect(sent(...parts)).toEqual(sent(...parts.map(payloadText)));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["surrogate", { id: "a", document: "\ud83d" }],
    ["surrogate", { id: `${"é".repeat(40)}\udc00` }],
    ["integer", { id: "a", metadata: '{"n":{"m":[18446744073709551615]}}' }],
    ["not-json", { id: "a", metadata: '{"n":1},"m":{}' }],
    ["depth", { id: "a", metadata: `{"n":${"[".repeat(123)}${"]".repeat(123)}}` }],
  ] as const)("cannot be carried for the same reason: %s", (reason, some) => {
    const made = new RecordPayload(batchOf({ ...blank, ...some }), 0, layout);
    const plain = new RecordPayload(batchOf({ ...blank, id: "b", document: "é" }), 0, layout);
    const found = sent(plain, made);
    // Text that ends too early cannot be seen in the text around it.
    if (reason === "not-json") expect([found.refused, found.end]).toEqual([reason, 1]);
    else expect(found).toEqual(sent(plain, payloadText(made)));
    expect([null, reason]).toContain(found.refused);
    expect(sent(plain)).toEqual(sent(payloadText(plain)));
  });
});
