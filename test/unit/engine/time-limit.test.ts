import { expect, it } from "vitest";
import { largeStep, step, within } from "../../../src/engine/time-limit.ts";

const answer = (): string => {
  largeStep();
  return "answer";
};

it("a question's steps are let go while there is time, and outside of questions", () => {
  expect(within(60, answer)).toBe("answer");
  for (let count = 0; count < 1_000; count += 1) step();
});

it("a question ends at a step once its time is over, and the next one has its own", () => {
  const endless = () => {
    for (;;) step();
  };
  expect(() => within(0.01, endless)).toThrow("timed out after 0.01s");
  expect(within(60, answer)).toBe("answer");
});
