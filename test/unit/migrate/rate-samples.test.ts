import { describe, expect, it } from "vitest";
import { RateSamples, samplesMax } from "../../../src/migrate/rate-samples.ts";
import type { MigrateEvent, Phase } from "../../../src/migrate/request.ts";

const event = (phase: Phase, collection: string, done: number): MigrateEvent => ({
  type: "progress",
  phase,
  collection,
  done,
  total: null,
  bytes: done * 10,
  quarantined: 0,
});

describe("samples of a run's rate", () => {
  it("give a phase no time that passes before the next one tells how far it is", () => {
    let now = 0;
    const rates = new RateSamples(() => now);
    rates.event(event("verify", "a", 0));
    now = 1_000;
    rates.event(event("verify", "a", 500));
    rates.event({ type: "phase", phase: "wait-green", collection: null });
    now = 9_000;
    rates.event({ type: "phase", phase: "compare", collection: "a" });
    rates.event(event("compare", "a", 1));
    const times = rates.samples.map(({ phase, atMs }) => [phase, atMs]);
    expect(times.filter(([phase]) => phase === "verify").at(-1)).toEqual(["verify", 1_000]);
    expect(times.at(-1)).toEqual(["compare", 9_000]);
  });

  it("add up collections, and begin anew with each phase", () => {
    let now = 0;
    const rates = new RateSamples(() => now);
    expect(rates.samples).toEqual([]);
    now = 1000;
    rates.event(event("list", "a", 5));
    now = 2000;
    rates.event(event("copy", "a", 100));
    now = 3000;
    rates.event(event("copy", "b", 40));
    now = 4000;
    rates.event(event("copy", "b", 50));
    expect(rates.samples.at(-1)).toEqual({ atMs: 4000, phase: "copy", records: 150, bytes: 1500 });
    expect(rates.samples.filter(({ phase }) => phase === "copy")[0]).toMatchObject({ records: 0 });
  });

  it("count a collection that begins at 0 again on top of what was done", () => {
    const rates = new RateSamples(() => 0);
    for (const done of [10, 20, 5]) rates.event(event("copy", "a", done));
    expect(rates.samples.at(-1)?.records).toBe(25);
  });

  it("stay few however long a run takes, and reach from its beginning to its end", () => {
    let now = 0;
    const rates = new RateSamples(() => now);
    for (let at = 1; at <= 100_000; at += 1) {
      now = at * 500;
      rates.event(event("copy", "a", at));
    }
    const { samples } = rates;
    expect(samples.length).toBeLessThanOrEqual(samplesMax + 1);
    expect(samples.length).toBeGreaterThan(samplesMax / 4);
    expect(samples[0]?.atMs).toBeLessThan(10_000);
    expect(samples.at(-1)).toMatchObject({ atMs: 50_000_000, records: 100_000 });
    const times = samples.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("stay few when phases change all the time", () => {
    let now = 0;
    const rates = new RateSamples(() => now);
    for (let at = 0; at < 5000; at += 1) {
      now += 10;
      rates.event(event(at % 2 === 0 ? "list" : "copy", "a", 1));
    }
    expect(rates.samples.length).toBeLessThanOrEqual(samplesMax + 1);
  });
});
