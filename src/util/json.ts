/**
 * JSON without loss: 2 and 2.0 stay apart, 64-bit integers keep every digit. Also slicing: the raw text of an object's
 * values or an array's elements, so that a large answer is decoded only where someone must look inside.
 */

/** A decoded JSON value: an integer is a bigint, a number with a point or an exponent is a number. */
export type JsonValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | JsonValue[]
  | { [key: string]: JsonValue };

/** TypeScript's libraries do not know these two yet: the reviver's context and raw JSON (ECMAScript proposal, in V8 since 11.4). */
type SourceReviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown;
const rawJson = (JSON as unknown as { rawJSON(text: string): object }).rawJSON;

const integerText = /^-?\d+$/;

/** The decoded text, its numbers as doubles; undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Decodes `text` without loss. @throws SyntaxError */
export function parseLossless(text: string): JsonValue {
  return parseWithSource(text, (_key, value, context) =>
    typeof value === "number" && context.source !== undefined && integerText.test(context.source)
      ? BigInt(context.source)
      : value,
  ) as JsonValue;
}

/** A float as JSON text that stays a float when it is read back: 2 becomes `2.0`, −0 becomes `-0.0`. NaN and infinities are not JSON. */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return integerText.test(text) ? `${text}.0` : text;
}

/** JSON text of a value that `parseLossless` gave: the same types come back. */
export function stringifyLossless(value: JsonValue): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return floatText(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(stringifyLossless).join(",")}]`;
  const members = Object.keys(value).map(
    (key) => `${JSON.stringify(key)}:${stringifyLossless(value[key] ?? null)}`,
  );
  return `{${members.join(",")}}`;
}

/** JSON text of anything from an application: a bigint keeps its digits, an integral number is an integer. */
export function stringifyPlain(value: unknown): string {
  return JSON.stringify(value, (_key, member) =>
    typeof member === "bigint" ? rawJson(member.toString()) : member,
  );
}

/** The raw texts of an object's values by key (the last one where a key stands twice). Values are delimited, not checked. @throws SyntaxError */
export function sliceObject(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = expect(text, skipSpace(text, 0), "{");
  at = skipSpace(text, at);
  if (text[at] === "}") return finish(text, at + 1, members);
  for (;;) {
    const keyEnd = skipValue(text, at);
    if (text[at] !== '"') throw malformed(at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skipSpace(text, expect(text, skipSpace(text, keyEnd), ":"));
    const end = skipValue(text, start);
    members.set(key, text.slice(start, end));
    at = skipSpace(text, end);
    if (text[at] === "}") return finish(text, at + 1, members);
    at = skipSpace(text, expect(text, at, ","));
  }
}

/** The raw texts of an array's elements. Elements are delimited, not checked. @throws SyntaxError */
export function sliceArray(text: string): string[] {
  const elements: string[] = [];
  let at = expect(text, skipSpace(text, 0), "[");
  at = skipSpace(text, at);
  if (text[at] === "]") return finish(text, at + 1, elements);
  for (;;) {
    const end = skipValue(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === "]") return finish(text, at + 1, elements);
    at = skipSpace(text, expect(text, at, ","));
  }
}

function malformed(at: number): SyntaxError {
  return new SyntaxError(`malformed JSON at character ${at}`);
}

function expect(text: string, at: number, character: string): number {
  if (text[at] !== character) throw malformed(at);
  return at + 1;
}

function finish<Result>(text: string, at: number, result: Result): Result {
  if (skipSpace(text, at) !== text.length) throw malformed(at);
  return result;
}

function skipSpace(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at += 1;
  }
}

const scalar = /[^\s,\]}]+/y;
const bracket = /["[\]{}]/g;

/** Index behind the value that starts at `at`. */
function skipValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return skipString(text, at);
  if (first !== "[" && first !== "{") {
    scalar.lastIndex = at;
    if (!scalar.test(text)) throw malformed(at);
    return scalar.lastIndex;
  }
  let depth = 0;
  bracket.lastIndex = at;
  for (let match = bracket.exec(text); match !== null; match = bracket.exec(text)) {
    const character = match[0];
    if (character === '"') bracket.lastIndex = skipString(text, match.index);
    else if (character === "[" || character === "{") depth += 1;
    else depth -= 1;
    if (depth === 0) return bracket.lastIndex;
  }
  throw malformed(text.length);
}

/** Index behind the string whose opening quote stands at `at`. */
function skipString(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 92) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  throw malformed(text.length);
}
