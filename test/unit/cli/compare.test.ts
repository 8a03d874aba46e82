import { describe, expect, it } from "vitest";
import { compareRequest } from "../../../src/cli/compare-flags.ts";
import { compareLines } from "../../../src/cli/output/compare.ts";
import type { CompareReport, GroupFigures } from "../../../src/migrate/compare/figures.ts";
import { noGates } from "../../../src/migrate/compare/gates.ts";

const unset = {
  k: undefined,
  querySample: undefined,
  queries: undefined,
  seed: undefined,
  waitGreenMs: undefined,
};
const noFlags = {
  minRecall: undefined,
  minOverlap: undefined,
  maxP95Ms: undefined,
  gate: undefined,
};
const untold = async () => null;
const resident = { source: untold, target: untold };

describe("the flags of a comparison", () => {
  it("ask for 10 neighbours of 1,000 queries and wait ten minutes unless they say otherwise", async () => {
    const request = await compareRequest(unset, noFlags, resident);
    expect(request).toMatchObject({
      k: null,
      queries: 1000,
      vectors: null,
      gates: noGates,
      waitGreenMs: 600_000,
    });
    expect(Number.isInteger(request.seed)).toBe(true);
  });

  it("must not contradict one another", async () => {
    const both = { ...unset, queries: "q.jsonl", querySample: 5 };
    await expect(compareRequest(both, noFlags, resident)).rejects.toMatchObject({
      code: "E_USAGE",
    });
    const five = compareRequest({ ...unset, k: 5 }, { ...noFlags, gate: "qdrant" }, resident);
    await expect(five).rejects.toMatchObject({ code: "E_USAGE" });
    const ten = compareRequest({ ...unset, k: 10 }, { ...noFlags, gate: "qdrant" }, resident);
    expect((await ten).gates.qdrant).toBe(true);
  });
});

function group(exact: number | null, target: number, source: number | null = 0.98): GroupFigures {
  return {
    queries: 1000,
    recall: { source, exact, target: { mean: target, median: 1, min: 0.4, p5: 0.6 } },
    overlap: 0.9,
    top1: 0.95,
    spearman: null,
    scoreDifference: { mean: 1e-7, max: 1.25e-6 },
  };
}

function report(all: GroupFigures | null, changes: Partial<CompareReport> = {}): CompareReport {
  const speed = (inFlight: number, ms: number) => ({
    inFlight,
    queries: 256,
    p50Ms: ms,
    p95Ms: ms * 2,
    p99Ms: ms * 3,
    queriesPerSecond: (1000 * inFlight) / ms,
  });
  return {
    k: 10,
    queriesFrom: "records",
    seed: "7",
    reference: "source",
    all,
    collections: all === null ? [] : [named("c", all)],
    tenants: [],
    filtered: null,
    filters: [],
    latency: { source: [speed(1, 4)], target: [speed(1, 2), speed(8, 5)] },
    residentBytes: { source: 512 * 2 ** 20, target: null },
    gates: [],
    truthMs: 6123,
    notes: [],
    ...changes,
  };
}

const named = (name: string, figures: GroupFigures) => ({
  name,
  target: name,
  tenant: null,
  records: 60_000,
  k: 10,
  index: "used" as "used" | "small" | "off",
  ...figures,
});

describe("a comparison in words", () => {
  it("says what was asked and found, and what was gained", () => {
    const text = compareLines(report(group(1, 0.9))).join("\n");
    expect(text).toContain(
      "1,000 queries drawn from the source's records (seed 7), 10 neighbours each; the truth by brute force over 60,000 vectors in 6.1 s.",
    );
    expect(text).toMatch(/^all +1,000 +0\.980 +1\.000 +0\.900 +0\.900 +0\.950 +- +1\.3e-6$/m);
    expect(text).toContain("Recall of the target: median 1.000, p5 0.600, least 0.400.");
    expect(text).toMatch(/^p50, 1 in flight +4\.00 ms +2\.00 ms +2\.00×$/m);
    expect(text).toMatch(/^queries\/s, 1 in flight +250 +500 +2\.00×$/m);
    expect(text).toMatch(/^p50, 8 in flight +not asked +5\.00 ms$/m);
    expect(text).toMatch(/^memory +512 MiB +not readable$/m);
  });

  it.each([
    [group(1, 0.9), "its index's choice, not its data's"],
    [group(0.6, 0.6), "its data differ from the source's"],
    [group(1, 1), "the target answers the same"],
    [group(null, 0.9), "was not asked exactly"],
  ])("tells data from an index (%#)", (all, said) => {
    expect(compareLines(report(all)).join("\n")).toContain(said);
  });

  it("never says that the target answers the same where no index answered", () => {
    const all = group(1, 1);
    const by = (...uses: ("used" | "small" | "off")[]) =>
      compareLines(
        report(all, { collections: uses.map((index) => ({ ...named("c", all), index })) }),
      ).join("\n");
    expect(by("used", "used")).toMatch(/the target answers the same\.$/m);
    for (const text of [by("off"), by("small", "off")]) {
      expect(text).toContain("it searches by brute force, and these figures say nothing of one");
      expect(text).not.toContain("the same");
    }
    expect(by("used", "small")).toContain("1 of its 2 collections it searches by brute force");
  });

  it("rounds no share up to 1", () => {
    const text = compareLines(report(group(0.99996, 0.9996, 0.29))).join("\n");
    expect(text).toMatch(/^all +1,000 +0\.290 +0\.999 +0\.999 /m);
  });

  it("shows the worst of many collections, and how many more there are", () => {
    const collections = Array.from({ length: 30 }, (_, index) =>
      named(`c${index}`, group(1, 0.99 - index / 100)),
    );
    const lines = compareLines(report(group(1, 0.9), { collections }));
    expect(lines.filter((line) => /^c\d+ /.test(line))[0]).toMatch(/^c29 /);
    expect(lines.filter((line) => /^c\d+ /.test(line))).toHaveLength(20);
    expect(lines).toContain("… 10 better ones in the report");
  });

  it("names the gates that were missed", () => {
    const gates = [
      { gate: "min recall", of: "all", wanted: 0.95, found: 0.9, met: false },
      { gate: "min overlap", of: "all", wanted: 0.5, found: 0.9, met: true },
    ];
    const text = compareLines(report(group(1, 0.9), { gates })).join("\n");
    expect(text).toContain(
      "Gates: 1 of 2 missed.\n  min recall: 0.95 was asked for, and it is 0.9",
    );
  });

  it("says so where nothing could be compared", () => {
    const lines = compareLines(report(null, { notes: ['Collection "one" has no neighbours.'] }));
    expect(lines).toEqual(["Nothing could be compared.", 'Collection "one" has no neighbours.']);
  });
});
