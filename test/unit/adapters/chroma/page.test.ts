import { randomInt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../../../../src/adapters/chroma/answer.ts";
import { isAligned, parseIds, parsePage } from "../../../../src/adapters/chroma/page.ts";

const whole =
  '{"ids":["a","b"],"embeddings":[[1.0,2],[null,3]],"documents":["x",null],"uris":[null,"u"],"metadatas":[{"i":2,"f":2.0,"big":9007199254740993},null],"included":[]}';

const seed = randomInt(2 ** 31);
const vectors = { rowsMax: 2, dimension: 2 };
const parse = (text: string) => parsePage(Buffer.from(text), vectors);

describe("parsePage", () => {
  it("keeps each row's metadata as the text that the server wrote", () => {
    const page = parse(whole);
    expect(page).toEqual({
      ids: ["a", "b"],
      embeddings: {
        rows: 2,
        dimension: 2,
        data: new Float32Array([1, 2, Number.NaN, 3]),
        odd: new Map([[1, { kind: "not-finite", component: 0 }]]),
      },
      documents: ["x", null],
      uris: [null, "u"],
      metadata: ['{"i":2,"f":2.0,"big":9007199254740993}', null],
    });
    expect(isAligned(page)).toBe(true);
  });

  it(`reads members in any order, whatever stands in their texts (seed ${seed})`, () => {
    const text = fc.option(
      fc.string({ unit: "binary" }).map((value) => Buffer.from(value).toString()),
    );
    const row = fc.record({
      id: fc.string({ unit: "grapheme" }),
      embedding: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
        minLength: 3,
        maxLength: 3,
      }),
      document: text,
      uri: text,
      metadata: fc.option(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue())),
    });
    const order = fc.shuffledSubarray(
      ["ids", "embeddings", "documents", "uris", "metadatas", "include", "data"],
      { minLength: 7 },
    );
    const property = fc.property(fc.array(row, { maxLength: 5 }), order, (rows, names) => {
      const columns: Record<string, unknown> = {
        ids: rows.map(({ id }) => id),
        embeddings: rows.map(({ embedding }) => embedding),
        documents: rows.map(({ document }) => document),
        uris: rows.map(({ uri }) => uri),
        metadatas: rows.map(({ metadata }) => metadata),
        include: ["embeddings", '"]'],
        data: null,
      };
      const answer = JSON.stringify(Object.fromEntries(names.map((name) => [name, columns[name]])));
      const page = parsePage(Buffer.from(answer), { rowsMax: rows.length, dimension: 3 });
      expect(page.ids).toEqual(columns["ids"]);
      expect(page.documents).toEqual(columns["documents"]);
      expect(page.uris).toEqual(columns["uris"]);
      expect(page.metadata).toEqual(
        rows.map(({ metadata }) => (metadata === null ? null : JSON.stringify(metadata))),
      );
      // JSON has no minus zero: JSON.stringify writes 0.
      expect(page.embeddings?.data).toEqual(
        new Float32Array(rows.flatMap(({ embedding }) => embedding.map((value) => value + 0))),
      );
      expect(page.embeddings?.odd.size).toBe(0);
      expect(isAligned(page)).toBe(true);
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it("refuses an answer that is cut anywhere", () => {
    for (let end = 0; end < whole.length; end += 1)
      expect(() => decode(whole.slice(0, end), parse), whole.slice(0, end)).toThrow(
        expect.objectContaining({ code: "E_BAD_RESPONSE", retryable: true }),
      );
  });

  it(`never takes a garbled answer for another vector's (seed ${seed})`, () => {
    const bytes = Buffer.from(whole);
    // Members that nobody reads are not checked.
    const garble = fc.tuple(
      fc.integer({ min: 0, max: whole.indexOf('"included"') - 1 }),
      fc.integer({ min: 32, max: 126 }),
    );
    const property = fc.property(garble, ([at, value]) => {
      const garbled = Buffer.from(bytes);
      garbled[at] = value;
      let page: ReturnType<typeof parse>;
      try {
        page = decode(garbled, (all) => parsePage(all, vectors));
      } catch (error) {
        expect(error).toMatchObject({ code: "E_BAD_RESPONSE" });
        return;
      }
      // What is taken is what JSON.parse makes of the same bytes.
      const parsed = JSON.parse(garbled.toString());
      expect(page.ids).toEqual(parsed.ids);
      const rows: (number | null)[][] = parsed.embeddings;
      expect(page.embeddings?.rows).toBe(rows.length);
      for (const [row, vector] of rows.entries()) {
        if (page.embeddings?.odd.has(row)) continue;
        expect(Array.from(page.embeddings?.data.subarray(row * 2, row * 2 + 2) ?? [])).toEqual(
          vector.map((component) => Math.fround(component ?? Number.NaN)),
        );
      }
    });
    fc.assert(property, { seed, numRuns: 5000 });
  });

  it("leaves embeddings alone that were not asked for", () => {
    const text = whole.replace('"embeddings":[[1.0,2],[null,3]]', '"embeddings":null');
    expect(parsePage(Buffer.from(text), null).embeddings).toBe(null);
    expect(isAligned(parsePage(Buffer.from(text), null))).toBe(true);
  });

  it("tells columns of unequal length, whichever it is", () => {
    expect(isAligned(parse(whole.replace("[[1.0,2],[null,3]]", "[[null,3]]")))).toBe(false);
    expect(isAligned(parse(whole.replace("[[1.0,2],[null,3]]", "[]")))).toBe(false);
    expect(isAligned(parse(whole.replace('["x",null]', '["x"]')))).toBe(false);
    expect(isAligned(parse(whole.replace('[null,"u"]', '[null,"u",null]')))).toBe(false);
    expect(isAligned(parse(whole.replace("},null]", "}]")))).toBe(false);
  });

  it.each([
    ["no JSON", "<html>"],
    ["a cut answer", whole.slice(0, -30)],
    ["no object", "[]"],
    ["ids that are no strings", whole.replace('["a","b"]', "[1,2]")],
    ["no uris", whole.replace('"uris":[null,"u"],', "")],
    ["no embeddings", whole.replace("[[1.0,2],[null,3]]", "null")],
    ["documents that are no texts", whole.replace('["x",null]', '["x",7]')],
    ["metadata that is no object", whole.replace("},null]", "},[1]]")],
    ["metadata that is broken within", whole.replace('"f":2.0', '"f":secret')],
  ])("names %s E_BAD_RESPONSE and prints none of it", (_what, text) => {
    const call = (): unknown => decode(text, parse);
    expect(call).toThrow(expect.objectContaining({ code: "E_BAD_RESPONSE", retryable: true }));
    expect(call).not.toThrow(/secret/);
  });

  it("reads ids alone", () => {
    expect(parseIds(Buffer.from('{"ids":["a","\\u0000"],"embeddings":null}'))).toEqual(["a", "\0"]);
    expect(() => decode(Buffer.from('{"ids":null}'), parseIds)).toThrow(
      expect.objectContaining({ code: "E_BAD_RESPONSE" }),
    );
  });
});
