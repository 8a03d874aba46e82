/** What is done to payloads: choosing parts of them, merging, taking keys away. Numbers keep their types. Source: qdrant 1.18.2, lib/segment/src/json_path. */
import { type JsonValue, parseLossless, stringifyLossless } from "../../util/json.ts";
import type { PayloadSelector } from "../api.ts";
import { badInput } from "../errors.ts";
import { isObject, type PathStep, parsePath } from "../filter/json-path.ts";

type JsonMap = { [key: string]: JsonValue };

function isMap(value: JsonValue | undefined): value is JsonMap {
  return isObject(value);
}

/** The text of an object, checked. @throws E_INPUT */
export function parsePayload(text: string): JsonMap {
  let value: JsonValue;
  try {
    value = parseLossless(text);
  } catch (cause) {
    throw badInput("Format error in JSON body: the payload is not JSON", { cause: String(cause) });
  }
  if (!isMap(value)) throw badInput("Format error in JSON body: the payload must be an object");
  return value;
}

/** Turns stored payload text into what a selector lets through; null = nothing is to be read. */
export function payloadReader(selector: PayloadSelector): ((text: string) => string) | null {
  if (selector === false) return null;
  if (selector === true) return (text) => text;
  const include = Array.isArray(selector) || "include" in selector;
  const keys: readonly string[] = Array.isArray(selector)
    ? selector
    : "include" in selector
      ? selector.include
      : (selector as { exclude: readonly string[] }).exclude;
  const patterns = keys.map(parsePath);
  const wanted = include
    ? (path: readonly PathStep[]) => patterns.some((pattern) => startsAlike(pattern, path))
    : (path: readonly PathStep[]) => !patterns.some((pattern) => within(pattern, path));
  return (text) => stringifyLossless(choose(parsePayload(text), [], wanted));
}

function startsAlike(pattern: readonly PathStep[], path: readonly PathStep[]): boolean {
  const shared = Math.min(pattern.length, path.length);
  return pattern.slice(0, shared).every((step, at) => step === path[at]);
}

/** Qdrant leaves out a value whose path a pattern begins with, and all that the pattern leads to. */
function within(pattern: readonly PathStep[], path: readonly PathStep[]): boolean {
  return path.length >= pattern.length && startsAlike(pattern, path);
}

function choose(
  value: JsonValue,
  path: PathStep[],
  wanted: (path: readonly PathStep[]) => boolean,
): JsonValue {
  const visit = (step: PathStep, member: JsonValue): JsonValue | undefined => {
    path.push(step);
    const kept = wanted(path) ? choose(member, path, wanted) : undefined;
    path.pop();
    return kept;
  };
  if (Array.isArray(value)) {
    return value.map((element) => visit(null, element)).filter((element) => element !== undefined);
  }
  if (!isMap(value)) return value;
  const chosen: JsonMap = {};
  for (const [key, member] of Object.entries(value)) {
    const kept = visit(key, member);
    if (kept !== undefined) define(chosen, key, kept);
  }
  return chosen;
}

/** Sets a key, `__proto__` too. */
function define(target: JsonMap, key: string, value: JsonValue): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** `old` with `patch` merged in, below `key` where one is given; null in the patch takes a key away (and stays where there was no payload at all, as in Qdrant). */
export function mergePayload(old: string | null, patch: string, key: string | undefined): string {
  if (old === null && key === undefined) return patch;
  const target = parsePayload(old ?? "{}");
  setAt(target, key === undefined ? [] : parsePath(key), 0, parsePayload(patch));
  return stringifyLossless(target);
}

function merge(target: JsonMap, patch: JsonMap): void {
  for (const [name, member] of Object.entries(patch)) {
    if (member === null) delete target[name];
    else define(target, name, member);
  }
}

/** Merges `patch` into what stands at the path below `value`, making objects on the way; gives what is to stand in `value`'s place. */
function setAt(value: JsonValue, path: readonly PathStep[], at: number, patch: JsonMap): JsonValue {
  const step = path[at];
  if (step === undefined || typeof step === "string") {
    const target = isMap(value) ? value : {};
    if (step === undefined) merge(target, patch);
    else define(target, step, setAt(own(target, step), path, at + 1, patch));
    return target;
  }
  if (!Array.isArray(value)) return [];
  if (step === null) return value.map((element) => setAt(element, path, at + 1, patch));
  return value.map((element, index) =>
    index === step ? setAt(element, path, at + 1, patch) : element,
  );
}

function own(map: JsonMap, key: string): JsonValue {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

/** `old` without what the paths lead to. */
export function withoutKeys(old: string, keys: readonly string[]): string {
  const target = parsePayload(old);
  for (const key of keys) removeAt(target, parsePath(key), 0);
  return stringifyLossless(target);
}

function removeAt(value: JsonValue | undefined, path: readonly PathStep[], at: number): void {
  const step = path[at];
  const last = at === path.length - 1;
  if (typeof step === "string" && isMap(value) && Object.hasOwn(value, step)) {
    if (last) delete value[step];
    else removeAt(value[step], path, at + 1);
  } else if (step === null && Array.isArray(value)) {
    if (last) value.length = 0;
    else for (const element of value) removeAt(element, path, at + 1);
  } else if (typeof step === "number" && Array.isArray(value) && !last) {
    // An element itself is not taken away: the next one would stand in its place.
    removeAt(value[step], path, at + 1);
  }
}
