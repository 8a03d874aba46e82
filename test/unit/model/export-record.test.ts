import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prepare } from "../../../src/migrate/prepare.ts";
import { type Layout, layouts } from "../../../src/model/collection.ts";
import { type Distance, distances } from "../../../src/model/distance.ts";
import { type ExportRules, exportRecords } from "../../../src/model/export-record.ts";
import { conflicts, PayloadDecoder } from "../../../src/model/layout.ts";
import type { PointBatch, RecordBatch } from "../../../src/model/record.ts";
import { denseVector } from "../../../src/model/vector-column.ts";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { blankCollection } from "../../support/blank-collection.ts";
import { planFor } from "../../support/collection-plan.ts";
import { encodePayload } from "../../support/encode-payload.ts";
import { ulpsApart } from "../../support/ulps.ts";

const rules: ExportRules = {
  vector: "",
  distance: "l2",
  layout: "vecferry",
  flatten: false,
  tenantKey: false,
};

/** Points as a store's scan gives them: their payloads decoded. */
function pointsOf(
  payloads: readonly string[],
  layout: Layout = "vecferry",
  names: readonly string[] = payloads.map((_, row) => String(row)),
): PointBatch {
  const decoder = new PayloadDecoder(layout);
  const found = payloads.map((text, row) => decoder.decode(text, names[row] ?? ""));
  const data = Float32Array.from(payloads.flatMap((_, row) => [row, 1]));
  return {
    ids: found.map(({ id }, row) => id ?? names[row] ?? ""),
    vectors: new Map([["", { kind: "dense", dimension: 2, data, present: null }]]),
    payload: {
      documents: found.map(({ document }) => document),
      uris: found.map(({ uri }) => uri),
      metadata: found.map(({ metadata }) => metadata),
    },
    placement: {
      points: [...names],
      tenants: found.map(({ tenant }) => tenant),
      norms: Float64Array.from(found, ({ norm }) => norm),
      runs: found.map(({ run }) => run),
      collections: found.map(({ collection }) => collection),
      rest: found.map(({ rest }) => rest),
    },
  };
}

/** What one point becomes: its document and its metadata, or the reason why it cannot be a record. */
function exported(payload: string, changes: Partial<ExportRules> = {}): unknown {
  const { records, failures } = exportRecords(pointsOf([payload], changes.layout), {
    ...rules,
    ...changes,
  });
  const [failure] = failures;
  if (failure !== undefined) return failure.reason;
  const { documents, metadata } = records.payload;
  return [documents[0], metadata[0] == null ? null : JSON.parse(metadata[0])];
}

describe("a point that was never Chroma's", () => {
  it("keeps its id: an integer in decimal, a UUID in lower case", () => {
    const names = ["18446744073709551615", "0b7b2b0c-7f5f-4d7e-9c55-3f6a1f0f7a11"];
    const { records } = exportRecords(pointsOf(["{}", "{}"], "vecferry", names), rules);
    expect(records.ids).toEqual(names);
    expect(records.payload.metadata).toEqual([null, null]);
  });

  it.each([
    ['{"a":1,"b":[true]}', [null, { a: 1, b: [true] }]],
    ['{"document":"text","a":1}', ["text", { a: 1 }]],
    ['{"document":7}', [null, { document: 7 }]],
    ['{"document":null,"metadata":{"a":1},"b":2}', [null, { a: 1, b: 2 }]],
    ['{"metadata":"text"}', [null, { metadata: "text" }]],
    ['{"metadata":{"a":1},"a":1}', [null, { a: 1 }]],
    ['{"metadata":{"a":1},"a":2}', "reserved-key"],
    ['{"tenant_id":"acme"}', [null, { tenant_id: "acme" }]],
    ['{"a":{"b":null}}', [null, { a: { b: null } }]],
  ])("is read at the layout's places, and by its top-level keys: %s", (payload, wanted) => {
    expect(exported(payload)).toEqual(wanted);
  });

  it("is read as its application's framework wrote it", () => {
    const langchain = '{"page_content":"text","metadata":{"source":"a"}}';
    expect(exported(langchain, { layout: "langchain" })).toEqual(["text", { source: "a" }]);
    const node = JSON.stringify({ id_: "x", text: "a text", metadata: { a: 1 } });
    const payload = JSON.stringify({ _node_content: node, _node_type: "TextNode", a: 1 });
    const emptied = JSON.stringify({ id_: "x", text: "", metadata: { a: 1 } });
    expect(exported(payload, { layout: "llamaindex" })).toEqual([
      "a text",
      { _node_content: emptied, _node_type: "TextNode", a: 1 },
    ]);
    expect(exported('{"a":1}', { layout: "llamaindex" })).toEqual([null, { a: 1 }]);
  });
});

