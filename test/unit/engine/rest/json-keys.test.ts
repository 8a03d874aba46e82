import { describe, expect, it } from "vitest";
import { refuseExtremes } from "../../../../src/engine/json-extremes.ts";
import { bodyShapes, free } from "../../../../src/engine/rest/body-shapes.ts";
import { KeyWatch } from "../../../../src/engine/rest/json-keys.ts";
import type { RestOperation } from "../../../../src/engine/rest/request.ts";

/** What is left to read of a body. */
function read(operation: RestOperation, text: string): string {
  const watch = new KeyWatch(text, bodyShapes[operation] ?? free);
  refuseExtremes(text, watch);
  return watch.readText;
}

describe("a request is refused", () => {
  it.each([
    ["with a field twice", "queryPoints", '{"limit":1,"limit":1}', "duplicate field `limit`"],
    [
      "with a field twice, written otherwise",
      "queryPoints",
      '{"limit":1,"\\u006cimit" :2}',
      "duplicate field",
    ],
    ["with both spellings of a field", "search", '{"limit":1,"top":2}', "duplicate field `limit`"],
    [
      "with one twice further in",
      "queryPoints",
      '{"prefetch":[{"prefetch":{"limit":1,"limit":1}}]}',
      "field `limit`",
    ],
    ["with a clause twice", "countPoints", '{"filter":{"must":[],"must":[]}}', "field `must`"],
    [
      "with a vector's own field twice",
      "createCollection",
      '{"vectors":{"a":{"size":1,"size":1}}}',
      "field `size`",
    ],
    [
      "with one twice beside a payload",
      "setPayload",
      '{"payload":{},"key":"a","key":"b"}',
      "field `key`",
    ],
    [
      "with one twice in a named vector",
      "updateVectors",
      '{"points":[{"id":1,"vector":{"a":{"indices":[1],"indices":[1]}}}]}',
      "indices",
    ],
    ["with half a character", "queryPoints", '{"a":"\\ud800"}', "surrogate"],
    ["with half a character in a key", "createCollection", '{"\\udc00x":1}', "surrogate"],
    [
      "with too many brackets in a payload",
      "setPayload",
      `{"payload":{"a":${"[".repeat(126)}${"]".repeat(126)}}}`,
      "recursion",
    ],
  ] as const)("%s", (_, operation, text, words) => {
    expect(() => read(operation, text)).toThrow(words);
  });
});

describe("a request is let pass", () => {
  it.each([
    ["with any field twice in points", "upsertPoints", '{"points":[{"id":1,"id":1}],"points":[]}'],
    [
      "with a condition's field twice",
      "queryPoints",
      '{"filter":{"must":[{"key":"a","key":"a"}]}}',
    ],
    [
      "with a field twice in a point of a batch",
      "batchUpdate",
      '{"operations":[{"upsert":{"points":[],"points":[]}}]}',
    ],
    [
      "with a vector's name twice",
      "updateVectors",
      '{"points":[{"id":1,"vector":{"a":[1],"a":[2]}}]}',
    ],
    ["with an unknown field twice", "queryPoints", '{"unknown":1,"unknown":2}'],
    ["with a field twice below an unknown one", "queryPoints", '{"":{"limit":9,"limit":9}}'],
    ["with a field twice where it is none", "queryPoints", '{"params":{"limit":9,"limit":9}}'],
    ["with a field in each of many objects", "updateVectors", '{"points":[{"id":1},{"id":2}]}'],
    ["with a value that is a field's name", "setPayload", '{"key":"key","points":["key","key"]}'],
    ["with a whole character of two halves", "queryPoints", '{"a":"\\ud83d\\ude00"}'],
    ["that is no JSON", "queryPoints", '{"a":"'],
  ] as const)("%s", (_, operation, text) => {
    expect(read(operation, text)).toBe(text);
  });

  it("with anything in a part that nobody reads, which is left out", () => {
    const odd = `${"[".repeat(200)}"\\ud800",1e999,${"1".repeat(400)}${"]".repeat(200)}`;
    const body = (value: string) =>
      `{"sparse_vectors":{"w":{"x":${value},"modifier":"idf"}},"y":${value}}`;
    expect(read("createCollection", body(odd))).toBe(body("null"));
    expect(() => read("queryPoints", body(odd))).toThrow("recursion");
  });
});
