/**
 * What is done to payloads: choosing parts of them, merging, taking keys away. They stay JSON text, of which only the way to what changes
 * is looked at: numbers keep their digits, and a long list costs no more than its bytes. Source: qdrant 1.18.2, lib/segment/src/json_path.
 */
import { isObject, parseJson, sliceArray, sliceObject } from "../../util/json.ts";
import type { PayloadSelector } from "../api.ts";
import { badInput } from "../errors.ts";
import { type PathStep, parsePath } from "../filter/json-path.ts";

/** An object's members by key, each as JSON text. */
type Members = ReadonlyMap<string, string>;

const isList = (text: string | undefined): text is string => text?.startsWith("[") === true;
const isMap = (text: string | undefined): text is string => text?.startsWith("{") === true;

function mapText(members: Iterable<readonly [string, string]>): string {
  const texts: string[] = [];
  for (const [key, value] of members) texts.push(`${JSON.stringify(key)}:${value}`);
  return `{${texts.join(",")}}`;
}

/** The members of a payload that a caller gives. @throws E_INPUT where it is none */
export function payloadMembers(text: string): Members {
  const value = parseJson(text);
  if (value === undefined) throw badInput("Format error in JSON body: the payload is not JSON");
  if (!isObject(value)) throw badInput("Format error in JSON body: the payload must be an object");
  return sliceObject(text);
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
  const fateOf = fates(keys.map(parsePath), include);
  return (text) => choose(text.trimStart(), [], fateOf);
}

/** What becomes of the value at a path. */
type Fate = "kept" | "gone" | "looked into";

/** A pattern is of all that it leads to, and nothing else of what is on the way is. */
function fates(patterns: readonly PathStep[][], include: boolean) {
  return (path: readonly PathStep[]): Fate => {
    const alike = patterns.filter((pattern) => startsAlike(pattern, path));
    if (alike.some(({ length }) => length <= path.length)) return include ? "kept" : "gone";
    if (alike.length > 0) return "looked into";
    return include ? "gone" : "kept";
  };
}

function startsAlike(pattern: readonly PathStep[], path: readonly PathStep[]): boolean {
  const shared = Math.min(pattern.length, path.length);
  return pattern.slice(0, shared).every((step, at) => step === path[at]);
}

function choose(
  text: string,
  path: PathStep[],
  fateOf: (path: readonly PathStep[]) => Fate,
): string {
  const visit = (step: PathStep, member: string): string | null => {
    path.push(step);
    const fate = fateOf(path);
    const kept = fate === "looked into" ? choose(member, path, fateOf) : member;
    path.pop();
    return fate === "gone" ? null : kept;
  };
  if (isList(text)) {
    const kept = sliceArray(text).flatMap((element) => visit(null, element) ?? []);
    return `[${kept.join(",")}]`;
  }
  if (!isMap(text)) return text;
  const chosen: [string, string][] = [];
  for (const [key, member] of sliceObject(text)) {
    const kept = visit(key, member);
    if (kept !== null) chosen.push([key, kept]);
  }
  return mapText(chosen);
}

/** Merges the same `patch` into one payload after the other. */
export type PayloadMerger = (old: string | null) => string;

/**
 * Merges `patch` into payloads, below `key` where one is given; null in the patch takes a key away (and stays where there was no
 * payload at all, as in Qdrant). @throws E_INPUT where `patch` is no payload or `key` no path
 */
export function payloadMerger(patch: string, key: string | undefined): PayloadMerger {
  const path = key === undefined ? [] : parsePath(key);
  const members = payloadMembers(patch);
  return (old) =>
    old === null && key === undefined ? patch : setAt(old?.trimStart(), path, 0, members);
}

/** Merges `patch` into what stands at the path below the value; gives what is to stand in the value's place. */
function setAt(
  text: string | undefined,
  path: readonly PathStep[],
  at: number,
  patch: Members,
): string {
  const step = path[at];
  if (step === undefined || typeof step === "string") {
    const members = isMap(text) ? sliceObject(text) : new Map<string, string>();
    if (step === undefined) merge(members, patch);
    else members.set(step, setAt(members.get(step), path, at + 1, patch));
    return mapText(members);
  }
  if (!isList(text)) return "[]";
  const elements = sliceArray(text).map((element, index) =>
    step === null || index === step ? setAt(element, path, at + 1, patch) : element,
  );
  return `[${elements.join(",")}]`;
}

function merge(members: Map<string, string>, patch: Members): void {
  for (const [name, member] of patch) {
    if (member === "null") members.delete(name);
    else members.set(name, member);
  }
}

/** Takes what the paths lead to out of payloads. @throws E_INPUT where one is no path */
export function keyRemover(keys: readonly string[]): (old: string) => string {
  const paths = keys.map(parsePath);
  return (old) => paths.reduce((text, path) => removeAt(text, path, 0), old.trimStart());
}

function removeAt(text: string, path: readonly PathStep[], at: number): string {
  const step = path[at];
  const last = at === path.length - 1;
  if (typeof step === "string") return isMap(text) ? removeMember(text, step, path, at) : text;
  if (!isList(text)) return text;
  if (last) {
    // An element itself is not taken away: the next one would stand in its place.
    return step === null ? "[]" : text;
  }
  const elements = sliceArray(text).map((element, index) =>
    step === null || index === step ? removeAt(element, path, at + 1) : element,
  );
  return `[${elements.join(",")}]`;
}

function removeMember(text: string, key: string, path: readonly PathStep[], at: number): string {
  const members = sliceObject(text);
  const member = members.get(key);
  if (member === undefined) return text;
  if (at === path.length - 1) members.delete(key);
  else members.set(key, removeAt(member, path, at + 1));
  return mapText(members);
}