describe("with flatten", () => {
  it.each([
    ['{"a":{"b":1,"c":{"d":"x"}}}', { "a.b": 1, "a.c.d": "x" }],
    ['{"a":null,"b":[],"c":{},"d":{"e":null}}', null],
    ['{"a":[1,2],"b":["x"],"c":[true]}', { a: [1, 2], b: ["x"], c: [true] }],
    [
      '{"a":[1,2.5],"b":[1,null],"c":[[1]],"d":[{"e":1}]}',
      { a: "[1,2.5]", b: "[1,null]", c: "[[1]]", d: '[{"e":1}]' },
    ],
  ])("what a Chroma cannot hold gives way: %s", (payload, wanted) => {
    expect(exported(payload, { flatten: true })).toEqual([null, wanted]);
  });

  it("names a point of which two keys would be one", () => {
    expect(exported('{"a":{"b":1},"a.b":2}', { flatten: true })).toBe("reserved-key");
  });
});

describe("a point that vecferry wrote", () => {
  it("keeps what an application put beside the layout's keys", () => {
    const payload =
      '{"document":"d","metadata":{"a":1},"seen":true,"_vecferry":{"id":"x","created_at":"2026-01-01"}}';
    expect(exported(payload)).toEqual(["d", { a: 1, seen: true }]);
    expect(exported('{"metadata":{"a":1},"a":2,"_vecferry":{"id":"x"}}')).toBe("reserved-key");
  });

  it("has its tenant among its metadata where that is asked for", () => {
    const payload = '{"metadata":{"a":1},"tenant_id":"acme","_vecferry":{"id":"x"}}';
    expect(exported(payload)).toEqual([null, { a: 1 }]);
    expect(exported(payload, { tenantKey: true })).toEqual([null, { a: 1, tenant_id: "acme" }]);
    const another = '{"metadata":{"tenant_id":"b"},"tenant_id":"acme","_vecferry":{"id":"x"}}';
    expect(exported(another, { tenantKey: true })).toBe("reserved-key");
  });

  it("has no time for a Chroma, and nothing in it counts as metadata", () => {
    expect(exported('{"_vecferry":{"id":"0","created_at":"2026-01-01"}}')).toEqual([null, null]);
  });
});

describe("vectors", () => {
  it("are those of the name that was chosen, and a record may lack one", () => {
    const points = pointsOf(["{}", "{}"]);
    const data = Float32Array.of(1, 2, 3, 0, 0, 0);
    const image = { kind: "dense", dimension: 3, data, present: Uint8Array.of(1, 0) } as const;
    const { records } = exportRecords(
      { ...points, vectors: new Map([...points.vectors, ["image", image]]) },
      { ...rules, vector: "image" },
    );
    expect([...records.vectors.keys()]).toEqual([""]);
    expect(denseVector(records)).toEqual(image);
  });

  it("under cosine are multiplied by the norm that is kept, and by none where none is", () => {
    const points = pointsOf(['{"_vecferry":{"id":"x","norm":"2.5"}}', "{}"]);
    const { records } = exportRecords(points, { ...rules, distance: "cosine" });
    expect(denseVector(records)?.data).toEqual(Float32Array.of(0, 2.5, 1, 1));
    expect(denseVector(exportRecords(points, rules).records)?.data).toEqual(
      Float32Array.of(0, 1, 1, 1),
    );
  });
});

