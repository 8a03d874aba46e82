import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Slots } from "../../../src/util/slots.ts";
import { runWorkers } from "../../../src/util/workers.ts";

describe("slots", () => {
  it("never lets more in than there are places, and serves in order", async () => {
    const slots = new Slots(2);
    const { signal } = new AbortController();
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    await Promise.all(
      [0, 1, 2, 3, 4].map((number) =>
        slots.run(async () => {
          order.push(number);
          inside += 1;
          most = Math.max(most, inside);
          await sleep(2);
          inside -= 1;
        }, signal),
      ),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it("leaves the queue when the signal aborts, and the place stays free", async () => {
    const slots = new Slots(1);
    const stop = new AbortController();
    const gate = Promise.withResolvers<void>();
    const holder = slots.run(() => gate.promise, new AbortController().signal);
    const waiter = slots.run(() => Promise.resolve("never"), stop.signal);
    stop.abort();
    await expect(waiter).rejects.toMatchObject({ code: "E_ABORTED" });
    gate.resolve();
    await holder;
    await expect(
      slots.run(() => Promise.resolve("in"), new AbortController().signal),
    ).resolves.toBe("in");
  });

  it("grows at once, and shrinks as work ends", async () => {
    const slots = new Slots(1);
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const entered: number[] = [];
    const all = gates.map(({ promise }, number) =>
      slots.run(() => {
        entered.push(number);
        return promise;
      }, undefined),
    );
    await sleep(1);
    expect([entered, slots.full]).toEqual([[0], true]);
    slots.resize(3);
    await sleep(1);
    expect([entered, slots.full]).toEqual([[0, 1, 2], true]);
    slots.resize(1);
    gates[0]?.resolve();
    gates[1]?.resolve();
    await sleep(1);
    expect(entered).toEqual([0, 1, 2]);
    gates[2]?.resolve();
    await sleep(1);
    expect(entered).toEqual([0, 1, 2, 3]);
    gates[3]?.resolve();
    await Promise.all(all);
    expect(slots.full).toBe(false);
  });

  it("gives the place back after a failure", async () => {
    const slots = new Slots(1);
    const { signal } = new AbortController();
    await expect(slots.run(() => Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    await expect(slots.run(() => Promise.resolve(1), signal)).resolves.toBe(1);
  });
});

describe("workers", () => {
  it("end together with the first failure, which is the one that is thrown", async () => {
    const ended: string[] = [];
    let number = 0;
    const work = async (signal: AbortSignal) => {
      number += 1;
      if (number === 2) throw new Error("the first failure");
      await sleep(10_000, undefined, { signal }).catch((error: unknown) => {
        ended.push("stopped");
        throw error;
      });
    };
    await expect(runWorkers(3, new AbortController().signal, work)).rejects.toThrow(
      "the first failure",
    );
    expect(ended).toEqual(["stopped", "stopped"]);
  });

  it("begin a turn of the event loop apart", async () => {
    let turn = 0;
    const count = () => {
      turn += 1;
      counting = setImmediate(count);
    };
    let counting = setImmediate(count);
    const begun: number[] = [];
    await runWorkers(3, new AbortController().signal, async () => {
      begun.push(turn);
    });
    clearImmediate(counting);
    expect(new Set(begun).size).toBe(3);
  });
});
