/**
 * JSON without loss: 2 and 2.0 stay apart, 64-bit integers keep every digit. Also slicing: the raw text of an object's
 * values or an array's elements, so that a large answer is decoded only where someone must look inside.
 */
import { byte } from "./json-bytes.ts";

/** A decoded JSON value: an integer is a bigint, a number with a point or an exponent is a number. */
export type JsonValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | JsonValue[]
  | { [key: string]: JsonValue };

/** An object as an application reads it: 2 and 2.0 are one, an integer that no number holds exactly is a bigint. */
export type PlainObject = { readonly [key: string]: unknown };

/** TypeScript's libraries do not know raw JSON yet (ECMAScript proposal, in V8 since 11.4). */
const rawJson = (JSON as unknown as { rawJSON(text: string): object }).rawJSON;

/**
 * Whether JSON.parse may give other keys than the text has: V8 13.6 (Node 24) takes a key with an escape for that of an object
 * it has read before, where that one begins as the escape is spelled: after `{"\\\\":1}` it reads `{"\\n":1}` as the same.
 * Each string with an escape is looked at once: it may be a key where it stands behind a bracket or a comma.
 */
function isMisread(text: string): boolean {
  for (let at = text.indexOf("\\"); at !== -1; ) {
    const start = text.lastIndexOf('"', at);
    const before = text.charCodeAt(beforeSpace(text, start));
    if (before === openBrace || before === comma) return true;
    at = text.indexOf("\\", skipString(text, start));
  }
  return false;
}

/** The decoded text, its numbers as doubles. @throws SyntaxError */
export function parseDoubles(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return isMisread(text) ? new JsonReader(text, "double").value() : value;
}

/** The decoded text, its numbers as doubles; undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return parseDoubles(text);
  } catch {
    return undefined;
  }
}

/** Decodes `text` without loss. @throws SyntaxError */
export function parseLossless(text: string): JsonValue {
  // Says what is no JSON, so that the reader need not; a reviver that is told each number's source takes thirty times as long as both.
  JSON.parse(text);
  return new JsonReader(text, "bigint").value();
}

/** As `parseLossless`, but `-0` is a float: no integer is that. @throws SyntaxError */
export function parseSigned(text: string): JsonValue {
  JSON.parse(text);
  return new JsonReader(text, "signed").value();
}

/** An integer that no number holds exactly has as many digits. */
const unsafeDigits = 16;

/**
 * Whether so many digits stand where a value begins: behind a point they are none of an integer's. Of every so many characters
 * one is looked at, for no such run lies between two of them.
 */
function hasUnsafeDigits(text: string): boolean {
  for (let at = unsafeDigits - 1; at < text.length; at += unsafeDigits) {
    if (digitAt(text, at) === -1) continue;
    let first = at;
    while (digitAt(text, first - 1) !== -1) first -= 1;
    while (digitAt(text, at) !== -1) at += 1;
    if (at - first < unsafeDigits) continue;
    const before = beforeSpace(text, text.charCodeAt(first - 1) === minus ? first - 1 : first);
    const code = text.charCodeAt(before);
    if (before < 0 || code === colon || code === comma || code === openBracket) return true;
  }
  return false;
}

/** Index of the character that stands before `at`, space left out. */
function beforeSpace(text: string, at: number): number {
  let before = at - 1;
  while (isSpace(text.charCodeAt(before))) before -= 1;
  return before;
}

/** Decodes `text` for an application: numbers as JavaScript has them, but an integer that no number holds exactly is a bigint. @throws SyntaxError */
export function parsePlain(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return hasUnsafeDigits(text) || isMisread(text) ? new JsonReader(text, "safe").value() : value;
}

/** A JSON object: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets a member as JSON.parse does: `__proto__` is one like any other. */
export function setOwn(object: object, key: string, value: unknown): void {
  const member = { value, enumerable: true, configurable: true, writable: true };
  Object.defineProperty(object, key, member);
}

/** The object that is all of `text`; null where it is something else. @throws SyntaxError */
export function parsePlainObject(text: string): PlainObject | null {
  const value = parsePlain(text);
  return isObject(value) ? value : null;
}

