import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { isVectorError } from "../../../../src/errors.ts";
import { filters, payloads, payloadText, type TypedPayload } from "./filter-oracle.ts";

async function load(engine: Engine, rows: readonly TypedPayload[]): Promise<void> {
  await engine.deleteCollection("c");
  await engine.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
  await engine.upsert("c", {
    ids: rows.map((_row, id) => String(id)),
    vectors: new Map([
      ["", { kind: "dense", dimension: 1, data: new Float32Array(rows.length), present: null }],
    ]),
    payloads: rows.map(payloadText),
  });
}

async function found(engine: Engine, filter: string): Promise<string[]> {
  const { ids } = await engine.scroll("c", { filter, limit: 1000, withPayload: false });
  expect(await engine.count("c", filter)).toBe(ids.length);
  const near = await engine.search("c", {
    vector: Float32Array.of(1),
    limit: 1000,
    filter,
    withPayload: false,
  });
  expect(near.ids.toSorted((one, other) => Number(one) - Number(other))).toEqual(ids);
  return ids;
}

describe("filters", () => {
  for (const type of [null, "keyword", "integer", "float", "bool", "text", "datetime", "uuid"]) {
    it(`choose what brute force chooses, ${type === null ? "without an index" : `with an index of type ${type}`}`, async () => {
      await using engine = await openEngine(":memory:");
      const index = type === null ? undefined : { key: "k", type };
      const some = fc.array(payloads, { minLength: 1, maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(
          some,
          fc.array(filters, { minLength: 1, maxLength: 8 }),
          async (rows, asked) => {
            await load(engine, rows);
            if (index !== undefined) await engine.createPayloadIndex("c", index.key, index.type);
            for (const { text, fits } of asked) {
              const expected = rows.flatMap((row, id) =>
                fits(id, row, index) ? [String(id)] : [],
              );
              expect(await found(engine, text)).toEqual(expected);
            }
          },
        ),
        { numRuns: 25 },
      );
    });
  }

  it("match integers exactly: 2^53+1 keeps its last digit, and 2 is not 2.0 where no index takes one for the other", async () => {
    await using engine = await openEngine(":memory:");
    const int = (value: bigint) => ({ k: { type: "int", value } as const });
    await load(engine, [
      int(2n),
      { k: { type: "float", value: 2 } },
      int(2n ** 53n),
      int(2n ** 53n + 1n),
    ]);
    for (const indexed of [false, true]) {
      if (indexed) await engine.createPayloadIndex("c", "k", "integer");
      expect(await found(engine, '{"must":[{"key":"k","match":{"value":2}}]}')).toEqual(
        indexed ? ["0", "1"] : ["0"],
      );
      expect(
        await found(engine, '{"must":[{"key":"k","match":{"value":9007199254740993}}]}'),
      ).toEqual(["3"]);
    }
  });

  it("keep an index true to payloads that are written over, changed, cleared and deleted", async () => {
    await using engine = await openEngine(":memory:");
    await load(engine, [
      { t: { type: "string", value: "a" } },
      { t: { type: "string", value: "b" } },
    ]);
    await engine.createPayloadIndex("c", "t", { type: "keyword", is_tenant: true });
    const a = '{"must":[{"key":"t","match":{"value":"a"}}]}';
    expect(await found(engine, a)).toEqual(["0"]);
    await engine.setPayload("c", { ids: ["1"] }, '{"t":["a","c"]}');
    expect(await found(engine, a)).toEqual(["0", "1"]);
    await engine.clearPayload("c", { ids: ["0"] });
    expect(await found(engine, a)).toEqual(["1"]);
    await engine.deletePayload("c", { filter: a }, ["t"]);
    expect(await found(engine, a)).toEqual([]);
    await engine.setPayload("c", { ids: ["0", "1"] }, '{"t":"a"}', { overwrite: true });
    await engine.deletePoints("c", { ids: ["1"] });
    expect(await found(engine, a)).toEqual(["0"]);
    const { payload_schema } = await engine.getCollection("c");
    expect(payload_schema).toEqual({
      t: { data_type: "keyword", params: { type: "keyword", is_tenant: true }, points: 1 },
    });
  });

  it("go by nested elements, dates and words", async () => {
    await using engine = await openEngine(":memory:");
    await load(engine, [{}, {}, {}]);
    await engine.setPayload(
      "c",
      { ids: ["0"] },
      '{"l":[{"a":1,"b":1},{"a":2,"b":2}],"d":"2024-02-29T12:00:00.5Z","s":"Das Haus, alt."}',
    );
    await engine.setPayload(
      "c",
      { ids: ["1"] },
      '{"l":[{"a":1,"b":2}],"d":"2024-02-29T14:00:01+02:00","s":"Haus und Hof"}',
    );
    const both =
      '"filter":{"must":[{"key":"a","match":{"value":1}},{"key":"b","match":{"value":2}}]}';
    expect(await found(engine, `{"must":[{"nested":{"key":"l",${both}}}]}`)).toEqual(["1"]);
    expect(await found(engine, '{"must":[{"key":"l[].a","match":{"value":2}}]}')).toEqual(["0"]);
    expect(
      await found(engine, '{"must":[{"key":"d","range":{"gt":"2024-02-29T12:00:00.7Z"}}]}'),
    ).toEqual(["1"]);
    expect(await found(engine, '{"must":[{"key":"s","match":{"text":"Haus, alt"}}]}')).toEqual([
      "0",
    ]);
    await engine.createPayloadIndex("c", "s", "text");
    expect(await found(engine, '{"must":[{"key":"s","match":{"text":"hof haus"}}]}')).toEqual([
      "1",
    ]);
  });

  it("are refused with 400 where they are malformed, with 422 where they say nothing", async () => {
    await using engine = await openEngine(":memory:");
    await load(engine, [{}]);
    const statusOf = (filter: string): Promise<unknown> =>
      engine.count("c", filter).then(
        () => 200,
        (error: unknown) => (isVectorError(error, "E_INPUT") ? error.details["status"] : error),
      );
    for (const bad of [
      '{"mut":[]}',
      "5",
      '{"must":[{"kye":"a"}]}',
      '{"must":[{"key":"a","match":{"value":2.5}}]}',
    ]) {
      expect(await statusOf(bad)).toBe(400);
    }
    expect(await statusOf('{"must":[{"key":"a"}]}')).toBe(422);
    expect(await statusOf(`${'{"must":['.repeat(100)}{"has_id":[1]}${"]}".repeat(100)}`)).toBe(400);
  });
});
