import { describe, expect, it } from "vitest";
import { defaultSample, surveyCollection } from "../../../../src/migrate/survey/survey.ts";
import type { CollectionInfo } from "../../../../src/model/collection.ts";
import { type FakeRecord, FakeSource } from "../../../support/fake-store.ts";

const signal = new AbortController().signal;

function sceneOf(records: FakeRecord[], live = false): FakeSource {
  return new FakeSource([{ name: "c", distance: "cosine", dimension: 2, records }], { live });
}

async function infoOf(source: FakeSource): Promise<CollectionInfo> {
  const [info] = await source.collections();
  if (info === undefined) throw new Error("no collection");
  return info;
}

function many(count: number): FakeRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    vector: [3, 4 + index],
    document: index % 2 === 0 ? "é".repeat(index % 10) : null,
    metadata: `{"n":${index}}`,
  }));
}

describe("surveyCollection", () => {
  it("counts everything once: records, vectors, norms, documents in bytes, uris, metadata", async () => {
    const records = many(333);
    records[0] = { id: "r0", vector: [3, 4], document: "", uri: "file:x" };
    const source = sceneOf(records);
    const done: number[] = [];
    const onProgress = (count: number) => done.push(count);
    const survey = await surveyCollection(source, await infoOf(source), { signal, onProgress });
    expect(survey).toMatchObject({
      records: 333,
      surveyed: 333,
      complete: true,
      withVector: 333,
      dimensions: [{ dimension: 2, records: 333 }],
      normMin: 5,
      faults: [],
      keysMore: 0,
      uris: 1,
      documents: { things: 167, min: 0, max: 16 },
    });
    expect(survey.keys).toMatchObject([{ key: "n", records: 332, min: 1, max: 332 }]);
    expect(survey.payload.things).toBe(333);
    expect(done.toSorted((a, b) => a - b).at(-1)).toBe(333);
  });

  it("names each kind of fault with its records: unreadable ones count too", async () => {
    const records = many(20);
    const spoilt: [number, number[]][] = [
      [1, [0, 0]],
      [2, [1e-5, 0]],
      [3, [Number.NaN, 1]],
      [4, [1, Number.POSITIVE_INFINITY]],
    ];
    for (const [at, vector] of spoilt) records[at] = { id: `r${at}`, vector };
    records[5] = { id: "r5", vector: [1, 1], metadata: "{no" };
    const source = sceneOf(records);
    source.failing.set("r6", "no-vector").set("r7", "stale-vector").set("r8", "too-large");
    const survey = await surveyCollection(source, await infoOf(source), { signal });
    expect(survey).toMatchObject({ records: 20, surveyed: 20, withVector: 17 });
    expect(survey.faults).toEqual([
      { kind: "no-vector", records: 1, examples: ["r6"] },
      { kind: "stale-vector", records: 1, examples: ["r7"] },
      { kind: "not-finite", records: 2, examples: ["r3", "r4"] },
      { kind: "zero-vector", records: 1, examples: ["r1"] },
      { kind: "tiny-norm", records: 1, examples: ["r2"] },
      { kind: "metadata-not-json", records: 1, examples: ["r5"] },
      { kind: "other", records: 1, examples: ["r8"] },
    ]);
  });

  it("keeps few examples, and cuts long ids", async () => {
    const source = sceneOf(many(30).map((one) => ({ ...one, id: one.id.padEnd(500, "x") })));
    for (const { id } of source.collection("c").records) source.failing.set(id, "torn");
    const [fault] = (await surveyCollection(source, await infoOf(source), { signal })).faults;
    expect(fault).toMatchObject({ kind: "torn", records: 30 });
    expect(fault?.examples).toHaveLength(5);
    expect(fault?.examples[0]).toHaveLength(128);
  });

  it("looks at no more than a sample, says so, and gives the source's own count", async () => {
    const source = sceneOf(many(300), true);
    expect(defaultSample(source)).toBe(3000);
    expect(defaultSample(sceneOf([]))).toBeNull();
    let read = 0;
    source.beforeRead = (ids) => {
      read += ids.length;
    };
    const survey = await surveyCollection(source, await infoOf(source), { signal, sampleMax: 70 });
    expect(survey).toMatchObject({ records: 300, surveyed: 70, complete: false });
    expect(read).toBe(70);
  });

  it("is complete where the sample's bound is not met, and within the scope's own limit", async () => {
    const source = sceneOf(many(60));
    const info = await infoOf(source);
    expect(await surveyCollection(source, info, { signal, sampleMax: 60 })).toMatchObject({
      records: 60,
      complete: true,
    });
    expect(await surveyCollection(source, info, { signal, limit: 25 })).toMatchObject({
      records: 25,
      surveyed: 25,
      complete: true,
    });
  });

  it("ends at once when it is told to", async () => {
    const source = sceneOf(many(400));
    const stop = new AbortController();
    let reads = 0;
    source.beforeRead = () => {
      reads += 1;
      if (reads === 2) stop.abort();
    };
    const info = await infoOf(source);
    await expect(surveyCollection(source, info, { signal: stop.signal })).rejects.toMatchObject({
      code: "E_ABORTED",
    });
    expect(reads).toBeLessThan(6);
  });
});
