/** Whether chance decides an answer: points that tie in a list that a query ranks again, by which rank they have or where it is cut. */
import { type JsonValue, parseLossless, stringifyLossless } from "../../../src/util/json.ts";
import type { Judge } from "./judges.ts";
import type { Step } from "./steps.ts";

type Members = { readonly [key: string]: JsonValue };

const isMembers = (value: JsonValue | undefined): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const listed = (value: JsonValue | undefined): Members[] =>
  (Array.isArray(value) ? value : [value ?? null]).filter(isMembers);

/** Asks `judge` for the lists of each prefetch of `step`, with the point after the last; whether two that follow each other have the same score. */
export async function hasTies(step: Step, judge: Judge): Promise<boolean> {
  const body = step.body === null ? null : parseLossless(step.body);
  if (!isMembers(body)) return false;
  const path = step.path.replace(/points\/query(\/batch)?$/, "points/query");
  for (const query of "searches" in body ? listed(body["searches"]) : [body]) {
    for (const list of listsBelow(query, listed(query["filter"]))) {
      const { result } = await judge.ask({ method: "POST", path, body: list, ranking: "scores" });
      const points = isMembers(result) ? listed(result["points"]) : [];
      const scores = points.map(({ score }) => Math.fround(Number(score)));
      if (scores.some((score, at) => at > 0 && score === scores[at - 1])) return true;
    }
  }
  return false;
}

/** Bodies that ask for what each prefetch below `query` finds. */
function listsBelow(query: Members, filters: Members[]): string[] {
  return listed(query["prefetch"]).flatMap((prefetch) => {
    const must = [...filters, ...listed(prefetch["filter"])];
    const limit = BigInt(Number(prefetch["limit"] ?? 10) + 1);
    const asked = { ...prefetch, limit, filter: { must } };
    return [stringifyLossless(asked), ...listsBelow(prefetch, must)];
  });
}
