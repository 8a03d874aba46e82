/** JSON numbers read from bytes, to exactly the double that `Number` makes of their text. */
import { byte, malformed } from "./json-bytes.ts";

const { minus, plus, point, zero, exponentLower, exponentUpper } = byte;

/** Powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Every integer below this is exactly a double. */
const mantissaMax = 2 ** 53;
/** Digits of which an int32 holds every value. */
const int32Digits = 9;
/** An exponent beyond which the mantissa of no text that fits into memory matters. */
const exponentMax = 1e10;

/** Where a scan stands. */
export interface Cursor {
  at: number;
}

/**
 * The number at the cursor, by JSON's grammar; the cursor is then behind it.
 *
 * An integer below 2^53 and a power of ten up to 10^22 are exact doubles, and one IEEE multiplication or division rounds
 * their product or quotient correctly (W. Clinger, How to Read Floating Point Numbers Accurately, 1990). All other numbers
 * go through `Number`. @throws SyntaxError
 */
export function scanNumber(bytes: Buffer, cursor: Cursor): number {
  const start = cursor.at;
  let at = start;
  const negative = bytes[at] === minus;
  if (negative) at += 1;
  // Digits are compared as unsigned: what stands below "0" becomes large.
  let digit = ((bytes[at] ?? 0) - zero) >>> 0;
  if (digit > 9) throw malformed(at);
  let mantissa = digit;
  at += 1;
  digit = ((bytes[at] ?? 0) - zero) >>> 0;
  if (digit <= 9) {
    if (mantissa === 0) throw malformed(at);
    for (; digit <= 9; digit = ((bytes[at] ?? 0) - zero) >>> 0) {
      mantissa = mantissa * 10 + digit;
      at += 1;
    }
  }
  let places = 0;
  if (bytes[at] === point) {
    const from = at + 1;
    at = from;
    let part = 0;
    digit = ((bytes[at] ?? 0) - zero) >>> 0;
    for (; digit <= 9 && at - from < int32Digits; digit = ((bytes[at] ?? 0) - zero) >>> 0) {
      part = (part * 10 + digit) | 0;
      at += 1;
    }
    if (at === from) throw malformed(at);
    mantissa = mantissa * (powers[at - from] ?? 0) + part;
    for (; digit <= 9; digit = ((bytes[at] ?? 0) - zero) >>> 0) {
      mantissa = mantissa * 10 + digit;
      at += 1;
    }
    places = at - from;
  }
  const code = bytes[at];
  if (code === exponentLower || code === exponentUpper) {
    cursor.at = at;
    places -= scanExponent(bytes, cursor);
    at = cursor.at;
  }
  cursor.at = at;
  // Once a mantissa is too large it stays so: what its digits make of it then does not matter.
  if (mantissa >= mantissaMax || places > 22 || places < -22)
    return Number(bytes.toString("latin1", start, at));
  const value = places >= 0 ? mantissa / (powers[places] ?? 1) : mantissa * (powers[-places] ?? 1);
  return negative ? -value : value;
}

/** The exponent whose `e` stands at the cursor; `exponentMax` where it is larger. */
function scanExponent(bytes: Buffer, cursor: Cursor): number {
  let at = cursor.at + 1;
  const sign = bytes[at];
  if (sign === minus || sign === plus) at += 1;
  const from = at;
  let exponent = 0;
  let digit = ((bytes[at] ?? 0) - zero) >>> 0;
  for (; digit <= 9; digit = ((bytes[at] ?? 0) - zero) >>> 0) {
    exponent = Math.min(exponentMax, exponent * 10 + digit);
    at += 1;
  }
  if (at === from) throw malformed(at);
  cursor.at = at;
  return sign === minus ? -exponent : exponent;
}
