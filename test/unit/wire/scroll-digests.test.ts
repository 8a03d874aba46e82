import { ScrollResponseSchema } from "@qdrant/js-client-grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBatch } from "../../../src/adapters/qdrant/convert.ts";
import type { Layout } from "../../../src/model/collection.ts";
import { digestPoints } from "../../../src/model/digest.ts";
import { layoutPlaces } from "../../../src/model/layout.ts";
import { defaultVector, type PointBatch } from "../../../src/model/record.ts";
import { awkwardRecords, batchOf, testRun } from "../../../src/testing/target-records.ts";
import { floatText, type JsonValue, stringifyLossless } from "../../../src/util/json.ts";
import { decodeScrollAnswer, encodeScrollAnswer } from "../../../src/wire/scroll.ts";
import { decodeScrollDigests } from "../../../src/wire/scroll-digests.ts";
import { encodePayload } from "../../support/encode-payload.ts";
import { bytesOf } from "../../support/qdrant-proto.ts";
import { payloads, vectorsOf } from "../../support/random-points.ts";
import { wantedAlone } from "../../support/vector-columns.ts";

const dimension = 3;

interface Point {
  readonly id: string;
  readonly payload: string;
  readonly vector: readonly number[] | null;
}

const uuid = "0b7b2b0c-7f5f-4d7e-9c55-3f6a1f0f7a11";
const next = "ffffffff-ffff-4fff-bfff-ffffffffffff";

function answerOf(points: readonly Point[]): Buffer {
  const data = Float32Array.from(points.flatMap(({ vector }) => vector ?? [0, 0, 0]));
  const present = Uint8Array.from(points, ({ vector }) => (vector === null ? 0 : 1));
  const column = {
    kind: "dense" as const,
    dimension,
    data,
    present: present.includes(0) ? present : null,
  };
  const page = {
    ids: points.map(({ id }) => id),
    vectors: new Map([[defaultVector, column]]),
    payloads: points.map(({ payload }) => payload),
    nextOffset: next,
  };
  return encodeScrollAnswer(page, 0.1).subarray(5);
}

/** What both ways make of an answer, as rows; the rows that went the long way. */
function bothWays(message: Buffer, layout: Layout) {
  const { document, metadata } = layoutPlaces(layout);
  const shape = { dimension, document: document ?? "", metadata: metadata ?? "" };
  const page = decodeScrollDigests(message, shape);
  const long = decodeScrollAnswer(message, wantedAlone(dimension));
  const batch = toBatch(long, layout);
  const { points, runs, collections } = batch.placement;
  const digests = digestPoints(batch);
  const odd = new Set(page.odd);
  const row = (all: Uint8Array, at: number) =>
    Buffer.from(all.subarray(at * 16, at * 16 + 16)).toString("hex");
  const rows = points.flatMap((point, at) =>
    odd.has(at) ? [] : [[point, runs[at], collections[at], row(digests, at)]],
  );
  const found = page.points.flatMap((point, at) =>
    odd.has(at) ? [] : [[point, page.runs[at], page.collections[at], row(page.digests, at)]],
  );
  return { rows, found, long, page };
}

function expectSame(points: readonly Point[], layout: Layout): readonly number[] {
  const { rows, found, long, page } = bothWays(answerOf(points), layout);
  expect(found).toEqual(rows);
  expect(page.next).toBe(next);
  expect(page.points).toHaveLength(points.length);
  expect(page.oddPoints.points).toEqual(page.odd.map((row) => long.points[row]));
  expect(page.oddPoints.payloads).toEqual(page.odd.map((row) => long.payloads[row]));
  return page.odd;
}

function pointsOf(batch: PointBatch, layout: Layout): Point[] {
  return batch.placement.points.map((id, row) => ({
    id,
    payload: encodePayload(batch, row, layout),
    vector: [1, 2, row],
  }));
}

/** One of our points as JSON text, with a change. */
function payloadWith(change: Record<string, JsonValue>, mark: Record<string, JsonValue> = {}) {
  const ours = { id: "a", run: testRun, norm: "1.5", ...mark };
  const whole = { document: "text", metadata: { n: 2n, x: 2 }, _vecferry: ours, ...change };
  return stringifyLossless(whole);
}

