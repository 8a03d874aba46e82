import { describe, expect, it } from "vitest";
import type { CollectionInfo } from "../../../src/model/collection.ts";
import { gentleSource, gentleTarget } from "../../../src/store/gentle.ts";
import { Pace, type Slowing } from "../../../src/store/pace.ts";
import type { SourceStore } from "../../../src/store/port.ts";
import {
  batchOf,
  rowsOf,
  type TestRecord,
  testSpec,
  unitRecords,
} from "../../../src/testing/target-records.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { fakeCollection } from "../../support/fake-migration.ts";
import { FakeSource, FakeTarget } from "../../support/fake-store.ts";

interface Limits {
  readonly maxRowsPerSecond?: number;
  readonly maxLatencyMs?: number;
}

const records = 400;
const keys = Array.from({ length: records }, (_, row) => `many-${row}`);

/** A source whose answers take as long as `answerMs` says, seen through the wrapper. */
class Scene {
  readonly clock = new FakeClock();
  readonly source: SourceStore;
  readonly pace: Pace;
  readonly told: (readonly [slowing: Slowing | null, isNew: boolean])[] = [];
  /** Rows of each read. */
  readonly reads: number[] = [];
  answerMs: (rows: number) => number = () => 10;

  constructor(limits: Limits, reports = false) {
    const { clock } = this;
    const inner = new FakeSource([fakeCollection("many", records)]);
    inner.beforeRead = async (asked) => {
      this.reads.push(asked.length);
      const ms = this.answerMs(asked.length);
      await clock.sleep(ms);
      // The answer is there; what is made of it takes as long again.
      if (!reports) return;
      this.pace.answered(ms);
      await clock.sleep(ms);
    };
    const onSlowed = (slowing: Slowing | null, isNew: boolean): void => {
      this.told.push([slowing, isNew]);
    };
    this.pace = new Pace({ ...limits, clock, onSlowed }, { places: 2, reports });
    this.source = gentleSource(inner, this.pace);
  }

  async collection(): Promise<CollectionInfo> {
    const [info] = await this.source.collections();
    if (info === undefined) throw new Error("there is no collection");
    return info;
  }

  /** Reads for so long with so many workers; gives the rows read a second. */
  async readFor(ms: number, workers = 2): Promise<number> {
    const collection = await this.collection();
    const stop = new AbortController();
    const { signal } = stop;
    const before = this.rows;
    const work = async (): Promise<void> => {
      while (!signal.aborted)
        await this.source.read(collection, keys, { signal }).catch(() => undefined);
    };
    const working = Array.from({ length: workers }, work);
    await this.clock.run(ms);
    const rate = ((this.rows - before) * 1000) / ms;
    stop.abort();
    await this.clock.run(100_000);
    await Promise.all(working);
    return rate;
  }

  get rows(): number {
    return this.reads.reduce((sum, rows) => sum + rows, 0);
  }
}