/** A float as JSON text that stays a float when it is read back: 2 becomes `2.0`, −0 becomes `-0.0`. NaN and infinities are not JSON. */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  // From 10^21 on the digits have an exponent.
  if (Number.isInteger(value)) return Math.abs(value) < 1e21 ? `${value}.0` : String(value);
  // The same digits as String gives, in half its time; it has no text for NaN and infinities.
  return Number.isFinite(value) ? JSON.stringify(value) : String(value);
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
  try {
    return JSON.stringify(value);
  } catch {
    // Bigints: a replacer costs four times as much as all the rest. What has another fault has it again.
    return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? rawJson(`${one}`) : one));
  }
}

/** A number that `stringifyPlain` writes as this text: an integral float keeps its point. */
export function rawNumber(text: string): object {
  return rawJson(text);
}

/** The raw texts of an object's values by key (the last one where a key stands twice). Values are delimited, not checked. @throws SyntaxError */
export function sliceObject(text: string): Map<string, string> {
  const members = new Map<string, string>();
  eachMember(text, (key, start, end) => {
    members.set(key, text.slice(start, end));
  });
  return members;
}

/** The raw texts of an array's elements. Elements are delimited, not checked. @throws SyntaxError */
export function sliceArray(text: string): string[] {
  const elements: string[] = [];
  eachElement(text, (_index, start, end) => {
    elements.push(text.slice(start, end));
  });
  return elements;
}

/** Tells of each member of the object that is all of `text` its key, and where its value starts and ends. Values are delimited, not checked. @throws SyntaxError */
export function eachMember(
  text: string,
  visit: (key: string, start: number, end: number) => void,
): void {
  let at = skipSpace(text, expectCode(text, skipSpace(text, 0), openBrace));
  for (let first = true; text.charCodeAt(at) !== closeBrace; first = false) {
    if (!first) at = skipSpace(text, expectCode(text, at, comma));
    if (text.charCodeAt(at) !== quote) throw malformed(at);
    const keyEnd = skipString(text, at);
    const key = stringOf(text.slice(at, keyEnd));
    const start = skipSpace(text, expectCode(text, skipSpace(text, keyEnd), colon));
    const end = skipValue(text, start);
    visit(key, start, end);
    at = skipSpace(text, end);
  }
  assertEnd(text, at + 1);
}

/** Tells of each element of the array that is all of `text` its index, and where it starts and ends. Elements are delimited, not checked. @throws SyntaxError */
export function eachElement(
  text: string,
  visit: (index: number, start: number, end: number) => void,
): void {
  let at = skipSpace(text, expectCode(text, skipSpace(text, 0), openBracket));
  for (let index = 0; text.charCodeAt(at) !== closeBracket; index += 1) {
    if (index > 0) at = skipSpace(text, expectCode(text, at, comma));
    const end = skipValue(text, at);
    visit(index, at, end);
    at = skipSpace(text, end);
  }
  assertEnd(text, at + 1);
}

/** The string in a raw text that a slicing gave. @throws SyntaxError */
export function stringOf(raw: string): string {
  // Most have no escape in them, and are what stands between the quotes.
  return raw.includes("\\") ? String(JSON.parse(raw)) : raw.slice(1, -1);
}

const { quote, comma, colon, openBracket, backslash, closeBracket, openBrace, closeBrace } = byte;
const { minus, point, zero, exponentLower, exponentUpper } = byte;

export function malformed(at: number): SyntaxError {
  return new SyntaxError(`malformed JSON at character ${at}`);
}

/** Index behind the character `code`, which must stand at `at`. @throws SyntaxError */
export function expectCode(text: string, at: number, code: number): number {
  if (text.charCodeAt(at) !== code) throw malformed(at);
  return at + 1;
}

function assertEnd(text: string, at: number): void {
  if (skipSpace(text, at) !== text.length) throw malformed(at);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

export function skipSpace(text: string, at: number): number {
  let next = at;
  while (isSpace(text.charCodeAt(next))) next += 1;
  return next;
}

/** The rest of an array of numbers. */
const numbersToEnd = /[-+.\deE,\s]*\]/y;

