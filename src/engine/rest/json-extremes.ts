/** What Qdrant's JSON reader (serde_json) refuses although it is JSON: 128 levels, and numbers beyond a double. */
import { skipString } from "../../util/json.ts";
import { badInput } from "../errors.ts";

const levelsMax = 127;
/** A number without an exponent has more digits than this. */
const plainDigits = 300;

const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What is passed over by this is digits for the most part: vectors. */
const marks = /["[\]{}eE]/g;

/** What is no JSON is left to who reads it. @throws E_INPUT (400) */
export function refuseExtremes(text: string): void {
  let levels = 0;
  marks.lastIndex = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const { 0: character, index } = mark;
    if (character === '"') marks.lastIndex = endOfString(text, index);
    else if (character === "[" || character === "{") {
      levels += 1;
      if (levels > levelsMax) throw refusal("recursion limit exceeded", index);
    } else if (character === "]" || character === "}") levels -= 1;
    else refuseLarge(text, index);
  }
  // As many digits in a row have one of every so many characters among them.
  for (let at = plainDigits - 1; at < text.length; at += plainDigits) {
    if (isDigit(text.charCodeAt(at))) refuseManyDigits(text, at);
  }
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;

/** Behind the string's last quote; the text's end where it has none. */
function endOfString(text: string, at: number): number {
  try {
    return skipString(text, at);
  } catch {
    return text.length;
  }
}

/** Refuses the number that holds the character at `at`, where it is infinite. */
function refuseLarge(text: string, at: number): void {
  let start = at;
  while (start > 0 && /[\d.]/.test(text.charAt(start - 1))) start -= 1;
  number.lastIndex = start;
  const token = number.exec(text)?.[0] ?? "0";
  if (!Number.isFinite(Number(token))) throw refusal("number out of range", start);
}

/** Refuses it unless it stands in a string: there is no telling from here, so that all is read. */
function refuseManyDigits(text: string, at: number): void {
  let start = at;
  while (start > 0 && isDigit(text.charCodeAt(start - 1))) start -= 1;
  let end = at;
  while (isDigit(text.charCodeAt(end))) end += 1;
  if (end - start < plainDigits) return;
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, (string) => " ".repeat(string.length));
  if (isDigit(bare.charCodeAt(start))) refuseLarge(text, start);
}

function refusal(words: string, index: number) {
  return badInput(`Format error in JSON body: ${words} at line 1 column ${index + 1}`);
}