describe("a store with rows a second at most", () => {
  it("tells the bytes of a record where the source does, and leaves that out where it does not", async () => {
    const { pace, source } = new Scene({});
    const info = await new Scene({}).collection();
    expect(source.recordBytes).toBeUndefined();
    const telling = Object.assign(new FakeSource([fakeCollection("many", records)]), {
      recordBytes: async () => 123,
    });
    expect(await gentleSource(telling, pace).recordBytes?.(info)).toBe(123);
  });

  it("reads exactly so many, in ten parts a second", async () => {
    const scene = new Scene({ maxRowsPerSecond: 500 });
    const rate = await scene.readFor(20_000);
    expect(rate).toBeGreaterThan(490);
    expect(rate).toBeLessThan(515);
    expect(Math.max(...scene.reads)).toBe(50);
  });

  it("writes, scans and takes away so many", async () => {
    const clock = new FakeClock();
    const pace = new Pace({ maxRowsPerSecond: 100, clock }, { places: 2, reports: false });
    const inner = new FakeTarget();
    const target = gentleTarget(inner, pace);
    const spec = testSpec();
    const rows: readonly TestRecord[] = unitRecords(300, 3);
    const batch = batchOf(rows);
    await target.ensure(spec);
    const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
      const began = clock.now();
      let ended = Number.NaN;
      void work().then(() => {
        ended = clock.now();
      });
      await clock.run(10_000);
      return Math.round((ended - began) / 1000);
    };
    expect(await secondsOf(() => target.write(spec, batch))).toBe(3);
    const [info] = await target.collections();
    if (info === undefined) throw new Error("there is no collection");
    const found: object[] = [];
    const read = async (): Promise<void> => {
      for await (const page of target.scan(info)) found.push(...rowsOf(page));
    };
    inner.pageRows = 10;
    expect(await secondsOf(read)).toBe(3);
    const sorted = (all: readonly object[]): string[] =>
      all.map((one) => JSON.stringify(one)).sort();
    expect(sorted(found)).toEqual(sorted(rowsOf(batch)));
    const { points } = batch.placement;
    expect(await secondsOf(() => target.remove(info, { points }))).toBe(3);
    expect(inner.points(spec.name).size).toBe(0);
  });

  it("lists ten ids for one row", async () => {
    const scene = new Scene({ maxRowsPerSecond: 10 });
    const collection = await scene.collection();
    const listed: string[] = [];
    const list = async (): Promise<void> => {
      for await (const ids of scene.source.ids(collection, { chunk: 50 })) listed.push(...ids);
    };
    void list();
    await scene.clock.run(2100);
    expect(listed.length).toBe(250);
    await scene.clock.run(2000);
    expect(listed).toEqual(keys);
  });

  it("tells once that it waits, and once that it does not any more", async () => {
    const scene = new Scene({ maxRowsPerSecond: 500 });
    await scene.readFor(3000);
    scene.answerMs = () => 3000;
    await scene.readFor(60_000, 1);
    expect(scene.told).toEqual([
      [{ by: "rate", rowsPerSecond: 500 }, true],
      [null, true],
    ]);
  });
});

