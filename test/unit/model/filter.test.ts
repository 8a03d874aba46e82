import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isVectorError } from "../../../src/errors.ts";
import { type Metadata, matches, parseWhere } from "../../../src/model/filter.ts";
import { type JsonValue, parseLossless, stringifyLossless } from "../../../src/util/json.ts";

/** Questions and what a real server 1.5.9 answered to each; null = it refused. Made by record-chroma.py. */
interface Recorded {
  readonly records: { readonly [id: string]: Metadata | null };
  readonly questions: readonly { readonly where: JsonValue; readonly ids: string[] | null }[];
}

const path = join(import.meta.dirname, "../../fixtures/chroma/where.json");
const recorded = parseLossless(readFileSync(path, "utf8")) as unknown as Recorded;
const text = (where: JsonValue) => stringifyLossless(where);

/**
 * JSON.parse does not tell 1 from 1.0, so an integral number means either here: it finds lists of both, and may stand
 * beside integers in one list, where Chroma tells them apart.
 */
const tolerated = [
  '{"k":{"$contains":1.0}}',
  '{"k":{"$not_contains":1.0}}',
  '{"k":{"$in":[1,2.0]}}',
];
const questions = recorded.questions.filter(({ where }) => !tolerated.includes(text(where)));

function answer(where: unknown): string[] {
  const parsed = parseWhere(where);
  return Object.keys(recorded.records).filter((id) => matches(parsed, recorded.records[id] ?? {}));
}

function refusal(where: unknown): string {
  try {
    parseWhere(where);
  } catch (error) {
    if (isVectorError(error, "E_INPUT")) return error.message;
    throw error;
  }
  return "accepted";
}

describe("where", () => {
  const answered = questions.filter(({ ids }) => ids !== null);
  it.each(answered.map(({ where, ids }) => [text(where), where, ids]))(
    "%s gives what Chroma 1.5.9 gives",
    (_, where, ids) => {
      expect(answer(where)).toEqual(ids);
    },
  );

  it("takes integers as numbers too, as JSON.parse gives them", () => {
    expect(answer({ k: 2 })).toEqual(answer({ k: 2n }));
    expect(answer({ k: { $in: [1, 2] } })).toEqual(answer({ k: { $in: [1n, 2n] } }));
    expect(answer({ k: { $contains: 1 } })).toEqual(["li", "lf"]);
    expect(answer({ k: { $in: [1n, 2] } })).toEqual(answer({ k: { $in: [1n, 2n] } }));
  });

  const refused = questions.filter(({ ids }) => ids === null);
  it.each(refused.map(({ where }) => [text(where), where]))(
    "%s is refused, as Chroma refuses it",
    (_, where) => {
      expect(refusal(where)).toMatch(/^where/);
    },
  );

  it("names the place that is wrong", () => {
    expect(refusal({ $and: [{ a: 1 }, { b: { $gt: "x" } }] })).toBe(
      "where.$and[1].b.$gt is no number.",
    );
    expect(refusal({ a: { $in: [1, null] } })).toBe(
      "where.a.$in[1] is neither text, number nor boolean.",
    );
    expect(refusal({ a: Number.NaN })).toContain("where.a");
    expect(refusal({ "#document": "x" })).toContain("only metadata is filtered");
    expect(refusal({ "chroma:uri": "x" })).toContain("only metadata is filtered");
  });

  it("refuses what is nested without end instead of running out of stack", () => {
    let where: unknown = { a: 1 };
    for (let depth = 0; depth < 10_000; depth += 1) where = { $and: [where] };
    expect(refusal(where)).toContain("nested deeper");
  });

  it("is not misled by keys that every object has", () => {
    expect(matches(parseWhere({ constructor: { $ne: "x" } }), {})).toBe(true);
    expect(matches(parseWhere({ toString: "x" }), {})).toBe(false);
  });
});
