/** Small members of query bodies. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs. */
import { breaks, malformed, missing } from "../errors.ts";
import { parseInstant } from "../filter/instant.ts";
import { isPath, parsePath } from "../filter/json-path.ts";
import type { OrderBy } from "../query/order-by.ts";
import type { LookupLocation, SearchParams } from "../query/query.ts";
import { type Fields, fields } from "../struct-list.ts";
import { Members, parse, structOf } from "./body.ts";
import { readShardKey } from "./params.ts";

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
  if (value < min) outOfBounds(body, name, at, `${min} or larger`);
  return value;
}

/** As `readCount`, and it must be there. */
export function needCount(body: Members, name: string, at: string, min: number): number {
  return readCount(body, name, at, min) ?? missing(name);
}

export function readNumber(body: Members, name: string): number | undefined {
  const text = body.raw(name);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (typeof value !== "number") throw wrongType(text, "f32");
  if (!Number.isFinite(value)) throw malformed("number out of range");
  return value;
}

/** A score is float32, and so is what it is held against. */
export function readThreshold(body: Members): number | null {
  const value = readNumber(body, "score_threshold");
  return value === undefined ? null : Math.fround(value);
}

export function readString(body: Members, name: string): string | undefined {
  const text = body.raw(name);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (typeof value !== "string") throw wrongType(text, "a string");
  return value;
}

/** A payload path. @throws E_INPUT */
export function needPath(body: Members, name: string): string {
  const path = readString(body, name) ?? missing(name);
  parsePath(path);
  return path;
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

const lookupFields = fields("collection vector? shard_key?");

export function readLookupFrom(body: Members): LookupLocation | null {
  const given = readMembers(body, "lookup_from", lookupFields);
  if (given === null) return null;
  readShardKey(given);
  const collection = readString(given, "collection") ?? missing("collection");
  return { collection, vector: readString(given, "vector") ?? null };
}

/**
 * Settings of the search. An index of neighbours is asked for what it has; quantization, `indexed_only` and ACORN are checked,
 * and mean nothing here. @throws E_INPUT
 */
export function readSearchParams(body: Members, at: string): SearchParams {
  const params = readMembers(body, "params", paramsFields)?.refuseNull("exact", "indexed_only");
  if (params === undefined) return { exact: false, ef: null };
  readFlag(params, "indexed_only");
  readQuantization(
    readMembers(params, "quantization", quantizationFields),
    `${at}.params.quantization`,
  );
  readAcorn(readMembers(params, "acorn", acornFields), `${at}.params.acorn`);
  const ef = readCount(params, "hnsw_ef", `${at}.params`, 0) ?? null;
  return { exact: readFlag(params, "exact"), ef };
}

const paramsFields = fields("hnsw_ef exact? quantization? indexed_only? acorn?");
const quantizationFields = fields("ignore? rescore? oversampling?");
const acornFields = fields("enable? max_selectivity?");

function readQuantization(params: Members | null, at: string): void {
  if (params === null) return;
  readFlag(params.refuseNull("ignore"), "ignore");
  readFlag(params, "rescore");
  const oversampling = readNumber(params, "oversampling") ?? 1;
  if (oversampling < 1) outOfBounds(params, "oversampling", at, "1.0 or larger");
}

function readAcorn(params: Members | null, at: string): void {
  if (params === null) return;
  readFlag(params.refuseNull("enable"), "enable");
  const selectivity = readNumber(params, "max_selectivity") ?? 0;
  if (selectivity < 0 || selectivity > 1)
    outOfBounds(params, "max_selectivity", at, "from 0.0 to 1.0");
}

function readMembers(body: Members, name: string, of: Fields): Members | null {
  const text = body.raw(name);
  if (text === undefined) return null;
  if (!/^[[{]/.test(text)) throw wrongType(text, "a map");
  return new Members(text, of);
}

function readFlag(body: Members, name: string): boolean {
  const text = body.raw(name);
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw wrongType(text, "a boolean");
}

/** Tells of a number that stands at `at`.`name` and breaks a bound: 422. */
export function outOfBounds(body: Members, name: string, at: string, bounds: string): void {
  const text = body.raw(name) ?? "";
  const value = bounds.includes(".") && !/[.e]/i.test(text) ? `${text}.0` : text;
  breaks(
    `Validation error in JSON body: [${at}.${name}: value ${value} invalid, must be ${bounds}]`,
  );
}

/** An `order_by`: a path, or an object with `key`, `direction` and `start_from`; null where it is none. */
export function toOrderBy(text: string): OrderBy | null {
  const value = parse(text);
  if (typeof value === "string") return withKey(value, false, null);
  const orderBy = structOf(text, orderByFields);
  const key = parse(orderBy?.raw("key") ?? "null");
  if (orderBy === null || typeof key !== "string") return null;
  const direction = parse(orderBy.raw("direction") ?? "null");
  if (direction !== null && direction !== "asc" && direction !== "desc") return null;
  const from = orderBy.raw("start_from");
  const startFrom = from === undefined ? null : toStart(from);
  if (from !== undefined && startFrom === null) return null;
  return withKey(key, direction === "desc", startFrom);
}

const orderByFields = fields("key direction start_from");

function withKey(
  key: string,
  descending: boolean,
  startFrom: OrderBy["startFrom"],
): OrderBy | null {
  return isPath(key) ? { key, descending, startFrom } : null;
}

/** An integer, a float, or a date. */
function toStart(text: string): OrderBy["startFrom"] {
  if (/^-?\d+$/.test(text)) return BigInt(text);
  const value = parse(text);
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseInstant(value) : null;
}
