/** JSON numbers read from bytes, to exactly the double that `Number` makes of their text. */
import { byte, malformed, skipSpace } from "./json-bytes.ts";

const { minus, plus, comma, point, zero, exponentLower, exponentUpper } = byte;

/** Powers of ten that a double holds exactly; their negatives stand `negated` places further on. */
const powersMax = 22;
const negated = 32;
const powers = new Float64Array(2 * negated);
for (let exponent = 0; exponent <= powersMax; exponent += 1) {
  powers[exponent] = Number(`1e${exponent}`);
  powers[negated + exponent] = -Number(`1e${exponent}`);
}
/** Every integer below this is exactly a double. */
const mantissaMax = 2 ** 53;
/** Digits of which an int32 holds every value. */
const int32Digits = 9;
/** An exponent beyond which the mantissa of no text that fits into memory matters. */
const exponentMax = 1e10;

/** Bytes, and where a scan of them stands. */
export interface Cursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  at: number;
}

export function cursorAt(bytes: Buffer, at: number): Cursor {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at };
}

/** `0.`, as it is read little-endian. */
const zeroPoint = zero | (point << 8);
const zeros = 0x30303030;
const sixes = 0x06060606;
const highBits = 0xf0f0f0f0;
const everySecondByte = 0x00ff00ff;
/** Bytes that are looked at together: sign, `0.`, and three times four digits. */
const readAhead = 15;

/**
 * Reads numbers into `target` from `start` on, while they are of the usual shape, each followed by a comma, and there is
 * room. Returns where in `target` they end; the cursor stands behind the last one's comma.
 *
 * The usual shape of a vector's component is `0.` with 8 to 11 digits. They are read four at a time: with "0" taken away, a
 * byte is a digit when neither it nor it plus six has a high bit, and two multiplications join four digits. One function for
 * a whole run, as every number that a function returns is an object to be made.
 */
export function scanUsual(cursor: Cursor, target: Float32Array, start: number): number {
  const { view } = cursor;
  const last = view.byteLength - readAhead;
  let { at } = cursor;
  let place = start;
  for (; place < target.length && at <= last; place += 1) {
    const negative = ((view.getUint8(at) ^ minus) - 1) >>> 31;
    const from = at + negative + 2;
    const first = view.getInt32(from, true) ^ zeros;
    const second = view.getInt32(from + 4, true) ^ zeros;
    const third = view.getInt32(from + 8, true) ^ zeros;
    const odd = ((first + sixes) | first | (second + sixes) | second) & highBits;
    const end = ((third + sixes) | third) & highBits;
    if (odd !== 0 || view.getUint16(from - 2, true) !== zeroPoint) break;
    // The lowest byte that is no digit: 0 to 3 digits come before it. Where there is none, -1 leads to a digit.
    const more = (31 - Math.clz32(end & -end)) >> 3;
    const behind = from + 8 + more;
    if (view.getUint8(behind) !== comma) break;
    const head = joined(first) * 10_000 + joined(second);
    // Zeros are shifted in before the digits, in two steps, for none can be by 32.
    const tail = joined((third << (24 - 8 * more)) << 8);
    const mantissa = head * (powers[more] ?? 0) + tail;
    // At most 11 digits: exact, as in `scanNumber`. By a negative power, for so −0 comes out too.
    target[place] = mantissa / (powers[8 + more + negative * negated] ?? 0);
    at = behind + 1;
  }
  cursor.at = at;
  return place;
}

/** The number that four digits make, the first one in the lowest byte. */
function joined(digits: number): number {
  const pairs = (Math.imul(digits, 10) + (digits >>> 8)) & everySecondByte;
  return (Math.imul(pairs, 100) + (pairs >>> 16)) & 0xffff;
}

/**
 * The number at the cursor, by JSON's grammar; the cursor is then behind it. @throws SyntaxError
 *
 * An integer below 2^53 and a power of ten up to 10^22 are exact doubles, and one IEEE multiplication
 * or division rounds their product or quotient correctly (W. Clinger, How to Read Floating Point Numbers Accurately, 1990).
 * All other numbers go through `Number`.
 */
export function scanNumber(cursor: Cursor): number {
  const { bytes, at: start } = cursor;
  let at = start;
  const negative = bytes[at] === minus;
  if (negative) at += 1;
  let digit = digitAt(bytes, at);
  if (digit > 9) throw malformed(at);
  let mantissa = digit;
  at += 1;
  digit = digitAt(bytes, at);
  if (digit <= 9 && mantissa === 0) throw malformed(at);
  for (; digit <= 9; digit = digitAt(bytes, at)) {
    mantissa = mantissa * 10 + digit;
    at += 1;
  }
  let places = 0;
  if (bytes[at] === point) {
    const from = at + 1;
    at = from;
    let part = 0;
    digit = digitAt(bytes, at);
    for (; digit <= 9 && at - from < int32Digits; digit = digitAt(bytes, at)) {
      part = (part * 10 + digit) | 0;
      at += 1;
    }
    if (at === from) throw malformed(at);
    mantissa = mantissa * (powers[at - from] ?? 0) + part;
    for (; digit <= 9; digit = digitAt(bytes, at)) {
      mantissa = mantissa * 10 + digit;
      at += 1;
    }
    places = at - from;
  }
  cursor.at = at;
  const code = bytes[at];
  if (code === exponentLower || code === exponentUpper) places -= scanExponent(cursor);
  // Once a mantissa is too large it stays so: what its digits make of it then does not matter.
  if (mantissa >= mantissaMax || places > powersMax || places < -powersMax)
    return Number(bytes.toString("latin1", start, cursor.at));
  const value = places >= 0 ? mantissa / (powers[places] ?? 0) : mantissa * (powers[-places] ?? 0);
  return negative ? -value : value;
}

