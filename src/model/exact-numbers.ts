/**
 * Numbers that a Qdrant server does not give back as they were sent.
 *
 * The server keeps payload as JSON text and reads it by serde_json without its `float_roundtrip` feature: the digits become
 * an integer, that is rounded to a double, then multiplied or divided by a power of ten. Two roundings: about one float in
 * ten that needs 16 or 17 digits comes back as its neighbour, and an integer beyond 64 bits becomes a float. Such numbers
 * are therefore noted as text beside the metadata, and put back where the value that stands there is still that neighbour.
 */
import { eachElement, eachMember } from "../util/json.ts";

/** The texts of such numbers by their place in the metadata (a JSON pointer, RFC 6901). */
export type ExactNumbers = ReadonlyMap<string, string>;

const largeExponent = /\d[eE][+-]?\d\d/;
const number = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** 2^53 has 16 digits: 15 digits always fit a double exactly, and so do the powers of ten up to 10^22. */
const digitsMax = 15;
const powerMax = 22;
/** Larger floats are written back with a `.0` that costs a digit. */
const floatMax = 1e15;

/** How far, relatively, the server's reading may be from the number that was sent: some 45 times the smallest step. */
const drift = 1e-14;

/** The numbers in `json` (JSON text of an object) that need a note; null = none, which is the rule. @throws SyntaxError */
export function findInexact(json: string): ExactNumbers | null {
  if (!isSuspicious(json)) return null;
  const found = new Map<string, string>();
  collectInexact(json, "", found);
  return found.size === 0 ? null : found;
}

/** Whether `json` can hold such a number at all: 16 digits and points in a row, or a large exponent. Most metadata does not. */
function isSuspicious(json: string): boolean {
  // Of 16 in a row, one stands at every 16th place: an expression looks at every character, and takes three times as long.
  for (let at = digitsMax; at < json.length; at += digitsMax + 1) {
    let end = at;
    while (isOfNumber(json, end)) end += 1;
    if (end === at) continue;
    let start = at;
    while (isOfNumber(json, start - 1)) start -= 1;
    if (end - start > digitsMax) return true;
    at = end - 1;
  }
  return largeExponent.test(json);
}

/** Whether a digit or a point stands there. */
function isOfNumber(json: string, at: number): boolean {
  const code = json.charCodeAt(at);
  return (code >= 48 && code <= 57) || code === 46;
}

function collectInexact(json: string, pointer: string, found: Map<string, string>): void {
  const below = (step: string, start: number, end: number): void =>
    collectInexact(json.slice(start, end), `${pointer}/${step}`, found);
  const first = json[0];
  if (first === "{")
    eachMember(json, (key, start, end) => {
      below(key.replaceAll("~", "~0").replaceAll("/", "~1"), start, end);
    });
  else if (first === "[")
    eachElement(json, (index, start, end) => {
      below(String(index), start, end);
    });
  else if (number.test(json) && !survives(json)) found.set(pointer, json);
}

/** A noted number, and the steps to its place. */
interface Note {
  readonly pointer: string;
  readonly steps: readonly string[];
  readonly text: string;
}

/**
 * Puts noted numbers back into `json`. A note whose place holds something else than that number as the server reads it
 * is left out of account and named in `unused`: the value was changed since. @throws SyntaxError
 */
export function restoreExact(
  json: string,
  noted: ExactNumbers,
): { json: string; unused: ExactNumbers } {
  const unused = new Map(noted);
  const notes = Array.from(noted, ([pointer, text]) => ({
    pointer,
    steps: stepsOf(pointer),
    text,
  }));
  return { json: restoreAt(json, notes, 0, unused), unused };
}

function stepsOf(pointer: string): string[] {
  const steps = pointer.split("/").slice(1);
  if (!pointer.includes("~")) return steps;
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** `json`, to which the first `depth` steps of `notes` lead, with their numbers; what is not on the way to one is not looked into. */
function restoreAt(
  json: string,
  notes: readonly Note[],
  depth: number,
  unused: Map<string, string>,
): string {
  const first = json[0];
  if (first !== "{" && first !== "[") return restoreNumber(json, notes, depth, unused);
  let restored = "";
  let done = 0;
  const visit = (step: string, start: number, end: number): void => {
    const below = notes.filter(({ steps }) => steps[depth] === step);
    if (below.length === 0) return;
    restored +=
      json.slice(done, start) + restoreAt(json.slice(start, end), below, depth + 1, unused);
    done = end;
  };
  if (first === "{") eachMember(json, visit);
  else
    eachElement(json, (index, start, end) => {
      visit(String(index), start, end);
    });
  return restored + json.slice(done);
}

function restoreNumber(
  json: string,
  notes: readonly Note[],
  depth: number,
  unused: Map<string, string>,
): string {
  const note = notes.find(({ steps }) => steps.length === depth);
  if (note === undefined || !number.test(json) || !isNeighbour(json, note.text)) return json;
  unused.delete(note.pointer);
  return note.text;
}

function survives(text: string): boolean {
  const [, whole = "", fraction, exponent] = number.exec(text) ?? [];
  if (fraction === undefined && exponent === undefined) {
    if (whole.length <= 18) return true;
    const value = BigInt(text);
    return value >= -(2n ** 63n) && value < 2n ** 64n;
  }
  const digits = (whole + (fraction ?? "")).replace(/^0+/, "").length;
  const power = Math.abs(Number(exponent ?? 0) - (fraction?.length ?? 0));
  return digits <= digitsMax && power <= powerMax && Math.abs(Number(text)) < floatMax;
}

function isNeighbour(text: string, exact: string): boolean {
  if (!number.test(exact)) return false;
  const wanted = Number(exact);
  return Math.abs(Number(text) - wanted) <= Math.abs(wanted) * drift;
}
