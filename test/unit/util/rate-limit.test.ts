import { describe, expect, it } from "vitest";
import { RateLimit } from "../../../src/util/rate-limit.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** Workers that each take `units`, over and over, with work of `workMs` between; gives what each has taken. */
function startWorkers(
  limit: RateLimit,
  clock: FakeClock,
  workers: readonly { readonly units: number; readonly workMs: number }[],
): number[] {
  const taken = workers.map(() => 0);
  workers.forEach(async ({ units, workMs }, index) => {
    for (;;) {
      await limit.take(units, undefined);
      taken[index] = (taken[index] ?? 0) + units;
      await clock.sleep(workMs);
    }
  });
  return taken;
}

describe("a rate limit", () => {
  it.each([
    ["one worker with small units", [{ units: 7, workMs: 3 }]],
    ["one worker with more units than a second has", [{ units: 1234, workMs: 40 }]],
    [
      "several workers that take different amounts",
      [
        { units: 50, workMs: 0 },
        { units: 333, workMs: 90 },
        { units: 5, workMs: 1 },
      ],
    ],
  ])("lets through exactly its units a second on the mean: %s", async (_name, workers) => {
    const clock = new FakeClock();
    const taken = startWorkers(new RateLimit(500, clock), clock, workers);
    await clock.run(100_000);
    const sum = taken.reduce((one, other) => one + other, 0);
    const largest = Math.max(...workers.map(({ units }) => units));
    expect(sum).toBeGreaterThan(50_000 - largest);
    expect(sum).toBeLessThanOrEqual(50_000 + workers.length * largest);
  });

  it("serves workers in turn, so that each gets as much as the others", async () => {
    const clock = new FakeClock();
    const same = Array.from({ length: 4 }, () => ({ units: 50, workMs: 20 }));
    const taken = startWorkers(new RateLimit(500, clock), clock, same);
    await clock.run(60_000);
    expect(Math.max(...taken) - Math.min(...taken)).toBeLessThanOrEqual(50);
  });

  it("makes up for a quarter of a second without taking, and for no more", async () => {
    const clock = new FakeClock();
    const limit = new RateLimit(100, clock);
    await clock.run(60_000);
    for (let unit = 0; unit <= 25; unit += 1) expect(await limit.take(1, undefined)).toBe(0);
    const next = limit.take(1, undefined);
    await clock.run(1000);
    expect(await next).toBe(10);
  });

  it("ends the wait when its signal aborts", async () => {
    const clock = new FakeClock();
    const limit = new RateLimit(1, clock);
    await limit.take(100, undefined);
    const stop = new AbortController();
    const waiting = expect(limit.take(1, stop.signal)).rejects.toMatchObject({ code: "E_ABORTED" });
    await clock.run(10);
    stop.abort();
    await waiting;
    await expect(limit.take(1, stop.signal)).rejects.toMatchObject({ code: "E_ABORTED" });
  });
});
