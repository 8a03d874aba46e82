/** What Qdrant's JSON reader (serde_json) refuses although it is JSON: 128 levels, and numbers beyond a double. */
import { badInput } from "../errors.ts";

const levelsMax = 127;

/** A text without either is not looked at twice: a number of that size has an exponent or many digits. */
const largeNumber = /\d[eE]\+?\d{3}|\d{200}/;
const manyLevels = /(?:[[{][^\]}[{]*){128}/;

/** Strings, which are passed over, numbers and brackets. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[[\]{}]/g;

/** @throws E_INPUT (400) */
export function refuseExtremes(text: string): void {
  if (!largeNumber.test(text) && !manyLevels.test(text)) return;
  let levels = 0;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (token === "[" || token === "{") {
      levels += 1;
      if (levels > levelsMax) throw refusal("recursion limit exceeded", index);
    } else if (token === "]" || token === "}") levels -= 1;
    else if (!token.startsWith('"') && !Number.isFinite(Number(token)))
      throw refusal("number out of range", index);
  }
}

function refusal(words: string, index: number) {
  return badInput(`Format error in JSON body: ${words} at line 1 column ${index + 1}`);
}
