/** Float32 values as JSON text, as short as they can be and still be the same float32: 0.1, not 0.10000000149011612. A whole number keeps its `.0`. */

const powers = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];
const digitsMax = 9;

/** The text of one float32; `null` for one that is not finite, as a server writes it. */
export function float32Text(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (Number.isInteger(value))
    return Math.abs(value) < 1e16 ? `${Object.is(value, -0) ? "-0" : value}.0` : String(value);
  // Magnitudes that vectors mostly have: so many digits behind the point that the value comes back.
  if (Math.abs(value) < 1e3) {
    for (let digits = 1; digits < powers.length; digits += 1) {
      const power = powers[digits] ?? 1;
      const near = Math.round(value * power) / power;
      if (Math.fround(near) === value) return String(near);
    }
  }
  for (let digits = 1; digits < digitsMax; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(digitsMax)));
}

/** A row of a vector as a JSON array. */
export function vectorText(data: Float32Array, offset: number, dimension: number): string {
  const parts = new Array<string>(dimension);
  for (let at = 0; at < dimension; at += 1) parts[at] = float32Text(data[offset + at] ?? 0);
  return `[${parts.join(",")}]`;
}