/** Index behind the value that starts at `at`. @throws SyntaxError */
export function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === quote) return skipString(text, at);
  if (first !== openBracket && first !== openBrace) return skipScalar(text, at);
  let depth = 0;
  for (let next = at; next < text.length; ) {
    const code = text.charCodeAt(next);
    if (code === quote) {
      next = skipString(text, next);
      continue;
    }
    next += 1;
    if (code === openBracket) {
      // A vector is most of what stands in a body of points.
      numbersToEnd.lastIndex = next;
      if (numbersToEnd.test(text)) {
        next = numbersToEnd.lastIndex;
        if (depth === 0) return next;
        continue;
      }
    }
    if (code === openBracket || code === openBrace) depth += 1;
    else if (code === closeBracket || code === closeBrace) depth -= 1;
    if (depth === 0) return next;
  }
  throw malformed(text.length);
}

/** Index behind the number or word that starts at `at`. */
function skipScalar(text: string, at: number): number {
  let end = at;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (isSpace(code) || code === comma || code === closeBracket || code === closeBrace) break;
  }
  if (end === at) throw malformed(at);
  return end;
}

/** Index behind the string whose opening quote stands at `at`. @throws SyntaxError */
export function skipString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  throw malformed(text.length);
}

/** A number holds every integer of so many digits. */
const exactDigits = 15;

/** What an integer becomes: a bigint, always (signed: but for -0) or where no number holds it exactly, or a number. */
type Integers = "bigint" | "signed" | "safe" | "double";

/** Reads a text that is known to be JSON. */
class JsonReader {
  readonly #text: string;
  readonly #integers: Integers;
  #at = 0;

  constructor(text: string, integers: Integers) {
    this.#text = text;
    this.#integers = integers;
  }

  value(): JsonValue {
    this.#at = skipSpace(this.#text, this.#at);
    switch (this.#text.charCodeAt(this.#at)) {
      case quote:
        return this.#string();
      case openBrace:
        return this.#object();
      case openBracket:
        return this.#array();
      case 0x74:
        this.#at += "true".length;
        return true;
      case 0x66:
        this.#at += "false".length;
        return false;
      case 0x6e:
        this.#at += "null".length;
        return null;
      default:
        return this.#number();
    }
  }

  #string(): string {
    const start = this.#at;
    this.#at = skipString(this.#text, start);
    return stringOf(this.#text.slice(start, this.#at));
  }

  /** Whether the list of members or elements goes on; stands before the next one, or behind the end. */
  #more(close: number): boolean {
    this.#at = skipSpace(this.#text, this.#at);
    const code = this.#text.charCodeAt(this.#at);
    if (code === close || code === comma) this.#at += 1;
    return code !== close;
  }

  #object(): JsonValue {
    const members: { [key: string]: JsonValue } = {};
    this.#at += 1;
    while (this.#more(closeBrace)) {
      this.#at = skipSpace(this.#text, this.#at);
      const key = this.#string();
      this.#at = skipSpace(this.#text, this.#at) + 1;
      const value = this.value();
      if (key === "__proto__") setOwn(members, key, value);
      else members[key] = value;
    }
    return members;
  }

  #array(): JsonValue {
    const elements: JsonValue[] = [];
    this.#at += 1;
    while (this.#more(closeBracket)) elements.push(this.value());
    return elements;
  }

  #number(): bigint | number {
    const text = this.#text;
    const start = this.#at;
    const first = text.charCodeAt(start) === minus ? start + 1 : start;
    let end = first;
    let integer = 0;
    for (let digit = digitAt(text, end); digit !== -1; digit = digitAt(text, end)) {
      integer = integer * 10 + digit;
      end += 1;
    }
    const code = text.charCodeAt(end);
    this.#at = end;
    if (code === point || code === exponentLower || code === exponentUpper) {
      this.#at = skipScalar(text, end);
      return Number(text.slice(start, this.#at));
    }
    if (end - first <= exactDigits) {
      const value = first === start ? integer : -integer;
      const isBig =
        this.#integers === "signed" ? !Object.is(value, -0) : this.#integers === "bigint";
      return isBig ? BigInt(value) : value;
    }
    const value = Number(text.slice(start, end));
    const isExact = this.#integers === "safe" && Number.isSafeInteger(value);
    return isExact || this.#integers === "double" ? value : BigInt(text.slice(start, end));
  }
}

/** The digit that stands there; -1 = none. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - zero;
  return digit >= 0 && digit <= 9 ? digit : -1;
}
