/** Whether two answers to one request say the same: ids, order up to ties, scores to 1e-5, payloads exactly. */
import type { JsonValue } from "../../../src/util/json.ts";
import type { Step } from "./steps.ts";

export interface Answer {
  /** 0 = none: 1.18.2 hangs up where an example of a context lacks the vector. A judge that knows no statuses refuses with 400. */
  readonly status: number;
  /** The answer's `result`, decoded without loss; a refusal's sentence. */
  readonly result: JsonValue;
}

type Members = { [key: string]: JsonValue };

const isObject = (value: JsonValue | undefined): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNumber = (value: JsonValue | undefined): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

/** Equal to 1e-5 of the larger; near zero float32 sums differ by their rounding alone. */
function close(left: number, right: number): boolean {
  const larger = Math.max(Math.abs(left), Math.abs(right));
  return Object.is(left, right) || Math.abs(left - right) <= Math.max(1e-5 * larger, 2e-6);
}

/** Where two values differ, as a path and both values; null = nowhere. Numbers of payloads keep their type and digits. */
function differing(left: JsonValue, right: JsonValue, path: string, exact: boolean): string | null {
  const differ = () => `${path}: ${show(left)} ≠ ${show(right)}`;
  if (isNumber(left) && isNumber(right)) {
    const same = exact
      ? Object.is(left, right)
      : left === right || close(Number(left), Number(right));
    return same ? null : differ();
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return differ();
    for (const [index, item] of left.entries()) {
      const found = differing(item, right[index] ?? null, `${path}[${index}]`, exact);
      if (found) return found;
    }
    return null;
  }
  if (isObject(left) && isObject(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      // How often each of the two has written the point.
      if (key === "version" && !exact) continue;
      const [one, other] = [left[key], right[key]];
      if (one === undefined || other === undefined) {
        // After MMR a server leaves `vector` out where a point has none of the names.
        if (key === "vector" && isEmpty(one ?? other)) continue;
        return `${path}.${key}: ${show(one)} ≠ ${show(other)}`;
      }
      const found = differing(one, other, `${path}.${key}`, exact || key === "payload");
      if (found) return found;
    }
    return null;
  }
  return left === right ? null : differ();
}

const isEmpty = (value: JsonValue | undefined) =>
  isObject(value) && Object.keys(value).length === 0;

function show(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value, (_, member) =>
    typeof member === "bigint" ? `${member}n` : member,
  );
  return text.length > 3000 ? `${text.slice(0, 3000)}…` : text;
}

/** One of a list that is ordered by `value`. */
interface Ranked {
  readonly value: JsonValue;
  readonly key: string;
  readonly item: JsonValue;
}

function ranked(item: JsonValue, step: Step): Ranked {
  if (!isObject(item)) return { value: null, key: show(item), item };
  if ("hits" in item && Array.isArray(item["hits"])) {
    const [best] = item["hits"];
    return { value: isObject(best) ? (best["score"] ?? null) : null, key: show(item["id"]), item };
  }
  if ("count" in item) return { value: item["count"] ?? null, key: show(item["value"]), item };
  const value = (step.ranking === "values" ? item["order_value"] : item["score"]) ?? null;
  return { value, key: show(item["id"]), item };
}

const tied = (left: JsonValue, right: JsonValue) =>
  isNumber(left) && isNumber(right) ? close(Number(left), Number(right)) : left === right;

/** Compares two lists whose ties may stand in any order; those at either end may be others where the list was cut there. */
function differingLists(
  theirs: JsonValue[],
  ours: JsonValue[],
  path: string,
  step: Step,
): string | null {
  const left = theirs.map((item) => ranked(item, step));
  const right = ours.map((item) => ranked(item, step));
  const lists = () =>
    `${show(left.map(({ key, value }) => [key, value]))} ≠ ${show(right.map(({ key, value }) => [key, value]))}`;
  if (left.length !== right.length) return `${path}: ${left.length} ≠ ${right.length}: ${lists()}`;
  for (const [index, { value }] of left.entries()) {
    const other = right[index]?.value ?? null;
    if (!tied(value, other))
      return `${path}[${index}]: ${show(value)} ≠ ${show(other)} in ${lists()}`;
  }
  for (let start = 0; start < left.length; ) {
    let end = start + 1;
    while (end < left.length && tied(left[end - 1]?.value ?? null, left[end]?.value ?? null)) end++;
    const cut = end === left.length || (start === 0 && /"offset"/.test(step.body ?? ""));
    const others = new Map(right.slice(start, end).map((one) => [one.key, one.item]));
    for (const { key, item } of left.slice(start, end)) {
      const other = others.get(key);
      if (other === undefined) {
        if (cut) continue;
        return `${path}: ${key} is missing in ${lists()}`;
      }
      const found = differingItems(item, other, `${path}(${key})`, step);
      if (found) return found;
    }
    start = end;
  }
  return null;
}