const layouts = ["vecferry", "langchain"] as const;

describe("digests of a Scroll's answer", () => {
  it.each(layouts)("are those of its points, in layout %s", (layout) => {
    const batch = batchOf(awkwardRecords);
    const odd = expectSame(pointsOf(batch, layout), layout);
    // Numbers that a server rounds are noted in the mark: these alone go the long way.
    const ids = odd.map((row) => batch.ids[row]);
    expect(ids).toEqual(["floats", "lists"]);
  });

  it("are made of the bytes for what we write, and not for anything else", () => {
    const vector = [1, 2, 3];
    const plain = [
      payloadWith({}),
      payloadWith({ tenant_id: "t \n é" }),
      payloadWith({ document: null, metadata: {} }),
      payloadWith({}, { uri: 'file:///"\\', collection: "ü" }),
    ];
    const others = [
      payloadWith({ more: 1n }),
      payloadWith({ tenant_id: null }),
      payloadWith({ tenant_id: 1n }),
      payloadWith({ document: 1n }),
      payloadWith({ metadata: [] }),
      payloadWith({ metadata: { n: 2 ** 63 } }),
      payloadWith({}, { norm: "1.50" }),
      payloadWith({}, { norm: "one" }),
      payloadWith({}, { norm: 1.5 }),
      payloadWith({}, { created_at: "2026-01-01T00:00:00.000Z" }),
      payloadWith({}, { exact: { "/n": "2" } }),
      payloadWith({ _vecferry: "a" }),
      payloadWith({ _vecferry: { run: testRun } }),
      "{}",
    ];
    const points = [...plain, ...others].map((payload) => ({ id: uuid, payload, vector }));
    const odd = expectSame(
      [
        ...points,
        { id: "7", payload: plain[0] ?? "", vector },
        { id: uuid, payload: plain[0] ?? "", vector: null },
      ],
      "vecferry",
    );
    expect(odd).toEqual(Array.from({ length: others.length + 2 }, (_, at) => plain.length + at));
  });

  it("are those of any points", () => {
    const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom('"', "\n", "\\", "é"));
    const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { freq: 3 });
    const record = fc.record({
      id: fc.uuid(),
      text: maybe(text),
      metadata: payloads,
      tenant: maybe(text),
      mark: fc.record({
        id: text,
        run: maybe(text),
        uri: maybe(text),
        collection: maybe(text),
        norm: maybe(fc.double({ noNaN: true, noDefaultInfinity: true }).map(floatText)),
      }),
      vector: vectorsOf(dimension),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 4 }), (records) => {
        const points = records.map(({ id, text: document, metadata, tenant, mark, vector }) => {
          const marked = Object.entries(mark).filter(([, value]) => value !== null);
          const payload = stringifyLossless({
            document,
            metadata,
            ...(tenant === null ? {} : { tenant_id: tenant }),
            _vecferry: Object.fromEntries(marked),
          });
          return { id, payload, vector: [...vector] };
        });
        expectSame(points, "vecferry");
      }),
      { numRuns: 60 },
    );
  });

  it("are of answers whose fields come in any order, and of none that is cut", () => {
    const value = (text: string) => ({ kind: { case: "stringValue" as const, value: text } });
    const struct = (fields: object) => ({
      kind: { case: "structValue" as const, value: { fields } },
    });
    const vector = {
      vectorsOptions: {
        case: "vector" as const,
        value: { vector: { case: "dense" as const, value: { data: [1, 2, 3] } } },
      },
    };
    const payload = {
      _vecferry: struct({ run: value("r"), id: value("a") }),
      document: value("d"),
    };
    const id = { pointIdOptions: { case: "uuid" as const, value: uuid } };
    const message = Buffer.from(
      bytesOf(ScrollResponseSchema, { result: [{ id, payload, vectors: vector }] } as never),
    );
    const { rows, found, page } = bothWays(message, "vecferry");
    expect(page.odd).toEqual([]);
    expect(found).toEqual(rows);
    const shape = { dimension, document: "document", metadata: "metadata" };
    for (let end = 1; end < message.length; end += 1)
      expect(() => decodeScrollDigests(message.subarray(0, end), shape)).toThrow(SyntaxError);
  });
});
