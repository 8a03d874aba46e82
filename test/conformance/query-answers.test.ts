/** What 1.18.2 answered to questions of every kind, asked of the embedded Qdrant, and of a real one where QDRANT_URL is set. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { embeddedJudge, type Judge, serverJudge } from "../support/truth/judges.ts";
import type { Step } from "../support/truth/steps.ts";

const fixture = z
  .object({
    scene: z.array(z.tuple([z.literal("PUT"), z.string(), z.unknown()])),
    /** Operation, body, status, result or sentence. */
    questions: z.array(z.tuple([z.string(), z.string(), z.number(), z.unknown()])),
  })
  .parse(
    JSON.parse(readFileSync(new URL("../fixtures/query-answers.json", import.meta.url), "utf8")),
  );

const operations = [...new Set(fixture.questions.map(([operation]) => operation))];

const realUrl = process.env["QDRANT_URL"];
const judges: { name: string; skip: boolean; open: () => Promise<Judge> }[] = [
  { name: "embedded Qdrant", skip: false, open: () => embeddedJudge() },
  {
    name: realUrl ? "Qdrant server" : "Qdrant server (QDRANT_URL is not set)",
    skip: !realUrl,
    open: async () => serverJudge(realUrl ?? "", process.env["QDRANT_API_KEY"]),
  },
];

const point = z.object({ id: z.unknown(), score: z.number() }).loose();
/** A group ranks as its best point does. */
const group = z
  .object({ id: z.unknown(), hits: z.tuple([point], z.unknown()) })
  .loose()
  .transform((each) => ({ ...each, score: each.hits[0].score }));
const scored = z.array(z.union([point, group]));

/** Points and groups of equal scores by id, without versions; scores to six digits. */
function comparable(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number")
    return Number.isInteger(value) ? value || 0 : Number(value.toPrecision(6));
  if (Array.isArray(value)) {
    const members = value.map(comparable);
    const hits = scored.safeParse(members);
    if (!hits.success) return members;
    const order = (hit: z.infer<typeof point>) => `${hit.score} ${hit["order_value"]}`;
    const places = new Map(hits.data.map((hit) => [order(hit), 0]));
    for (const [place, key] of [...places.keys()].entries()) places.set(key, place);
    return hits.data.toSorted(
      (one, other) =>
        (places.get(order(one)) ?? 0) - (places.get(order(other)) ?? 0) ||
        String(one.id).localeCompare(String(other.id)),
    );
  }
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([key]) => key !== "version");
  return Object.fromEntries(members.map(([key, member]) => [key, comparable(member)]));
}

/** Where in the body a server found the fault. */
const place = / at line \d+ column \d+$/;

describe.each(judges)("$name", ({ skip, open }) => {
  const path = "/collections/query_probe";
  let judge: Judge | undefined;
  const ask = async (method: Step["method"], below: string, body: string) => {
    const answer = await judge?.ask({ method, path: path + below, body, ranking: "as it stands" });
    if (answer === undefined) throw new Error("Nobody is asked.");
    return answer;
  };

  beforeAll(async () => {
    if (skip) return;
    judge = await open();
    await ask("DELETE", "", "{}");
    for (const [method, below, body] of fixture.scene) {
      const { status, result } = await ask(method, below, JSON.stringify(body));
      expect(status, String(result)).toBe(200);
    }
  });
  afterAll(async () => {
    if (!skip) await ask("DELETE", "", "{}");
    await judge?.[Symbol.asyncDispose]();
  });

  it.skipIf(skip).each(operations)("answers %s as 1.18.2 does", async (operation) => {
    const questions = fixture.questions.filter(([each]) => each === operation);
    for (const [, body, status, expected] of questions) {
      const answer = await ask("POST", `/points/${operation}`, body);
      expect(answer.status, `${body}: ${answer.result}`).toBe(status);
      const words = typeof answer.result === "string" ? answer.result.replace(place, "") : null;
      expect(comparable(words ?? answer.result), body).toEqual(comparable(expected));
    }
  });
});
