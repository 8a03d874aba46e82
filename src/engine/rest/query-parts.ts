/** Small members of query bodies. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs. */
import { z } from "zod";
import { isVectorError } from "../../errors.ts";
import { badInput, checkInput, invalid } from "../errors.ts";
import { parseInstant } from "../filter/instant.ts";
import { isObject, parsePath } from "../filter/json-path.ts";
import type { OrderBy } from "../query/order-by.ts";
import type { LookupLocation } from "../query/query.ts";
import { Members, parse } from "./body.ts";

const usizeMax = 2n ** 64n - 1n;

/** A natural number; undefined where it is absent. One above 2^53 is read as 2^53. @throws E_INPUT: 400 where it is none, 422 below `min` */
export function readCount(
  body: Members,
  name: string,
  at: string,
  min: number,
): number | undefined {
  const text = body.raw(name);
  if (text === undefined) return undefined;
  if (/^-\d+$/.test(text)) throw malformed(`invalid value: integer \`${text}\`, expected usize`);
  if (!/^\d+$/.test(text) || BigInt(text) > usizeMax) throw wrongType(text, "usize");
  const value = Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  if (value >= min) return value;
  throw invalid(
    `Validation error in JSON body: [${at}.${name}: value ${text} invalid, must be ${min} or larger]`,
  );
}

/** As `readCount`, and it must be there. */
export function needCount(body: Members, name: string, at: string, min: number): number {
  return readCount(body, name, at, min) ?? missing(name);
}

export function readNumber(body: Members, name: string): number | undefined {
  const text = body.raw(name);
  if (text === undefined) return undefined;
  const value = parse(text);
  return typeof value === "number" ? value : fail(wrongType(text, "f32"));
}

export function readString(body: Members, name: string): string | undefined {
  const text = body.raw(name);
  if (text === undefined) return undefined;
  const value = parse(text);
  return typeof value === "string" ? value : fail(wrongType(text, "a string"));
}

/** A payload path. @throws E_INPUT */
export function needPath(body: Members, name: string): string {
  const path = readString(body, name) ?? missing(name);
  parsePath(path);
  return path;
}

export function missing(name: string): never {
  throw malformed(`missing field \`${name}\``);
}

export function malformed(words: string) {
  return badInput(`Format error in JSON body: ${words}`);
}

function fail(error: Error): never {
  throw error;
}

function wrongType(text: string, expected: string) {
  const value = parse(text);
  const words =
    typeof value === "string"
      ? `string ${JSON.stringify(value.slice(0, 100))}`
      : typeof value === "number"
        ? `${/[.e]/i.test(text) || !Number.isSafeInteger(value) ? "floating point" : "integer"} \`${text}\``
        : typeof value === "boolean"
          ? `boolean \`${value}\``
          : Array.isArray(value)
            ? "sequence"
            : "map";
  return malformed(`invalid type: ${words}, expected ${expected}`);
}

/** One element, or a list of them, or nothing. @throws E_INPUT */
export function oneOrMany(body: Members, name: string): string[] {
  const text = body.raw(name);
  if (text === undefined) return [];
  if (text.startsWith("{")) return [text];
  if (text.startsWith("[")) return body.list(name) ?? [];
  throw wrongType(text, "null, array or map");
}

const lookupLocation = z.object({ collection: z.string(), vector: z.string().nullish() });

export function readLookupFrom(body: Members): LookupLocation | null {
  const given = body.get("lookup_from", lookupLocation);
  return given === undefined
    ? null
    : { collection: given.collection, vector: given.vector ?? null };
}

const usize = z.number().refine((value) => Number.isInteger(value) && value >= 0, {
  error: "expected usize",
});
const searchParams = z.object({
  hnsw_ef: usize.nullish(),
  exact: z.boolean().optional(),
  indexed_only: z.boolean().optional(),
  quantization: z
    .object({
      ignore: z.boolean().optional(),
      rescore: z.boolean().nullish(),
      oversampling: z.number().min(1).nullish(),
    })
    .nullish(),
  acorn: z
    .object({
      enable: z.boolean().optional(),
      max_selectivity: z.number().min(0).max(1).nullish(),
    })
    .nullish(),
});

/** Settings of an index of neighbours, which the exact search does not need: checked, and not used. @throws E_INPUT */
export function checkSearchParams(body: Members, at: string): void {
  const text = body.raw("params");
  if (text !== undefined) checkInput(searchParams, parse(text), `${at}.params`);
}

/** An `order_by`: a path, or an object with `key`, `direction` and `start_from`; null where it is none. */
export function toOrderBy(text: string): OrderBy | null {
  const value = parse(text);
  if (typeof value === "string") return withKey(value, false, null);
  if (!isObject(value) || typeof value["key"] !== "string") return null;
  const { direction = null } = value;
  if (direction !== null && direction !== "asc" && direction !== "desc") return null;
  const from = new Members(text).raw("start_from");
  const startFrom = from === undefined ? null : toStart(from);
  if (from !== undefined && startFrom === null) return null;
  return withKey(value["key"], direction === "desc", startFrom);
}

function withKey(
  key: string,
  descending: boolean,
  startFrom: OrderBy["startFrom"],
): OrderBy | null {
  try {
    parsePath(key);
    return { key, descending, startFrom };
  } catch (error) {
    if (isVectorError(error)) return null;
    throw error;
  }
}

/** An integer, a float, or a date. */
function toStart(text: string): OrderBy["startFrom"] {
  if (/^-?\d+$/.test(text)) return BigInt(text);
  const value = parse(text);
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseInstant(value) : null;
}
