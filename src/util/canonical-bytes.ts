/**
 * Whether bytes are canonical JSON already, or would be with the members of the outermost object in another order: one pass, and
 * nothing is made on the way. A text that is so in a rare way may be refused, one that is not never passes.
 */
import { floatText } from "./json.ts";
import { byte } from "./json-bytes.ts";

const { quote, plus, comma, minus, point, zero, nine, colon, exponentLower } = byte;
const { openBracket, backslash, closeBracket, openBrace, closeBrace } = byte;

/** Objects and lists within one another. */
const depthMax = 100;
/** A double gives back so many digits whatever they are. */
const digitsMax = 15;

/** So many members are put in order as they come; with more that takes long. */
const sortedMax = 64;

/** The members of an object's text, serving one object after the other. */
export class MemberPlaces {
  /** Where each starts and ends, in the order of their keys: the first `end` numbers. */
  readonly places: number[] = [];
  end = 0;
  /** Whether the text has them in that order already: it is canonical as it stands. */
  inOrder = true;

  /**
   * Whether `bytes` from `start` to `end` are an object whose canonical text is its members in the order of `places`, with
   * commas between them. `bytes[end]` must be 0.
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.end = 0;
    this.inOrder = true;
    if (bytes[start] !== openBrace) return false;
    if (bytes[start + 1] === closeBrace) return start + 2 === end;
    for (let at = start; ; ) {
      const key = at + 1;
      const keyEnd = bytes[key] === quote ? skipString(bytes, key) : -1;
      if (keyEnd === -1 || bytes[keyEnd] !== colon) return false;
      at = skipValue(bytes, keyEnd + 1, 1);
      if (at === -1 || !this.#put(bytes, key, at)) return false;
      const code = bytes[at];
      if (code === closeBrace) return at + 1 === end;
      if (code !== comma) return false;
    }
  }

  /** False where the order of keys cannot be told, or takes long. */
  #put(bytes: Buffer, start: number, end: number): boolean {
    const { places } = this;
    let at = this.end;
    this.end += 2;
    while (at > 0 && !isBefore(bytes, places[at - 2] ?? 0, start)) {
      // Keys that are equal, or spelled with escapes.
      if (!isBefore(bytes, start, places[at - 2] ?? 0) || this.end > 2 * sortedMax) return false;
      this.inOrder = false;
      places[at] = places[at - 2] ?? 0;
      places[at + 1] = places[at - 1] ?? 0;
      at -= 2;
    }
    places[at] = start;
    places[at + 1] = end;
    return true;
  }
}

/** Whether the UTF-8 of a text is, between quotes, its canonical JSON: no character needs an escape. */
export function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = bytes[at] ?? 0;
    if (code < 0x20 || code === quote || code === backslash) return false;
    if (code === 0xef && isReplacement(bytes, at)) return false;
  }
  return true;
}

/** Whether U+FFFD stands here. Half of a surrogate pair becomes it in UTF-8, so that only the text knows what it was. */
function isReplacement(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}

/** Index behind the canonical value that starts at `at`; −1 where none does. */
function skipValue(bytes: Buffer, at: number, depth: number): number {
  const code = bytes[at] ?? 0;
  if (code === quote) return skipString(bytes, at);
  if (code === minus || isDigit(code)) return skipNumber(bytes, at);
  if (code === openBrace) return skipObject(bytes, at, depth + 1);
  if (code === openBracket) return skipArray(bytes, at, depth + 1);
  if (code === 0x74) return skipWord(bytes, at, "true");
  if (code === 0x66) return skipWord(bytes, at, "false");
  return skipWord(bytes, at, "null");
}

function skipObject(bytes: Buffer, start: number, depth: number): number {
  if (bytes[start + 1] === closeBrace) return start + 2;
  if (depth > depthMax) return -1;
  let before = -1;
  for (let at = start; at !== -1; ) {
    const key = at + 1;
    const keyEnd = bytes[key] === quote ? skipString(bytes, key) : -1;
    if (keyEnd === -1 || bytes[keyEnd] !== colon) return -1;
    if (before !== -1 && !isBefore(bytes, before, key)) return -1;
    before = key;
    at = skipValue(bytes, keyEnd + 1, depth);
    const code = bytes[at];
    if (code === closeBrace) return at + 1;
    if (code !== comma) return -1;
  }
  return -1;
}

