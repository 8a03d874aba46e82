import { expect, it } from "vitest";
import { largeStep, step, within } from "../../../src/engine/time-limit.ts";
import { inTurns, pause } from "../../../src/engine/turns.ts";

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

function spend(milliseconds: number): void {
  const endsMs = performance.now() + milliseconds;
  while (performance.now() < endsMs);
}

it("a call's time is its own: that of questions answered meanwhile does not count", () => {
  let asked = 0;
  const call = (spent: number) => () => {
    while (asked < 3) pause();
    spend(spent);
    return answer();
  };
  const question = () => {
    asked += 1;
    within(0.5, () => spend(200));
  };
  expect(within(0.7, () => inTurns(question, call(0)))).toBe("answer");
  expect(() => within(0.7, () => inTurns(question, call(800)))).toThrow("timed out after 0.7s");
});

it("a call goes on for as long as the questions took that were answered amid it", () => {
  const begins: number[] = [];
  const call = () => {
    while (begins.length < 3) pause();
  };
  inTurns(() => {
    begins.push(performance.now());
    spend(100);
    inTurns(
      () => expect.unreachable("amid what is amid another"),
      () => spend(1),
    );
    pause();
  }, call);
  for (const [at, began] of begins.entries())
    expect(began - (begins[at - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(199);
});
