import { describe, expect, it } from "vitest";
import { refuseExtremes } from "../../../src/engine/json-extremes.ts";
import { fastestMs } from "../../support/fastest.ts";

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

  it("without a second look where it is large and plain", async () => {
    const text = JSON.stringify({
      points: Array.from({ length: 20_000 }, (_, id) => ({
        id,
        vector: Array(24).fill(0.12345678),
      })),
    });
    expect(await fastestMs(() => refuseExtremes(text))).toBeLessThan(500);
  });

  it.each([
    ["in one string", `"${"1".repeat(1_000_000)}"`],
    ["in many strings", `[${`"${"1".repeat(600)}",`.repeat(1500)}"1"]`],
    ["in one number", `0.${"1".repeat(1_000_000)}`],
    ["with points among them", `${"1".repeat(300)}.`.repeat(3000)],
    ["with exponents among them", "1111e1,".repeat(150_000)],
  ])("in time by its length where it is digits %s", async (_, text) => {
    expect(await fastestMs(() => refuseExtremes(text))).toBeLessThan(500);
  });
});
