import { describe, expect, it } from "vitest";
import { decode } from "../../../../src/adapters/chroma/answer.ts";
import { isAligned, parseIds, parsePage } from "../../../../src/adapters/chroma/page.ts";

const whole =
  '{"ids":["a","b"],"embeddings":[[1.0,2],[null,3]],"documents":["x",null],"uris":[null,"u"],"metadatas":[{"i":2,"f":2.0,"big":9007199254740993},null],"included":[]}';

describe("parsePage", () => {
  it("keeps each row's metadata as the text that the server wrote", () => {
    const page = parsePage(whole, true);
    expect(page).toEqual({
      ids: ["a", "b"],
      embeddings: [
        [1, 2],
        [null, 3],
      ],
      documents: ["x", null],
      uris: [null, "u"],
      metadata: ['{"i":2,"f":2.0,"big":9007199254740993}', null],
    });
    expect(isAligned(page)).toBe(true);
  });

  it("leaves embeddings alone that were not asked for", () => {
    expect(
      parsePage(whole.replace('"embeddings":[[1.0,2],[null,3]]', '"embeddings":null'), false)
        .embeddings,
    ).toBe(null);
  });

  it("tells columns of unequal length, whichever it is", () => {
    expect(isAligned(parsePage(whole.replace("[[1.0,2],[null,3]]", "[[null,3]]"), true))).toBe(
      false,
    );
    expect(isAligned(parsePage(whole.replace('["x",null]', '["x"]'), true))).toBe(false);
    expect(isAligned(parsePage(whole.replace('[null,"u"]', '[null,"u",null]'), true))).toBe(false);
    expect(isAligned(parsePage(whole.replace("},null]", "}]"), true))).toBe(false);
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
    const call = (): unknown => decode(text, (whatever) => parsePage(whatever, true));
    expect(call).toThrow(expect.objectContaining({ code: "E_BAD_RESPONSE", retryable: true }));
    expect(call).not.toThrow(/secret/);
  });

  it("reads ids alone", () => {
    expect(parseIds('{"ids":["a","\\u0000"],"embeddings":null}')).toEqual(["a", "\0"]);
    expect(() => decode('{"ids":null}', parseIds)).toThrow(
      expect.objectContaining({ code: "E_BAD_RESPONSE" }),
    );
  });
});
