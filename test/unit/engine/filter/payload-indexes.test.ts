import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PayloadIndexes } from "../../../../src/engine/filter/payload-indexes.ts";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import type { RestOperation } from "../../../../src/engine/rest/request.ts";
import type { CollectionFile } from "../../../../src/engine/storage/collection-file.ts";
import { inTurns } from "../../../../src/engine/turns.ts";
import { isVectorError } from "../../../../src/errors.ts";

let engine: Engine;

beforeEach(async () => {
  engine = await openEngine(":memory:");
  await engine.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
});
afterEach(() => engine.close());

async function load(payloads: readonly (string | null)[]): Promise<void> {
  await engine.upsert("c", {
    ids: payloads.map((_payload, at) => String(at)),
    vectors: new Map(),
    payloads: [...payloads],
  });
}

async function ask(operation: RestOperation, body: unknown, params = {}): Promise<unknown> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return JSON.parse(await engine.ask({ operation, collection: "c", params, body: text }));
}

/** What a refused question says, and its status. */
async function refusal(asked: Promise<unknown>): Promise<[unknown, string]> {
  const error: unknown = await asked.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isVectorError(error)) throw new Error("not refused", { cause: error });
  return [error.details["status"], error.message];
}

async function ids(filter: unknown): Promise<string[]> {
  const page = await engine.scroll("c", { filter: JSON.stringify(filter), withPayload: false });
  return page.ids;
}

it("a text index that the first search fills, amid a change, is found by nobody half full", () => {
  const file: Pick<CollectionFile, "fields" | "points"> = {
    fields: () => [{ id: 1, path: "t", schema: '"text"' }],
    *points() {
      for (let slot = 0; slot < 3; slot += 1) {
        for (const endsMs = performance.now() + 25; performance.now() < endsMs; );
        yield { slot, key: new Uint8Array(), payload: '{"t":"late"}' };
      }
    },
  };
  const { texts } = new PayloadIndexes(file as CollectionFile).find("t") ?? {};
  const found = () => texts?.matching("text", "late", 3).count;
  const meanwhile: unknown[] = [];
  expect(inTurns(() => meanwhile.push(found()), found)).toBe(3);
  expect(meanwhile).toEqual([]);
});

