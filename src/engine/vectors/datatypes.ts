/**
 * What the datatype of a name's vectors makes of their components. They are kept as float32 here, rounded to what a server keeps.
 * Source: qdrant 1.18.2, lib/segment/src/data_types/primitive.rs.
 */
import type { VectorDatatype } from "../api.ts";

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
/** The smallest normal float16, and the step between those below it. */
const halfNormalMin = 2 ** -14;
const halfStep = 2 ** -24;
/** From here on float16 rounds to infinity. */
const halfOverflow = 65520;

/** The nearest float16; of two equally near ones that with an even last bit. */
export function roundToHalf(value: number): number {
  const size = Math.abs(value);
  if (size >= halfOverflow) return value < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (size < halfNormalMin) {
    const steps = value / halfStep;
    const whole = Math.floor(steps);
    const rest = steps - whole;
    const up = rest > 0.5 || (rest === 0.5 && whole % 2 !== 0);
    return (whole + (up ? 1 : 0)) * halfStep;
  }
  float[0] = value;
  const word = bits[0] ?? 0;
  bits[0] = (word + 0xfff + ((word >>> 13) & 1)) & 0xffffe000;
  return float[0] ?? 0;
}

/** Cut to a whole number, and to 0 … 255. */
export function roundToByte(value: number): number {
  return Math.trunc(Math.min(255, Math.max(0, value)));
}

/** Rounds `data` in place from `start` up to `end`. */
export function roundTo(
  datatype: VectorDatatype,
  data: Float32Array,
  start = 0,
  end = data.length,
): void {
  if (datatype === "float32") return;
  const round = datatype === "float16" ? roundToHalf : roundToByte;
  for (let at = start; at < end; at += 1) data[at] = round(data[at] ?? 0);
}
