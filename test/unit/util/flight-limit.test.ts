import { describe, expect, it } from "vitest";
import { FlightLimit } from "../../../src/util/flight-limit.ts";

/** A server that answers as many requests a millisecond as `rate` says, all places being taken. */
class Simulated {
  readonly limit: FlightLimit;
  now = 0;
  amount = 1000;
  rate: (places: number) => number;

  constructor(limit: FlightLimit, rate: (places: number) => number) {
    this.limit = limit;
    this.rate = rate;
  }

  /** Lets so many answers land; what the places were after each. */
  run(answers: number, full = true): number[] {
    return Array.from({ length: answers }, () => {
      const { places } = this.limit;
      this.now += 1 / this.rate(places);
      const startedAtMs = this.now - places / this.rate(places);
      this.limit.landed({ startedAtMs, endedAtMs: this.now, amount: this.amount, full });
      return this.limit.places;
    });
  }
}

/** Gains by each request more up to `knee`, and nothing beyond. */
const upTo = (knee: number) => (places: number) => Math.min(places, knee) / 100;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("FlightLimit", () => {
  it.each([1, 2, 3, 5, 8])("finds that %i in flight are worth it, from 2 on", (knee) => {
    const server = new Simulated(new FlightLimit({ max: 8 }), upTo(knee));
    server.run(300);
    const later = server.run(2000);
    expect(Math.max(...later)).toBeLessThanOrEqual(Math.min(8, Math.max(knee, 2) + 1));
    expect(mean(later)).toBeGreaterThan(Math.max(knee, 2) - 0.1);
    expect(mean(later)).toBeLessThan(Math.max(knee, 2) + 0.3);
  });

  it("does not take a server for slow when its answers become small", () => {
    const server = new Simulated(new FlightLimit({ max: 8 }), upTo(8));
    server.amount = 5_000_000;
    server.run(1000);
    server.amount = 100_000;
    expect(Math.min(...server.run(1000))).toBe(8);
  });

  it("never goes beyond the maximum, nor below one", () => {
    const limit = new FlightLimit({ max: 3, start: 5 });
    expect(limit.places).toBe(3);
    const server = new Simulated(limit, upTo(100));
    expect(Math.max(...server.run(500))).toBe(3);
    for (let time = 0; time < 5; time += 1) {
      server.now += 1000;
      limit.overloaded(server.now, server.now);
      expect(limit.places).toBe([1, 1, 1, 1, 1][time]);
    }
    expect(new FlightLimit({ max: 0 }).places).toBe(1);
  });

  it("halves when the server refuses, once for all that were in flight, and comes back", () => {
    const limit = new FlightLimit({ max: 8 });
    const server = new Simulated(limit, upTo(8));
    server.run(400);
    expect(limit.places).toBe(8);
    const sentMs = server.now - 50;
    for (let request = 0; request < 8; request += 1) limit.overloaded(sentMs, server.now + request);
    expect(limit.places).toBe(4);
    server.now += 100;
    limit.overloaded(server.now - 10, server.now);
    expect(limit.places).toBe(2);
    expect(server.run(20).at(-1)).toBe(2);
    expect(server.run(600).at(-1)).toBe(8);
  });

  it("sends fewer when the server has become slow, and more when it is quick again", () => {
    const limit = new FlightLimit({ max: 8 });
    const server = new Simulated(limit, upTo(4));
    server.run(400);
    const before = limit.places;
    expect(before).toBeGreaterThanOrEqual(4);
    server.rate = (places) => upTo(4)(places) / 5;
    const slow = server.run(60);
    expect(Math.min(...slow)).toBeLessThan(before - 1);
    server.rate = upTo(4);
    expect(mean(server.run(600).slice(-200))).toBeGreaterThan(3.5);
  });

  it("goes by the amount, not by the number of answers", () => {
    const limit = new FlightLimit({ max: 8 });
    const server = new Simulated(limit, upTo(4));
    server.run(400);
    const before = mean(server.run(200));
    // Ten times the bytes in ten times the time: as quick as before.
    server.amount = 10_000;
    server.rate = (places) => upTo(4)(places) / 10;
    expect(mean(server.run(200))).toBeGreaterThan(before - 0.5);
  });

  it("goes by what was sent since the last change", () => {
    const limit = new FlightLimit({ max: 8 });
    for (let answer = 0; limit.places === 2; answer += 1)
      limit.landed({ startedAtMs: answer * 10, endedAtMs: answer * 10, amount: 1, full: true });
    for (let answer = 0; answer < 100; answer += 1) {
      limit.landed({ startedAtMs: 0, endedAtMs: 1000 + answer, amount: 1, full: true });
      expect(limit.places).toBe(3);
    }
  });

  it("learns nothing while places are free", () => {
    const limit = new FlightLimit({ max: 8 });
    new Simulated(limit, upTo(8)).run(1000, false);
    expect(limit.places).toBe(2);
  });
});
