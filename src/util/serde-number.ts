/**
 * Floats for readers in Rust: serde_json without its feature `float_roundtrip` reads a decimal with two roundings (serde_json 1,
 * de.rs, f64_from_parts): the digits, as many as fit into 64 bits, become a double, which is multiplied or divided by a power of ten.
 * One float in five that needs 16 or 17 digits is read as its neighbour. The same number has other digits that are read as it.
 */

/** Powers of ten that the reader has in its table. */
const powers = Array.from({ length: 309 }, (_, power) => Number(`1e${power}`));
const powerMax = powers.length - 1;
/** So many digits always fit into 64 bits; of one more it depends on them. */
const digitsSure = 19;
const digitsMax = 2n ** 64n - 1n;

const decimal = /^(-?)0*(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** What such a reader makes of the text of a JSON number that has a point or an exponent; NaN where it takes none. */
export function serdeReads(text: string): number {
  const [, sign, whole = "", fraction = "", exponent = "0"] = decimal.exec(text) ?? [];
  if (sign === undefined) return Number.NaN;
  const all = (whole + fraction).replace(/^0+/, "");
  const fits = all.length > digitsSure && BigInt(all.slice(0, digitsSure + 1)) <= digitsMax;
  const taken = all.slice(0, digitsSure + (fits ? 1 : 0));
  const power = Number(exponent) - fraction.length + all.length - taken.length;
  const value = scaled(Number(taken), power);
  return sign === "" ? value : -value;
}

function scaled(digits: number, power: number): number {
  if (digits === 0) return 0;
  let value = digits;
  let left = power;
  for (; Math.abs(left) > powerMax; left += powerMax) {
    if (left > 0) return Number.NaN;
    if (value === 0) return 0;
    value /= 1e308;
  }
  const read = left >= 0 ? value * ten(left) : value / ten(-left);
  return Number.isFinite(read) ? read : Number.NaN;
}

function ten(power: number): number {
  return powers[power] ?? Number.NaN;
}

/** Digits that such a reader reads as this very number, which is finite; null where there are none. */
export function serdeSpelling(value: number): string | null {
  const shortest = value.toExponential();
  if (serdeReads(shortest) === value) return shortest;
  const size = Math.abs(value);
  const sign = value < 0 ? "-" : "";
  // Digits of 54 to 64 bits are spaced as closely as doubles are.
  const top = Math.floor(Math.log10(size)) - digitsSure;
  for (let power = top; power <= top + 5; power += 1) {
    for (const digits of neighboursOf(quotient(size, power))) {
      if (digits < 1 || digits >= 2 ** 64 || !Number.isInteger(digits)) continue;
      if (scaled(digits, power) === size) return `${sign}${BigInt(digits)}e${power}`;
    }
  }
  return null;
}

/** About size / 10^power, also where that power is none that a double holds. */
function quotient(size: number, power: number): number {
  if (power >= 0) return size / ten(power);
  return power >= -powerMax ? size * ten(-power) : size * ten(300) * ten(-power - 300);
}

/** Doubles on either side. */
const sideMax = 6n;

/** The double and those beside it, the nearest first. */
export function neighboursOf(value: number): number[] {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const middle = bits.getBigInt64(0);
  const found = [value];
  for (let step = 1n; step <= sideMax; step += 1n)
    for (const other of [middle - step, middle + step]) {
      bits.setBigInt64(0, other);
      found.push(bits.getFloat64(0));
    }
  return found;
}
