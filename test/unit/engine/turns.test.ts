import { expect, it } from "vitest";
import { within } from "../../../src/engine/time-limit.ts";
import { inTurns, pause } from "../../../src/engine/turns.ts";

function busy(ms: number): void {
  for (const endsMs = performance.now() + ms; performance.now() < endsMs; );
}

it("a long change is paused again and again, and a short one is not", () => {
  let turns = 0;
  const meanwhile = () => {
    turns += 1;
  };
  inTurns(meanwhile, () => {
    pause();
    pause();
  });
  expect(turns).toBe(0);
  inTurns(meanwhile, () => {
    for (let point = 0; point < 10; point += 1) {
      busy(15);
      pause();
    }
  });
  // After every second point at the latest: 20 ms are over then.
  expect(turns).toBeGreaterThanOrEqual(5);
});

it("nothing is paused outside of a change, nor amid what is answered meanwhile", () => {
  let turns = 0;
  const meanwhile = () => {
    turns += 1;
    busy(25);
    pause();
  };
  busy(25);
  pause();
  expect(turns).toBe(0);
  inTurns(meanwhile, () => {
    busy(25);
    pause();
  });
  expect(turns).toBe(1);
});

it("what is answered meanwhile has its own time, and the change keeps its own", () => {
  const late = () => {
    within(0.01, () => {
      busy(15);
      expect(() => within(60, () => "inner")).not.toThrow();
    });
  };
  const result = within(60, () =>
    inTurns(late, () => {
      busy(25);
      pause();
      return "made";
    }),
  );
  expect(result).toBe("made");
});

it("a change that fails gives no more turns", () => {
  let turns = 0;
  const failing = () =>
    inTurns(
      () => {
        turns += 1;
      },
      () => {
        throw new Error("refused");
      },
    );
  expect(failing).toThrow("refused");
  busy(25);
  pause();
  expect(turns).toBe(0);
});