function differingItems(
  left: JsonValue,
  right: JsonValue,
  path: string,
  step: Step,
): string | null {
  if (
    !isObject(left) ||
    !isObject(right) ||
    !Array.isArray(left["hits"]) ||
    !Array.isArray(right["hits"])
  ) {
    return differing(left, right, path, false);
  }
  const { hits: theirs, ...group } = left;
  const { hits: ours, ...other } = right;
  return (
    differing(group, other, path, false) ??
    differingLists(theirs as JsonValue[], ours as JsonValue[], `${path}.hits`, step)
  );
}

/** The list of an answer, wherever its route keeps it. A value that no point has any more may still be told, with a count of 0. */
function listOf(result: JsonValue): JsonValue[] | null {
  if (Array.isArray(result)) return result;
  if (!isObject(result)) return null;
  for (const key of ["points", "groups", "hits"]) {
    const list = result[key];
    if (Array.isArray(list)) return list.filter((one) => !isObject(one) || one["count"] !== 0n);
  }
  return null;
}

function differingResults(theirs: JsonValue, ours: JsonValue, step: Step): string | null {
  const left = listOf(theirs);
  const right = listOf(ours);
  if (left === null || right === null) return differing(theirs, ours, "result", false);
  if (step.ranking === "any") {
    return left.length === right.length ? null : `result: ${left.length} ≠ ${right.length} points`;
  }
  if (step.path.includes("/batch")) {
    if (left.length !== right.length) return `result: ${left.length} ≠ ${right.length} lists`;
    for (const [index, one] of left.entries()) {
      const [theirList, ourList] = [listOf(one), listOf(right[index] ?? null)];
      if (theirList === null || ourList === null) return differing(left, right, "result", false);
      const found = differingLists(theirList, ourList, `result[${index}]`, step);
      if (found) return found;
    }
    return null;
  }
  return differingLists(left, right, "result", step);
}

/** What two answers to `step` disagree on, in one line; null = nothing. */
export function disagreement(step: Step, theirs: Answer, ours: Answer): string | null {
  if (theirs.status === 0 && ours.status < 500) return null;
  if (theirs.status !== ours.status) {
    const told = ({ status, result }: Answer) =>
      status === 200 ? "200" : `${status} ${show(result)}`;
    return `status: ${told(theirs)} ≠ ${told(ours)}`;
  }
  if (theirs.status !== 200) return null;
  const [left, right] = [known(theirs.result, step), known(ours.result, step)];
  if (hasTwoBeginnings(left, right, step)) return differingMembers(left, right);
  return step.ranking === "as it stands"
    ? differing(left, right, "result", false)
    : differingResults(left, right, step);
}

/** Whether two points are equally near, one of which a diverse answer begins with: all that follows depends on which. */
function hasTwoBeginnings(theirs: JsonValue, ours: JsonValue, step: Step): boolean {
  if (!/"mmr":/.test(step.body ?? "")) return false;
  const [first, other] = [listOf(theirs)?.[0], listOf(ours)?.[0]];
  if (!isObject(first) || !isObject(other) || show(first["id"]) === show(other["id"])) return false;
  return tied(first["score"] ?? null, other["score"] ?? null);
}

/** Of two lists in any order, perhaps of other points, what differs of a point that is in both. */
function differingMembers(theirs: JsonValue, ours: JsonValue): string | null {
  const [left, right] = [listOf(theirs) ?? [], listOf(ours) ?? []];
  if (left.length !== right.length) return `result: ${left.length} ≠ ${right.length} points`;
  const others = new Map(right.map((one) => [isObject(one) ? show(one["id"]) : "", one]));
  for (const one of left) {
    const key = isObject(one) ? show(one["id"]) : "";
    const other = others.get(key);
    const found = other === undefined ? null : differing(one, other, `result(${key})`, false);
    if (found) return found;
  }
  return null;
}

/** What the two can be compared in: numbers of operations, of segments and of what has been optimized are each one's own. */
function known(result: JsonValue, step: Step): JsonValue {
  if (Array.isArray(result) && step.path.includes("points/batch")) return result.map(changeOf);
  if (!isObject(result)) return result;
  if ("operation_id" in result) return changeOf(result);
  if (step.method !== "GET" || !("segments_count" in result)) return result;
  const { config, payload_schema, points_count, status } = result;
  return { config, payload_schema, points_count, status } as Members;
}

const changeOf = (result: JsonValue): JsonValue =>
  isObject(result) ? { status: result["status"] ?? null } : result;
