import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { AdaptiveSlots } from "../../../src/util/adaptive-slots.ts";

class Busy extends Error {}
const isOverload = (error: unknown) => error instanceof Busy;
const one = () => 1;

/** Sends many requests at once; how many were in flight at most. */
async function most(slots: AdaptiveSlots, requests: number): Promise<number> {
  let inFlight = 0;
  let peak = 0;
  const attempt = async () => {
    inFlight += 1;
    peak = Math.max(peak, inFlight);
    await sleep(3);
    inFlight -= 1;
  };
  await Promise.all(Array.from({ length: requests }, () => slots.run(attempt, one, undefined)));
  return peak;
}

describe("AdaptiveSlots", () => {
  it("lets more in where a server answers the same however many there are", async () => {
    const slots = new AdaptiveSlots({ max: 4, isOverload });
    expect(slots.places).toBe(2);
    expect(await most(slots, 400)).toBe(4);
    expect(await most(new AdaptiveSlots({ max: 1, isOverload }), 20)).toBe(1);
  });

  it("lets fewer in after a refusal for too much, and as many after any other failure", async () => {
    const slots = new AdaptiveSlots({ max: 4, start: 4, isOverload });
    const fail = (error: Error) => slots.run(() => Promise.reject(error), one, undefined);
    await expect(fail(new Error("no such thing"))).rejects.toThrow("no such thing");
    expect(slots.places).toBe(4);
    await expect(fail(new Busy("busy"))).rejects.toThrow("busy");
    expect([slots.places, await most(slots, 6)]).toEqual([2, 2]);
  });

  it("leaves the queue when the signal aborts", async () => {
    const slots = new AdaptiveSlots({ max: 1, isOverload });
    const gate = Promise.withResolvers<void>();
    const holder = slots.run(() => gate.promise, one, undefined);
    const waiter = slots.run(() => Promise.resolve(), one, AbortSignal.timeout(5));
    await expect(waiter).rejects.toMatchObject({ code: "E_ABORTED" });
    gate.resolve();
    await holder;
  });
});