it("a float −0.0 becomes 0.0, alone and in lists", () => {
  const { records } = exportRecords(
    pointsOf(['{"a":-0.0,"b":[-0.0,1.5],"c":-0.5,"d":"-0.0"}']),
    rules,
  );
  expect(records.payload.metadata).toEqual(['{"a":0.0,"b":[0.0,1.5],"c":-0.5,"d":"-0.0"}']);
});

it("a payload that is not JSON is named", () => {
  const points = pointsOf(["{}"]);
  const placement = { ...points.placement, rest: ["{"] };
  const { failures, records } = exportRecords({ ...points, placement }, rules);
  expect(failures).toMatchObject([{ id: "0", row: 0, reason: "metadata-not-json" }]);
  expect(records.ids).toEqual([]);
});

const planOf = (layout: Layout, distance: Distance) =>
  planFor(blankCollection("col", { dimension: 3, distance }), { layout });

describe("there and back", () => {
  const text = fc.string({ unit: "binary" });
  const scalar = fc.oneof(
    text.map((value) => JSON.stringify(value)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Object.is(value, -0))
      .map((value) => (/^-?\d+$/.test(String(value)) ? `${value}.0` : String(value))),
    fc.constantFrom("true", "false"),
  );
  const metadata = fc.option(
    fc
      .dictionary(
        text,
        fc.oneof(
          scalar,
          scalar.map((one) => `[${one},${one}]`),
        ),
        { maxKeys: 5 },
      )
      .map((keys) => {
        const members = Object.entries(keys).map(
          ([key, value]) => `${JSON.stringify(key)}:${value}`,
        );
        return `{${members.join(",")}}`;
      }),
  );
  const component = fc
    .tuple(
      fc.float({ min: Math.fround(1e-9), max: Math.fround(1e9), noNaN: true }),
      fc.constantFrom(1, -1, 0),
    )
    .map(([value, sign]) => value * sign);
  const record = fc.record({
    id: text,
    document: fc.option(text),
    uri: fc.option(text),
    metadata,
    vector: fc.tuple(component, component, component),
  });

  it("every record is the same again in every layout, under cosine to within 3 ulp", () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 5 }),
        fc.constantFrom(...layouts),
        fc.constantFrom(...distances),
        (all, layout, distance) => {
          const taken = all.filter(
            ({ metadata, vector }) =>
              conflicts(metadata, layout).length === 0 &&
              (distance !== "cosine" || vector.some((one) => one !== 0)),
          );
          const before: RecordBatch = {
            ids: taken.map(({ id }) => id),
            vectors: new Map([
              [
                "",
                {
                  kind: "dense",
                  dimension: 3,
                  data: Float32Array.from(taken.flatMap(({ vector }) => vector)),
                  present: null,
                },
              ],
            ]),
            payload: {
              documents: taken.map(({ document }) => document),
              uris: taken.map(({ uri }) => uri),
              metadata: taken.map(({ metadata }) => metadata),
            },
          };
          const { batch, failures } = prepare(before, planOf(layout, distance), "0123456789abcdef");
          expect(failures).toEqual([]);
          const { points } = batch.placement;
          const payloads = points.map((_, row) => encodePayload(batch, row, layout));
          const read = { ...pointsOf(payloads, layout, points), vectors: batch.vectors };
          const { records, failures: lost } = exportRecords(read, { ...rules, layout, distance });
          expect(lost).toEqual([]);
          expect(records.ids).toEqual(before.ids);
          expect(records.payload.documents).toEqual(before.payload.documents);
          expect(records.payload.uris).toEqual(before.payload.uris);
          const canonical = (value: string | null) => canonicalJson(value ?? "{}");
          expect(records.payload.metadata.map(canonical)).toEqual(
            before.payload.metadata.map(canonical),
          );
          const [one, other] = [denseVector(before)?.data, denseVector(records)?.data];
          one?.forEach((value, at) => {
            expect(ulpsApart(value, other?.[at] ?? Number.NaN)).toBeLessThanOrEqual(
              distance === "cosine" ? 3 : 0,
            );
          });
        },
      ),
      { numRuns: Number(process.env["VECFERRY_LONG"] ?? 0) > 0 ? 20_000 : 300 },
    );
  });
});
