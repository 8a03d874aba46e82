import { describe, expect, it } from "vitest";
import { refuseExtremes } from "../../../../src/engine/json-extremes.ts";
import { KeyWatch } from "../../../../src/engine/rest/json-keys.ts";

function refuseKeys(text: string, anyKeys = false): void {
  refuseExtremes(text, new KeyWatch(text, { anyKeys }));
}

describe("a request is refused", () => {
  it.each([
    ["with a field twice", '{"limit":1,"limit":1}', "duplicate field `limit`"],
    ["with a field twice, written otherwise", '{"limit":1,"\\u006cimit" :2}', "duplicate field"],
    ["with one twice further in", '{"prefetch":{"limit":1,"limit":1}}', "field `limit`"],
    ["with a clause twice", '{"filter":{"must":[],"must":[]}}', "field `must`"],
    ["with a vector's own field twice", '{"vectors":{"size":1,"size":1}}', "field `size`"],
    ["with one twice beside a payload", '{"payload":{},"key":"a","key":"b"}', "field `key`"],
    [
      "with one twice in a named vector",
      '{"vector":{"a":{"indices":[1],"indices":[1]}}}',
      "indices",
    ],
    ["with half a character", '{"a":"\\ud800"}', "surrogate"],
    ["with half a character in a key", '{"\\udc00x":1}', "surrogate"],
  ])("%s", (_, text, words) => {
    expect(() => refuseKeys(text)).toThrow(words);
  });
});

describe("a request is let pass", () => {
  it.each([
    ["with a payload's key twice", '{"points":[{"id":1,"payload":{"a":1,"a":{"b":1,"b":2}}}]}'],
    ["with a condition's field twice", '{"filter":{"must":[{"key":"a","key":"a"}]}}'],
    [
      "with a field twice in a point of a batch",
      '{"operations":[{"upsert":{"points":[],"points":[]}}]}',
    ],
    ["with a vector's name twice", '{"points":[{"id":1,"vector":{"a":[1],"a":[2]}}]}'],
    ["with a field in each of many objects", '{"points":[{"id":1},{"id":2}]}'],
    ["with a value that is a field's name", '{"key":"key","value":["key","key"]}'],
    ["with a whole character of two halves", '{"a":"\\ud83d\\ude00"}'],
    ["that is no JSON", '{"a":"'],
  ])("%s", (_, text) => {
    expect(() => refuseKeys(text)).not.toThrow();
  });

  it("with any field twice, where it writes points", () => {
    const text = '{"points":[],"points":[{"id":1,"id":1}]}';
    expect(() => refuseKeys(text, true)).not.toThrow();
    expect(() => refuseKeys('{"points":"\\ud800"}', true)).toThrow("surrogate");
  });
});
