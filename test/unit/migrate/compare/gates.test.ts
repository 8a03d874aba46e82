import { describe, expect, it } from "vitest";
import { errorCodes } from "../../../../src/errors.ts";
import type { GroupFigures } from "../../../../src/migrate/compare/figures.ts";
import {
  type Gates,
  judgeGates,
  missNext,
  missText,
  noGates,
} from "../../../../src/migrate/compare/gates.ts";

function figures(changes: Partial<GroupFigures> = {}, recall = 0.95): GroupFigures {
  return {
    queries: 100,
    recall: {
      source: 1,
      exact: 1,
      target: { mean: recall, median: recall, min: recall, p5: recall },
    },
    overlap: 0.9,
    top1: 0.9,
    spearman: 0.9,
    scoreDifference: null,
    ...changes,
  };
}

const named = (name: string, group: GroupFigures) => ({
  name,
  target: name,
  tenant: null,
  records: 100,
  k: 10,
  index: "used" as "used" | "small" | "off" | "held",
  ...group,
});

function missed(
  gates: Partial<Gates>,
  all: GroupFigures | null,
  collections: ReturnType<typeof named>[] = [],
): string[] {
  const latency = {
    source: [],
    target: [1, 8].map((inFlight) => ({
      inFlight,
      queries: 100,
      p50Ms: 1,
      p95Ms: 5 * inFlight,
      p99Ms: 9,
      queriesPerSecond: 10,
    })),
  };
  return judgeGates({ ...noGates, ...gates }, { all, collections, latency })
    .filter(({ met }) => !met)
    .map(({ gate, of }) => `${gate} of ${of}`);
}

describe("gates", () => {
  it("are met by what is as good as was asked for, and missed by less", () => {
    expect(missed({ minRecall: 0.95, minOverlap: 0.9, maxP95Ms: 5 }, figures())).toEqual([]);
    expect(missed({ minRecall: 0.951, minOverlap: 0.91, maxP95Ms: 4.9 }, figures())).toEqual([
      "min recall of all",
      "min overlap of all",
      "max p95 ms of all",
    ]);
    expect(missed({}, figures({}, 0))).toEqual([]);
  });

  it("hold for each of several collections, so that a small one cannot hide", () => {
    const collections = [named("large", figures()), named("small", figures({}, 0.4))];
    expect(missed({ minRecall: 0.9 }, figures(), collections)).toEqual(["min recall of small"]);
  });

  it("of Qdrant are the figures that it publishes", () => {
    const wanted = (recall: number) => ({
      source: 1,
      exact: 1,
      target: { mean: recall, median: 0.9, min: 0.5, p5: 0.6 },
    });
    const least = { recall: wanted(0.85), overlap: 0.7, top1: 0.8, spearman: 0.81 };
    expect(missed({ qdrant: true }, figures(least))).toEqual([]);
    const below = { overlap: 0.69, top1: 0.79, spearman: 0.8, recall: wanted(0.84) };
    expect(missed({ qdrant: true }, figures(below))).toEqual([
      "qdrant: top-1 of all",
      "qdrant: overlap@10 of all",
      "qdrant: mean recall@10 of all",
      "qdrant: Spearman of all",
    ]);
    const poor = { source: 1, exact: 1, target: { mean: 0.9, median: 0.89, min: 0.49, p5: 0.59 } };
    expect(missed({ qdrant: true }, figures({ recall: poor }))).toEqual([
      "qdrant: median recall@10 of all",
      "qdrant: least recall@10 of all",
      "qdrant: p5 of recall@10 of all",
    ]);
  });

  it("are missed where nothing could be measured, but for the order of what has none", () => {
    expect(missed({ minRecall: 0 }, null)).toEqual(["min recall of all"]);
    expect(missed({ qdrant: true }, figures({ spearman: null }))).toEqual([]);
  });

  it("are missed by a collection whose indexing is off or held back, if any is asked for", () => {
    const collections = (["used", "small", "off", "held"] as const).map((index) => ({
      ...named(index, figures()),
      index,
    }));
    expect(missed({}, figures(), collections)).toEqual([]);
    const expected = ["index of off", "index of held"];
    expect(missed({ minRecall: 0.5 }, figures(), collections)).toEqual(expected);
    expect(missed({ maxP95Ms: 100 }, figures(), collections)).toEqual(expected);
    const one = { gate: "index", of: "a", wanted: 1, found: 0, met: false };
    expect(missText(one)).toBe(
      'index in "a": its indexing is switched off or held back at the target, and what was measured is brute force',
    );
  });

  it("advise by what was missed: an answer that is late lacks no records", () => {
    const next = (...gates: string[]) =>
      missNext(gates.map((gate) => ({ gate, of: "all", wanted: 1, found: 2, met: false })));
    expect(next("max p95 ms")).toContain("answers too late");
    expect(next("max p95 ms")).not.toContain("repair");
    expect(next("min recall")).toBe(errorCodes.E_GATE.next);
    expect(next("index")).toContain("Let the target build its index");
    expect(next("index")).not.toContain("repair");
    expect(next("qdrant: top-1", "max p95 ms")).toMatch(/repair.*answers too late/);
  });

  it("say what was asked for and what was found, never rounded up", () => {
    const gate = { gate: "min recall", of: "a", wanted: 0.95, found: 0.949999, met: false };
    expect(missText(gate)).toBe('min recall in "a": 0.95 was asked for, and it is 0.9499');
    expect(missText({ ...gate, wanted: 0.0003, found: 0.0002 })).toContain("0.0003 was asked for");
    expect(missText({ ...gate, of: "all", found: null })).toContain("nothing could be measured");
  });
});