describe("payload indexes", () => {
  it("answer facets: most frequent first, equal ones in order, of those that fit a filter, exactly", async () => {
    await load([
      '{"k":["b","a","b"],"n":2,"f":true,"u":"550E8400-E29B-41D4-A716-446655440000"}',
      '{"k":"a","n":[2.0,9007199254740993],"f":[true,false]}',
      '{"k":"c","n":-1}',
    ]);
    for (const [field, type] of Object.entries({
      k: "keyword",
      n: "integer",
      f: "bool",
      u: "uuid",
    }))
      await engine.createPayloadIndex("c", field, type);
    expect(await ask("facet", { key: "k" })).toEqual({
      hits: [
        { value: "a", count: 2 },
        { value: "b", count: 1 },
        { value: "c", count: 1 },
      ],
    });
    expect(
      await ask("facet", { key: "k", limit: 1, filter: { must: { has_id: [0, 2] } } }),
    ).toEqual({ hits: [{ value: "a", count: 1 }] });
    const integers = await engine.ask({
      operation: "facet",
      collection: "c",
      params: {},
      body: '{"key":"n","exact":true}',
    });
    expect(integers).toBe(
      '{"hits":[{"value":2,"count":2},{"value":-1,"count":1},{"value":9007199254740993,"count":1}]}',
    );
    expect(await ask("facet", { key: "f" })).toEqual({
      hits: [
        { value: true, count: 2 },
        { value: false, count: 1 },
      ],
    });
    expect(await ask("facet", { key: "u" })).toEqual({
      hits: [{ value: "550e8400-e29b-41d4-a716-446655440000", count: 1 }],
    });
  });

  it("refuse facets where no index can tell, and what is no question for one", async () => {
    await engine.createPayloadIndex("c", "n", { type: "integer", lookup: false });
    expect((await refusal(ask("facet", { key: "n" })))[1]).toContain(
      "No appropriate index for faceting: `n`",
    );
    expect((await refusal(ask("facet", { key: "n", limit: 0 })))[0]).toBe(422);
    expect(await refusal(ask("facet", { key: "n", filter: { must: [{ key: "a" }] } }))).toEqual([
      422,
      "Validation error in JSON body: [facet_request.filter.must[0].__all__: Validation error: At least one field condition must be specified [{}]]",
    ]);
    expect((await refusal(ask("facet", {})))[0]).toBe(400);
  });

  it("are described with their parameters in full, and keep to the first of two schemas that mean the same", async () => {
    const create = (field_name: string, field_schema: unknown) =>
      ask("createPayloadIndex", { field_name, field_schema });
    await create("n", { type: "integer", on_disk: true });
    await create("n", { type: "integer", lookup: null, on_disk: true });
    await create('"t"', {
      type: "text",
      stopwords: { languages: ["en"], custom: ["b", "a", "b"] },
      stemmer: { type: "snowball", language: "en" },
    });
    await create("f", "float");
    await create("f", { type: "float" });
    expect((await engine.getCollection("c")).payload_schema).toEqual({
      n: {
        data_type: "integer",
        params: { type: "integer", lookup: null, range: null, is_principal: null, on_disk: true },
        points: 0,
      },
      t: {
        data_type: "text",
        params: {
          type: "text",
          tokenizer: "word",
          stopwords: { languages: ["english"], custom: ["a", "b"] },
          stemmer: { type: "snowball", language: "english" },
        },
        points: 0,
      },
      f: { data_type: "float", points: 0 },
    });
    await ask("deletePayloadIndex", "", { field_name: "n" });
    expect(Object.keys((await engine.getCollection("c")).payload_schema)).toEqual(["t", "f"]);
  });

  it("are refused with Qdrant's words and statuses", async () => {
    const create = (body: unknown) => refusal(ask("createPayloadIndex", body));
    expect(
      await create({ field_name: "a", field_schema: { type: "text", tokenizer: "x" } }),
    ).toEqual([
      400,
      "Format error in JSON body: data did not match any variant of untagged enum PayloadFieldSchema",
    ]);
    const neither = { type: "integer", lookup: false, range: false };
    expect(await create({ field_name: "a", field_schema: neither })).toEqual([
      422,
      "Validation error in JSON body: [field_schema.lookup: Validation error: the 'lookup' and 'range' capabilities can't be both disabled [{}]]",
    ]);
    expect((await create({ field_name: "a" }))[1]).toContain("Can't auto-detect field type");
    expect((await create({ field_name: "a[", field_schema: "bool" }))[1]).toContain(
      "Invalid json path: 'a['",
    );
    const cut = await create({ field_name: '"a\0b"', field_schema: "bool" });
    expect(cut).toEqual([422, 'Validation error: payload index name cannot contain "\\0" char']);
    const german = { type: "text", stopwords: "de" };
    expect((await create({ field_name: "a", field_schema: german }))[0]).toBe(501);
    const path = await refusal(ask("deletePayloadIndex", "", { field_name: "a[" }));
    expect(path).toEqual([400, "Deserialize error in path parameters: Invalid json path: 'a['"]);
  });

  it("judge by the words of a text index, in nested objects too, and by places", async () => {
    await load([
      '{"l":[{"w":"Hello world"},{"w":"bye"}],"p":{"lon":13.4,"lat":52.5}}',
      '{"l":[{"w":"world"}],"p":[{"lon":-0.1,"lat":51.5},{"lon":0,"lat":0}]}',
    ]);
    const nested = (match: unknown) =>
      ids({ must: [{ nested: { key: "l", filter: { must: [{ key: "w", match }] } } }] });
    expect(await nested({ text: "HELLO" })).toEqual([]);
    await engine.createPayloadIndex("c", "l[].w", "text");
    expect(await nested({ text: "HELLO" })).toEqual(["0"]);
    expect(await nested({ text_any: "bye WORLD" })).toEqual(["0", "1"]);
    const near = { center: { lon: 13.4, lat: 52.5 }, radius: 1000 };
    const box = { top_left: { lon: -1, lat: 1 }, bottom_right: { lon: 1, lat: -1 } };
    for (const indexed of [false, true]) {
      if (indexed) await engine.createPayloadIndex("c", "p", "geo");
      expect(await ids({ must: [{ key: "p", geo_radius: near }] })).toEqual(["0"]);
      expect(await ids({ must: [{ key: "p", geo_bounding_box: box }] })).toEqual(["1"]);
    }
  });
});

describe("changes of payloads", () => {
  const waiting = { wait: "true" };
  const payloadOf = async (id: string): Promise<unknown> =>
    JSON.parse((await engine.retrieve("c", [id])).payloads[0] ?? "null");

  it("reach the points that are there before an absent one is told with 404", async () => {
    await load(['{"a":1}', null]);
    const answer = await refusal(ask("setPayload", { payload: { b: 2 }, points: [9, 0] }, waiting));
    expect(answer).toEqual([404, "Not found: No point with id 9 found"]);
    expect(await payloadOf("0")).toEqual({ a: 1, b: 2 });
    expect((await refusal(ask("clearPayload", { points: [0, 9] }, waiting)))[0]).toBe(404);
    expect(await payloadOf("0")).toBeNull();
  });

  it("take a key away by null, save where there is no payload at all", async () => {
    await load(['{"a":1}', null]);
    await ask("setPayload", { payload: { a: null, b: 1 }, filter: {} });
    expect(await payloadOf("0")).toEqual({ b: 1 });
    expect(await payloadOf("1")).toEqual({ a: null, b: 1 });
  });

  it("take no single element of an array away", async () => {
    await load(['{"l":[{"x":1},{"x":2}]}']);
    await ask("deletePayload", { keys: ["l[0]"], points: [0] });
    expect(await payloadOf("0")).toEqual({ l: [{ x: 1 }, { x: 2 }] });
    await ask("deletePayload", { keys: ["l[0].x"], points: [0] });
    expect(await payloadOf("0")).toEqual({ l: [{}, { x: 2 }] });
  });
});
