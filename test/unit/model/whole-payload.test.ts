import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Layout, layouts } from "../../../src/model/collection.ts";
import type { PointBatch } from "../../../src/model/record.ts";
import { asPoints, asRecords, wholePayload } from "../../../src/model/whole-payload.ts";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { encodePayload } from "../../support/encode-payload.ts";

const point = "00000000-0000-5000-8000-000000000001";

/** A point as it is read without a layout: its payload is all there is. */
function raw(...payloads: string[]): PointBatch {
  const none = payloads.map(() => null);
  const points = payloads.map(() => point);
  return {
    ids: [...points],
    vectors: new Map(),
    payload: { documents: [...none], uris: [...none], metadata: [...none] },
    placement: {
      points,
      tenants: [...none],
      norms: new Float64Array(payloads.length).fill(Number.NaN),
      runs: [...none],
      collections: [...none],
      rest: payloads,
    },
  };
}

const noRun = { run: fc.option(fc.constant("0123456789abcdef"), { nil: undefined }) };
const value = fc.jsonValue({ maxDepth: 2 });
/** Payloads that are nearly what a layout writes: its keys, with what belongs there or with anything. */
const payload = fc
  .record(
    {
      document: fc.oneof(fc.string(), fc.constant(null), value),
      page_content: fc.oneof(fc.string(), value),
      metadata: fc.oneof(fc.dictionary(fc.string(), value), value),
      tenant_id: fc.oneof(fc.string(), value),
      _vecferry: fc.oneof(
        fc.record(
          {
            id: fc.oneof(fc.string(), fc.constant(point)),
            ...noRun,
            uri: value,
            norm: value,
            exact: value,
          },
          { requiredKeys: ["id"] },
        ),
        value,
      ),
      _node_content: fc.oneof(fc.string(), value),
      _node_type: fc.oneof(fc.constant("TextNode"), value),
      other: value,
    },
    { requiredKeys: [] },
  )
  .map((made) => JSON.stringify(made));

describe("a payload read as a record", () => {
  it.each([...layouts])(
    "is the same payload when it is written, whatever it was (%s)",
    (layout: Layout) => {
      fc.assert(
        fc.property(payload, (text) => {
          const records = asRecords(raw(text), layout);
          expect(canonicalJson(wholePayload(records, 0, layout))).toBe(canonicalJson(text));
          expect(asPoints(records, layout).placement.rest).toEqual([
            wholePayload(records, 0, layout),
          ]);
        }),
        { numRuns: 300 },
      );
    },
  );

  it("is a record where a layout wrote it, with what others put beside it", () => {
    const written = raw("{}");
    written.ids[0] = "a";
    written.payload.documents[0] = "text";
    written.payload.metadata[0] = '{"n":2.0}';
    written.placement.rest[0] = null;
    for (const layout of layouts) {
      const text = encodePayload(written, 0, layout);
      const found = asRecords(raw(text), layout);
      expect(found.ids).toEqual(["a"]);
      expect(found.payload).toMatchObject({ documents: ["text"], metadata: ['{"n":2.0}'] });
      expect(found.placement.rest).toEqual([null]);
    }
    const text = encodePayload(written, 0, "vecferry").replace(/}$/, ',"mine":1}');
    const found = asRecords(raw(text), "vecferry");
    expect(found.ids).toEqual(["a"]);
    expect(found.placement.rest).toEqual(['{"mine":1}']);
    expect(wholePayload(found, 0, "vecferry")).toContain('"mine":1');
  });

  it("is kept as it is where writing it would say something else", () => {
    // Our layout writes a document that is none as null.
    const text = '{"_vecferry":{"id":"a"}}';
    const found = asRecords(raw(text), "vecferry");
    expect(found.ids).toEqual([point]);
    expect(found.placement.rest).toEqual([text]);
    expect(wholePayload(found, 0, "vecferry")).toBe(text);
  });

  it("say when an application first wrote them", () => {
    const time = "2026-01-02T03:04:05.000Z";
    const own = `{"document":"a","metadata":{},"tenant_id":"t","_vecferry":{"id":"x","created_at":"${time}"}}`;
    const { ids, placement } = asRecords(raw(own, '{"a":1}'), "vecferry");
    expect([ids[0], placement.createdAt]).toEqual(["x", [time, null]]);
    expect(asRecords(raw('{"a":1}'), "vecferry").placement.createdAt).toBeUndefined();
  });
});
