/** The comparison that the differential test rests on: what it lets pass, and what it finds. */
import { describe, expect, it } from "vitest";
import { parseLossless } from "../../src/util/json.ts";
import { type Answer, disagreement } from "../support/truth/agree.ts";
import type { Judge } from "../support/truth/judges.ts";
import { play, shrink } from "../support/truth/play.ts";
import { drawSteps, type Step } from "../support/truth/steps.ts";
import { hasTies } from "../support/truth/ties.ts";

const query: Step = {
  method: "POST",
  path: "/collections/c/points/query",
  body: "{}",
  ranking: "scores",
};
const told = (result: string, status = 200): Answer => ({ status, result: parseLossless(result) });
const points = (...rows: [id: number, score: number, payload?: string][]) =>
  told(
    `{"points":[${rows.map(([id, score, payload]) => `{"id":${id},"score":${score},"payload":${payload ?? "{}"}}`)}]}`,
  );

describe("two answers agree", () => {
  it("where ties stand in another order, and where the last tie was cut", () => {
    expect(
      disagreement(
        query,
        points([1, 0.5], [2, 0.5], [3, 0.25]),
        points([2, 0.5], [1, 0.5], [4, 0.25]),
      ),
    ).toBe(null);
  });

  it("where scores differ by less than 1e-5 of themselves", () => {
    expect(disagreement(query, points([1, 100]), points([1, 100.0009]))).toBe(null);
  });
});

describe("two answers disagree", () => {
  it.each([
    ["by a score", points([1, 1]), points([1, 1.0001])],
    ["by the order", points([1, 3], [2, 2], [3, 1]), points([2, 3], [1, 2], [3, 1])],
    ["by a point", points([1, 3], [2, 2]), points([1, 3])],
    ["by 2 and 2.0 in a payload", points([1, 1, '{"a":2}']), points([1, 1, '{"a":2.0}'])],
    [
      "by digits in a payload",
      points([1, 1, '{"a":9007199254740993}']),
      points([1, 1, '{"a":9007199254740992}']),
    ],
    ["by a key of a payload", points([1, 1, '{"a":null}']), points([1, 1, "{}"])],
    ["by the status", points([1, 1]), told('"no"', 400)],
  ])("%s", (_, theirs, ours) => {
    expect(disagreement(query, theirs, ours)).not.toBe(null);
  });
});

describe("what is ranked again", () => {
  const outer = { must: { key: "a", match: { value: 1 } } };
  const inner = { should: { key: "b", match: { value: 2 } } };
  const prefetch = { query: [1], limit: 2, filter: inner, prefetch: { query: [2] } };
  const fused: Step = {
    ...query,
    body: JSON.stringify({ query: { fusion: "rrf" }, prefetch, filter: outer }),
  };
  /** Answers each list with `scores`, and notes what it was asked. */
  const lists = (...scores: number[]) => {
    const asked: unknown[] = [];
    const judge: Judge = {
      name: "stub",
      ask: async ({ body }) => {
        asked.push(JSON.parse(body ?? ""));
        return points(...scores.map((score, id): [number, number] => [id, score]));
      },
      async [Symbol.asyncDispose]() {},
    };
    return { asked, judge };
  };

  it("has ties where two points of a list have the same score, as far as it is cut", async () => {
    const { asked, judge } = lists(3, 2, 2);
    expect(await hasTies(fused, judge)).toBe(true);
    expect(asked).toEqual([{ ...prefetch, limit: 3, filter: { must: [outer, inner] } }]);
  });

  it("has none where scores differ by little, in lists below lists too", async () => {
    const { asked, judge } = lists(2.000001, 2);
    expect(await hasTies(fused, judge)).toBe(false);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual({ query: [2], limit: 11, filter: { must: [outer, inner] } });
  });

  it("is nothing where there is no prefetch", async () => {
    const { asked, judge } = lists(1, 1);
    expect(await hasTies({ ...query, body: '{"query":[1]}' }, judge)).toBe(false);
    expect(asked).toEqual([]);
  });
});

describe("a sequence", () => {
  const abilities = { server: true, as1182: true, whole: true };

  it("is the same for the same seed", () => {
    expect(drawSteps(5, 200, "p-", abilities)).toEqual(drawSteps(5, 200, "p-", abilities));
  });

  it("is cut down to the step that a judge forgets and the one that shows it", async () => {
    const steps = drawSteps(5, 120, "p-", abilities);
    const writes = steps.filter(({ path }) => path.endsWith("points?wait=true"));
    const forgotten = writes[3];
    /** Answers with the writes it has seen; `deaf` to one of them. */
    const judge = (deaf?: Step): Judge => {
      let seen: string[] = [];
      return {
        name: "stub",
        async ask(step) {
          if (step.method === "DELETE") seen = [];
          if (step.path.endsWith("points?wait=true") && step !== deaf) seen.push(step.body ?? "");
          const heard = step.path.endsWith("scroll") && seen.includes(forgotten?.body ?? "");
          return { status: 200, result: heard };
        },
        async [Symbol.asyncDispose]() {},
      };
    };
    const [first] = await play(steps, "p-", judge(), judge(forgotten));
    if (!first) throw new Error("Nothing was found.");
    const short = await shrink(steps, first, "p-", judge(), judge(forgotten));
    expect(short.steps.filter((step) => writes.includes(step))).toEqual([forgotten]);
    expect(short.steps.at(-1)).toBe(first.step);
  });
});