describe("a store whose answers must not be late", () => {
  it("is read at full speed while they are not", async () => {
    const scene = new Scene({ maxLatencyMs: 200 });
    await scene.readFor(2000);
    scene.reads.length = 0;
    expect(await scene.readFor(10_000)).toBeGreaterThan(70_000);
    expect(scene.told).toEqual([]);
  });

  it("is read in smaller parts when they are, tells so with figures, recovers, and tells that", async () => {
    const scene = new Scene({ maxLatencyMs: 200 });
    await scene.readFor(2000);
    scene.answerMs = (rows) => 100 + rows;
    await scene.readFor(30_000);
    expect(scene.reads.at(-1)).toBeLessThan(130);
    const [first] = scene.told;
    expect(first?.[0]).toMatchObject({ by: "latency", limitMs: 200 });
    expect(first?.[0]?.by === "latency" && first[0].latencyMs).toBeGreaterThan(200);
    const again = scene.told.slice(1);
    expect(again.length).toBeGreaterThan(20);
    expect(again.length).toBeLessThanOrEqual(30);
    expect(again.every(([slowing, isNew]) => slowing?.by === "latency" && !isNew)).toBe(true);
    scene.answerMs = () => 10;
    await scene.readFor(60_000);
    expect(scene.told.at(-1)).toEqual([null, true]);
    expect(scene.reads.at(-1)).toBe(records);
  });

  it("is measured by what it says itself, where it does", async () => {
    const scene = new Scene({ maxLatencyMs: 150 }, true);
    scene.answerMs = () => 100;
    await scene.readFor(5000);
    expect(scene.told).toEqual([]);
  });

  it("is not slowed down by calls that are about no records", async () => {
    const { pace, told } = new Scene({ maxLatencyMs: 150 }, true);
    const inner = new FakeTarget();
    const answers = async <Result>(result: Promise<Result>): Promise<Result> => {
      pace.answered(5000);
      return await result;
    };
    const { ensure, collections, count, remove } = inner;
    inner.ensure = (spec) => answers(ensure.call(inner, spec));
    inner.collections = () => answers(collections.call(inner));
    inner.count = (info) => answers(count.call(inner, info));
    inner.remove = (info, selector) => answers(remove.call(inner, info, selector));
    const target = gentleTarget(inner, pace);
    const spec = testSpec();
    await target.ensure(spec);
    for (const info of await target.collections()) {
      await target.count(info);
      await target.remove(info, { everything: true });
    }
    expect(told).toEqual([]);
  });

  it("stays slowed while ids are listed in between", async () => {
    const scene = new Scene({ maxLatencyMs: 150 });
    scene.answerMs = (rows) => rows * 2;
    await scene.readFor(5000);
    const news = () => scene.told.filter(([, isNew]) => isNew);
    expect(news()).toHaveLength(1);
    for await (const page of scene.source.ids(await scene.collection()))
      expect(page.length).toBeGreaterThan(0);
    await scene.readFor(1000);
    expect(news()).toHaveLength(1);
    expect(scene.told.at(-1)?.[0]).not.toBeNull();
  });

  it("is slowed down by calls that had to be repeated", async () => {
    const scene = new Scene({ maxLatencyMs: 200 });
    await scene.readFor(2000);
    scene.pace.retried();
    expect(scene.told).toEqual([[{ by: "failures" }, true]]);
    scene.answerMs = () => 500;
    await scene.readFor(10_000);
    expect(scene.told.at(-1)).toMatchObject([{ by: "latency" }, false]);
  });

  it("lists its ids with pauses between pages of the same size", async () => {
    const scene = new Scene({ maxLatencyMs: 200 });
    const { clock } = scene;
    const collection = await scene.collection();
    const slow = new FakeSource([fakeCollection("many", records)]);
    const chunks: number[] = [];
    slow.ids = async function* () {
      for (let page = 0; page < 40; page += 1) {
        await clock.sleep(300);
        yield keys.slice(page * 10, page * 10 + 10);
      }
    };
    const gentle = gentleSource(slow, scene.pace);
    void (async () => {
      for await (const ids of gentle.ids(collection)) chunks.push(ids.length);
    })();
    await clock.run(40 * 300);
    expect(chunks.length).toBeLessThan(12);
    await clock.run(100_000);
    expect(chunks).toEqual(Array.from({ length: 40 }, () => 10));
  });

  it("is scanned with pages of another size as soon as they are too large, each point once", async () => {
    const clock = new FakeClock();
    const pace = new Pace({ maxLatencyMs: 100, clock }, { places: 2, reports: false });
    const inner = new FakeTarget();
    const pages: number[] = [];
    const { scan } = inner;
    inner.scan = (info, options = {}) => {
      inner.pageRows = options.batchSize ?? 5000;
      return scan.call(inner, info, options);
    };
    inner.beforePage = async (points) => {
      pages.push(points.length);
      await clock.sleep(points.length * 2);
    };
    const target = gentleTarget(inner, pace);
    const spec = testSpec();
    await target.ensure(spec);
    const batch = batchOf(unitRecords(2000, 3));
    await inner.write(spec, batch);
    const [info] = await target.collections();
    if (info === undefined) throw new Error("there is no collection");
    const found: string[] = [];
    void (async () => {
      for await (const { placement } of target.scan(info)) found.push(...placement.points);
    })();
    await clock.run(200_000);
    expect(found).toEqual([...batch.placement.points].sort());
    expect(pages.slice(3).every((rows) => rows <= 80)).toBe(true);
  });
});

describe("a wrapped read", () => {
  it("puts a key that is asked for twice into one part", async () => {
    const scene = new Scene({ maxRowsPerSecond: 1000 });
    const twice = Array.from({ length: 150 }, (_, place) => `many-${place % 120}`);
    const reading = scene.source.read(await scene.collection(), [...twice, "none"]);
    await scene.clock.run(1000);
    const { batch, absent } = await reading;
    expect(batch.ids.toSorted()).toEqual([...new Set(twice)].sort());
    expect(absent).toEqual(["none"]);
    expect(scene.reads).toEqual([100, 21]);
  });

  it("asks the store although there are no keys, so that a closed one says so", async () => {
    const scene = new Scene({ maxRowsPerSecond: 1000 });
    const reading = scene.source.read(await scene.collection(), []);
    await scene.clock.run(100);
    expect((await reading).batch.ids).toEqual([]);
    expect(scene.reads).toEqual([0]);
  });
});
