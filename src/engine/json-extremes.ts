/** What Qdrant's JSON reader (serde_json) refuses although it is JSON: 128 levels, and numbers beyond a double. */
import { skipString } from "../util/json.ts";
import { malformed } from "./errors.ts";

/** Brackets within brackets. */
export const levelsMax = 127;
/** A number without an exponent has more digits than this. */
const plainDigits = 300;

const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What is passed over by this is digits for the most part: vectors. */
const marks = /["[\]{}eE]/g;

/** Is told of what a text holds, in its order. */
export interface JsonWatch {
  /** A string, quotes and all; one without an end goes to the text's end. */
  string(start: number, end: number): void;
  /** Whether the value that comes is passed over by who reads: it may be anything that is JSON. */
  readonly unread: boolean;
  /** A bracket. */
  open(character: string, index: number): void;
  close(index: number): void;
}

/**
 * What is no JSON is left to who reads it. It takes time by the text's length, whatever stands there; `watch` is spared another walk.
 * @throws E_INPUT (400)
 */
export function refuseExtremes(text: string, watch: JsonWatch | null = null): void {
  let levels = 0;
  /** Behind the last string or bracket. */
  let bareFrom = 0;
  const digits = (end: number): void => {
    if (end - bareFrom >= plainDigits && watch?.unread !== true)
      refuseManyDigits(text, bareFrom, end);
    bareFrom = end + 1;
  };
  marks.lastIndex = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const { 0: character, index } = mark;
    if (character === '"') {
      digits(index);
      bareFrom = endOfString(text, index);
      marks.lastIndex = bareFrom;
      watch?.string(index, bareFrom);
    } else if (character === "[" || character === "{") {
      digits(index);
      levels += 1;
      if (levels > levelsMax && watch?.unread !== true)
        throw refusal("recursion limit exceeded", index);
      watch?.open(character, index);
    } else if (character === "]" || character === "}") {
      digits(index);
      levels -= 1;
      watch?.close(index);
    } else if (watch?.unread !== true) refuseExponent(text, index);
  }
  digits(text.length);
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
const point = 0x2e;

/** Behind the string's last quote; the text's end where it has none. */
function endOfString(text: string, at: number): number {
  try {
    return skipString(text, at);
  } catch {
    return text.length;
  }
}

/** Refuses the number whose exponent begins at `at`, where it is infinite. */
function refuseExponent(text: string, at: number): void {
  let start = at;
  while (isDigit(text.charCodeAt(start - 1)) || text.charCodeAt(start - 1) === point) start -= 1;
  refuseInfinite(text, start);
}

/** Refuses infinite numbers without an exponent between `from` and `end`, where no string is. */
function refuseManyDigits(text: string, from: number, end: number): void {
  // As many digits in a row have one of every so many characters among them.
  for (let at = from + plainDigits - 1; at < end; at += plainDigits) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (isDigit(text.charCodeAt(start - 1))) start -= 1;
    while (isDigit(text.charCodeAt(at + 1))) at += 1;
    // Behind a point they make no number large.
    if (text.charCodeAt(start - 1) !== point) refuseInfinite(text, start);
  }
}

function refuseInfinite(text: string, start: number): void {
  number.lastIndex = start;
  const token = number.exec(text)?.[0] ?? "0";
  if (!Number.isFinite(Number(token))) throw refusal("number out of range", start);
}

function refusal(words: string, index: number) {
  return malformed(`${words} at line 1 column ${index + 1}`);
}