/** The exponent whose `e` stands at the cursor; `exponentMax` where it is larger. */
function scanExponent(cursor: Cursor): number {
  const { bytes } = cursor;
  let at = cursor.at + 1;
  const sign = bytes[at];
  if (sign === minus || sign === plus) at += 1;
  const from = at;
  let exponent = 0;
  for (let digit = digitAt(bytes, at); digit <= 9; digit = digitAt(bytes, at)) {
    exponent = Math.min(exponentMax, exponent * 10 + digit);
    at += 1;
  }
  if (at === from) throw malformed(at);
  cursor.at = at;
  return sign === minus ? -exponent : exponent;
}

/** A digit's value; more than 9 for anything else, as what stands below "0" becomes large. */
function digitAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) - zero) >>> 0;
}

/** So far at most, relatively, is what `scanFloats` works out from what the text says. */
const scanError = 2 ** -46;
/** From here on a mantissa is wrong by no more than that where the digits behind it are left out. */
const longMantissaMin = 1e14;

/**
 * Reads `count` numbers, with commas between them, into `target` from `start` on, each the float32 of the double that `Number`
 * makes of its text; the cursor is then behind the last. False where one of them is no JSON number, or none that a double has.
 *
 * Up to 9 digits before the point and 18 behind it are taken; the five roundings that make a double of them, and the digits that
 * are left out, keep within `scanError`. Where the float32 below and that above are the same, so is that of the text. All other
 * numbers go through `scanNumber`.
 */
export function scanFloats(cursor: Cursor, target: Float32Array, start: number, count: number) {
  const { bytes } = cursor;
  const end = start + count;
  let at = cursor.at;
  for (let place = start; place < end; place += 1) {
    at = skipSpace(bytes, at);
    const from = at;
    const negative = bytes[at] === minus;
    if (negative) at += 1;
    const wholeFrom = at;
    let whole = 0;
    let digit = digitAt(bytes, at);
    for (; digit <= 9 && at - wholeFrom < int32Digits; digit = digitAt(bytes, at)) {
      whole = (whole * 10 + digit) | 0;
      at += 1;
    }
    let isOdd = at === wholeFrom || digit <= 9 || (bytes[wholeFrom] === zero && at > wholeFrom + 1);
    let head = 0;
    let tail = 0;
    let headDigits = 0;
    let tailDigits = 0;
    let isLong = false;
    if (bytes[at] === point) {
      at += 1;
      digit = digitAt(bytes, at);
      for (; digit <= 9 && headDigits < int32Digits; digit = digitAt(bytes, at)) {
        head = (head * 10 + digit) | 0;
        headDigits += 1;
        at += 1;
      }
      for (; digit <= 9 && tailDigits < int32Digits; digit = digitAt(bytes, at)) {
        tail = (tail * 10 + digit) | 0;
        tailDigits += 1;
        at += 1;
      }
      isLong = digit <= 9;
      for (; digit <= 9; digit = digitAt(bytes, at)) at += 1;
      isOdd ||= headDigits === 0;
    }
    const behind = bytes[at] ?? 0;
    const places = headDigits + tailDigits;
    const fraction = head * (powers[tailDigits] ?? 0) + tail;
    const mantissa = whole * (powers[places] ?? 0) + fraction;
    const value = mantissa / (powers[places] ?? 0);
    const low = Math.fround(value * (1 - scanError));
    isOdd ||= behind === exponentLower || behind === exponentUpper;
    isOdd ||= isLong && mantissa < longMantissaMin;
    if (isOdd || low !== Math.fround(value * (1 + scanError))) {
      cursor.at = from;
      if (!scanOdd(cursor, target, place)) return false;
      ({ at } = cursor);
    } else target[place] = negative ? -low : low;
    at = skipSpace(bytes, at);
    if (place + 1 < end) {
      if (bytes[at] !== comma) return false;
      at += 1;
    }
  }
  cursor.at = at;
  return true;
}

function scanOdd(cursor: Cursor, target: Float32Array, place: number): boolean {
  try {
    const value = scanNumber(cursor);
    target[place] = value;
    return Number.isFinite(value);
  } catch {
    return false;
  }
}
