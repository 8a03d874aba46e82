import { expect, it } from "vitest";
import { listText } from "../../../src/engine/answer-size.ts";

it("an answer is put together as a list while it is no longer than it may be", () => {
  expect(listText([], 4)).toBe("[]");
  expect(listText(["1", "2"], 4)).toBe("[1,2]");
  expect(() => listText(["1", "23"], 4)).toThrow("ask for fewer points");
});

it("what comes behind the bound is not asked for", () => {
  const asked: string[] = [];
  const texts = function* (): Generator<string> {
    for (const text of ["12345", "6"]) {
      asked.push(text);
      yield text;
    }
  };
  expect(() => listText(texts(), 4)).toThrow("ask for fewer points");
  expect(asked).toEqual(["12345"]);
});
