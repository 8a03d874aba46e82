import { describe, expect, it } from "vitest";
import { LatencyGovernor } from "../../../src/util/latency-governor.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A server that takes so long for a request of so many units while so many are in flight. */
type ServerMs = (units: number, inFlight: number) => number;

class Scene {
  readonly clock = new FakeClock();
  readonly governor: LatencyGovernor;
  server: ServerMs;
  units = 0;
  inFlight = 0;
  inFlightMax = 0;
  readonly begunMs: number[] = [];

  constructor(server: ServerMs, limitMs = 200) {
    this.server = server;
    const { clock } = this;
    this.governor = new LatencyGovernor({
      limitMs,
      sizeMin: 10,
      sizeMax: 1000,
      sizeStart: 100,
      placesMax: 4,
      clock,
    });
  }

  start(workers: number): void {
    for (let worker = 0; worker < workers; worker += 1) void this.#work();
  }

  /** What the next `ms` are like. */
  async run(ms: number): Promise<{ rate: number; inFlightMax: number; requests: number }> {
    const { units } = this;
    this.inFlightMax = this.inFlight;
    this.begunMs.length = 0;
    await this.clock.run(ms);
    return {
      rate: ((this.units - units) * 1000) / ms,
      inFlightMax: this.inFlightMax,
      requests: this.begunMs.length,
    };
  }

  async #work(): Promise<void> {
    for (;;) {
      await this.governor.run(async () => {
        const units = this.governor.size;
        this.inFlight += 1;
        this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
        this.begunMs.push(this.clock.now());
        const ms = this.server(units, this.inFlight);
        await this.clock.sleep(ms);
        this.governor.answered(ms);
        this.inFlight -= 1;
        this.units += units;
      }, undefined);
    }
  }
}

describe("a latency governor", () => {
  it("lets a quick server be asked for everything, soon", async () => {
    const scene = new Scene((units) => 10 + units / 20);
    scene.start(4);
    await scene.run(2000);
    expect([scene.governor.places, scene.governor.size]).toEqual([4, 1000]);
    expect(scene.governor.slowedBy).toBeNull();
  });

  it("begins small", () => {
    const { governor } = new Scene(() => 1);
    expect([governor.places, governor.size]).toEqual([1, 100]);
  });

  it("asks a server that suffers under several requests for one at a time", async () => {
    const scene = new Scene((units, inFlight) => (inFlight * units) / 6);
    scene.start(4);
    await scene.run(30_000);
    expect((await scene.run(30_000)).inFlightMax).toBe(1);
    expect(scene.governor.latencyMs).toBeLessThan(220);
    expect(scene.governor.slowedBy).toBe("latency");
  });

  it("makes requests smaller until each answer is in time, and keeps most of what the server bears", async () => {
    const scene = new Scene((units) => units);
    scene.start(4);
    await scene.run(20_000);
    let late = 0;
    const { server } = scene;
    scene.server = (units, inFlight) => {
      const ms = server(units, inFlight);
      late += ms > 200 ? 1 : 0;
      return ms;
    };
    const { requests, rate } = await scene.run(60_000);
    expect(late / requests).toBeLessThan(0.1);
    expect(scene.governor.size).toBeGreaterThan(100);
    expect(rate).toBeGreaterThan(900);
  });

  it("ends with one small request at a time and bounded pauses where nothing helps", async () => {
    const scene = new Scene(() => 300);
    scene.start(4);
    await scene.run(60_000);
    const { requests, inFlightMax } = await scene.run(23_000);
    expect([scene.governor.size, scene.governor.pauseMs]).toEqual([10, 2000]);
    expect(inFlightMax).toBe(1);
    expect(requests).toBe(10);
  });

  it("recovers slowly when the server does", async () => {
    const scene = new Scene(() => 300);
    scene.start(4);
    await scene.run(60_000);
    scene.server = () => 20;
    await scene.run(10_000);
    expect(scene.governor.pauseMs).toBe(0);
    expect(scene.governor.places).toBe(1);
    expect(scene.governor.slowedBy).toBe("latency");
    await scene.run(90_000);
    expect([scene.governor.places, scene.governor.size]).toEqual([4, 1000]);
    expect(scene.governor.slowedBy).toBeNull();
  });

  it("takes several late answers to what was asked at once for one", async () => {
    const scene = new Scene(() => 20);
    scene.start(4);
    await scene.run(5000);
    scene.server = () => 2000;
    await scene.run(2100);
    expect([scene.governor.places, scene.governor.size]).toEqual([1, 1000]);
  });

  it("grows again where answers are close below the limit whatever is asked, but slowly", async () => {
    const scene = new Scene(() => 300);
    scene.start(4);
    await scene.run(60_000);
    scene.server = () => 180;
    await scene.run(30_000);
    expect(scene.governor.pauseMs).toBe(0);
    expect(scene.governor.size).toBeLessThan(20);
    await scene.run(400_000);
    expect([scene.governor.places, scene.governor.size]).toEqual([1, 1000]);
    scene.server = () => 150;
    await scene.run(40_000);
    expect(scene.governor.slowedBy).toBeNull();
  });

  it("takes failures that come together for one", () => {
    const { governor, clock } = new Scene(() => 1);
    return clock.run(5000).then(() => {
      for (let time = 0; time < 5; time += 1) governor.failed();
      expect(governor.size).toBe(50);
      expect(governor.slowedBy).toBe("failures");
    });
  });

  it("gives places in the order of asking, and none to who has gone", async () => {
    const { governor, clock } = new Scene(() => 1);
    const order: number[] = [];
    const stop = new AbortController();
    const ask = (place: number, signal?: AbortSignal): Promise<void> =>
      governor.run(async () => {
        order.push(place);
        await clock.sleep(10);
      }, signal);
    const all = [ask(0), ask(1, stop.signal), ask(2), ask(3)];
    const left = expect(all[1]).rejects.toMatchObject({ code: "E_ABORTED" });
    stop.abort();
    await left;
    await clock.run(100);
    expect(order).toEqual([0, 2, 3]);
  });

  it("gives a place back when the work fails, and ends a pause when its signal aborts", async () => {
    const { governor, clock } = new Scene(() => 1);
    await expect(governor.run(() => Promise.reject(new Error("no")), undefined)).rejects.toThrow(
      "no",
    );
    for (let time = 0; time < 40; time += 1) {
      governor.failed();
      await clock.run(1000);
    }
    await governor.run(async () => undefined, undefined);
    expect(governor.pauseMs).toBe(2000);
    const stop = new AbortController();
    const waiting = expect(governor.run(async () => undefined, stop.signal)).rejects.toMatchObject({
      code: "E_ABORTED",
    });
    await clock.run(1);
    stop.abort();
    await waiting;
    const next = governor.run(async () => "done", undefined);
    await clock.run(3000);
    expect(await next).toBe("done");
  });
});