function skipArray(bytes: Buffer, start: number, depth: number): number {
  if (bytes[start + 1] === closeBracket) return start + 2;
  if (depth > depthMax) return -1;
  for (let at = start; at !== -1; ) {
    at = skipValue(bytes, at + 1, depth);
    const code = bytes[at];
    if (code === closeBracket) return at + 1;
    if (code !== comma) return -1;
  }
  return -1;
}

/** Whether the key whose quote stands at `one` comes before that at `other`, in the order of UTF-16's code units. */
function isBefore(bytes: Buffer, one: number, other: number): boolean {
  for (let step = 1; ; step += 1) {
    const first = bytes[one + step] ?? 0;
    const second = bytes[other + step] ?? 0;
    // What an escape stands for is not looked at.
    if (first === backslash || second === backslash) return false;
    if (first === second && first !== quote) continue;
    if (first === quote || second === quote) return second !== quote;
    // U+E000 to U+FFFF come before longer characters here, and behind them in UTF-16.
    return first < second && (first < 0xee || second < 0xf0);
  }
}

/** Index behind the string whose quote stands at `start`; −1 where it is spelled otherwise than JSON.stringify does. */
function skipString(bytes: Buffer, start: number): number {
  for (let at = start + 1; ; at += 1) {
    const code = bytes[at] ?? 0;
    if (code === quote) return at + 1;
    if (code === backslash) {
      at += 1;
      if (!isShortEscape(bytes[at] ?? 0)) return -1;
    } else if (code < 0x20 || (code === 0xef && isReplacement(bytes, at))) return -1;
  }
}

/** Whether a backslash and this letter are how a character is spelled: \" \\ \b \f \n \r \t. */
function isShortEscape(letter: number): boolean {
  return (
    letter === quote ||
    letter === backslash ||
    letter === 0x62 ||
    letter === 0x66 ||
    letter === 0x6e ||
    letter === 0x72 ||
    letter === 0x74
  );
}

/** Index behind an integer without needless zeros, or a float in the digits that `floatText` gives. */
function skipNumber(bytes: Buffer, start: number): number {
  const first = bytes[start] === minus ? start + 1 : start;
  const whole = skipDigits(bytes, first);
  if (whole === first || (bytes[first] === zero && whole > first + 1)) return -1;
  const code = bytes[whole];
  if (code === point) {
    const end = skipDigits(bytes, whole + 1);
    const short = end - first - 1 <= digitsMax && bytes[first] !== zero;
    if (short && bytes[end] !== exponentLower && isFraction(bytes, whole + 1, end)) return end;
  } else if (code !== exponentLower) return bytes[first] === zero && first > start ? -1 : whole;
  return skipFloat(bytes, start);
}

/** Whether digits behind the point are none too many: the last is no zero, or there is one zero. */
function isFraction(bytes: Buffer, start: number, end: number): boolean {
  return end === start + 1 || (end > start && bytes[end - 1] !== zero);
}

/** Index behind the float at `start`, its digits compared with those that its value has. */
function skipFloat(bytes: Buffer, start: number): number {
  let end = start;
  while (isOfNumber(bytes[end] ?? 0)) end += 1;
  const text = bytes.toString("latin1", start, end);
  const value = Number(text);
  return Number.isFinite(value) && floatText(value) === text ? end : -1;
}

function skipDigits(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at] ?? 0)) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

function isOfNumber(code: number): boolean {
  return (
    isDigit(code) || code === minus || code === point || code === exponentLower || code === plus
  );
}

function skipWord(bytes: Buffer, start: number, word: string): number {
  for (let index = 0; index < word.length; index += 1)
    if (bytes[start + index] !== word.charCodeAt(index)) return -1;
  return start + word.length;
}
