import { describe, expect, it } from "vitest";
import { refuseExtremes } from "../../../../src/engine/rest/json-extremes.ts";

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("a body is refused", () => {
  it.each([
    ["with 128 levels", nested(128), "recursion limit exceeded at line 1 column 128"],
    ["with 1e400", '{"a":1e400}', "number out of range at line 1 column 6"],
    ["with -1e309", '{"a":[-1E+309]}', "number out of range at line 1 column 8"],
    ["with 400 digits", `{"a":${"9".repeat(400)}}`, "number out of range at line 1 column 6"],
  ])("%s", (_, text, words) => {
    expect(() => refuseExtremes(text)).toThrow(`Format error in JSON body: ${words}`);
  });
});

describe("a body is let pass", () => {
  it.each([
    ["with 127 levels", nested(127)],
    ["with the largest and the smallest double", '{"a":[1.7976931348623157e308,5e-324,1e-400]}'],
    ["with 400 digits in a string", `{"a":"${"9".repeat(400)}"}`],
    ["with 308 digits", `{"a":${"1".repeat(308)}}`],
    ["with such things in a string", `{"a":"1e400 ${"[".repeat(200)} \\" 1e400"}`],
    ["with many brackets side by side", `[${"[1],".repeat(500)}[1]]`],
  ])("%s", (_, text) => {
    expect(() => refuseExtremes(text)).not.toThrow();
  });

  it("without a second look where it is large and plain", () => {
    const text = JSON.stringify({
      points: Array.from({ length: 20_000 }, (_, id) => ({
        id,
        vector: Array(24).fill(0.12345678),
      })),
    });
    const startedMs = performance.now();
    refuseExtremes(text);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});
