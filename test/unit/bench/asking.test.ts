import { describe, expect, it } from "vitest";
import { askInTurn, boundsOfRatio, quantile, quantileOfPasses } from "../../../bench/asking.ts";
import { seededRandom } from "../../../src/util/seeded-random.ts";

const query = { tenant: "a", vector: new Float32Array(2), truth: new Set(["1", "2"]) };
const queries = Array.from({ length: 12 }, () => query);

function contestant(what: string, asked: [string, number][], found: string[] | null) {
  const ask = async (at: number): Promise<string[] | null> => {
    asked.push([what, at]);
    return found;
  };
  return { what, ask, [Symbol.asyncDispose]: async () => undefined };
}

describe("askInTurn", () => {
  it("asks each all queries, in orders that change, and never two the same one in a turn", async () => {
    const asked: [string, number][] = [];
    const all = ["a", "b", "c"].map((what) => contestant(what, asked, ["1"]));
    const answers = await askInTurn(all, queries, 2);
    const turns = Array.from({ length: 24 }, (_, turn) => asked.slice(turn * 3, turn * 3 + 3));
    for (const turn of turns) {
      expect(turn.map(([what]) => what).sort()).toEqual(["a", "b", "c"]);
      expect(new Set(turn.map(([, at]) => at)).size).toBe(3);
    }
    expect(new Set(turns.map((turn) => turn.map(([what]) => what).join(""))).size).toBe(6);
    for (const { what } of all) {
      const own = asked.filter(([who]) => who === what).map(([, at]) => at);
      expect(own.sort((one, other) => one - other)).toEqual(
        Array.from({ length: 24 }, (_, place) => Math.floor(place / 2)),
      );
      expect(answers.get(what)?.times).toHaveLength(24);
      expect(answers.get(what)?.recall).toBe(0.5);
    }
  });

  it("knows no recall where the answers are not read", async () => {
    const answers = await askInTurn([contestant("a", [], null)], queries, 1);
    expect(answers.get("a")?.recall).toBeUndefined();
  });
});

describe("boundsOfRatio", () => {
  const random = seededRandom(3);
  const times = () => Array.from({ length: 6000 }, () => 1 + random() ** 4);

  it("lie around the ratio that there is", () => {
    const [ours, theirs] = [times(), times()];
    const same = boundsOfRatio(ours, theirs, 600, 0.99);
    expect(same.low).toBeLessThanOrEqual(1);
    expect(same.high).toBeGreaterThanOrEqual(1);
    const doubled = ours.map((ms) => 2 * ms);
    const twice = boundsOfRatio(doubled, theirs, 600, 0.99);
    expect(twice.low).toBeGreaterThan(1.8);
    expect(twice.high).toBeLessThan(2.2);
  });

  it("lie apart where half the passes were slow for one of both", () => {
    const slowed = times().map((ms, at) => (at >= 3000 ? 10 * ms : ms));
    const { low, high } = boundsOfRatio(slowed, times(), 600, 0.99);
    expect(low).toBeLessThan(1.5);
    expect(high).toBeGreaterThan(5);
  });
});

it("a quantile of passes is not moved by one slow second, and is by what slows every pass", () => {
  const even = Array.from({ length: 6000 }, (_, at) => (at % 600 < 590 ? 1 : 2));
  expect(quantileOfPasses(even, 600, 0.99)).toBe(2);
  const once = even.map((ms, at) => (at >= 3000 && at < 3100 ? 10 : ms));
  expect(quantileOfPasses(once, 600, 0.99)).toBe(2);
  const always = even.map((ms, at) => (at % 600 < 590 ? ms : 3));
  expect(quantileOfPasses(always, 600, 0.99)).toBe(3);
});

it("quantile is the value below which a share of the values lies", () => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect([0, 0.5, 0.99].map((share) => quantile(values, share))).toEqual([1, 51, 100]);
});
