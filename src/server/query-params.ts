/** The parameters of a query string. */
import type { Context } from "hono";
import { checkParams, type ParamsOf } from "../engine/index.ts";
import type { Timed } from "./answer.ts";

/** The names that stand there more than once. */
export function namedTwice(c: Context<Timed>): string[] {
  const given = Object.entries(c.req.queries());
  return given.flatMap(([name, { length }]) => (length > 1 ? [name] : []));
}

/** @throws E_INPUT (400, 422) where one that is read there is none */
export function checkedQuery(c: Context<Timed>, of: ParamsOf): Record<string, string> {
  const params = c.req.query();
  checkParams(params, of, namedTwice(c));
  return params;
}
