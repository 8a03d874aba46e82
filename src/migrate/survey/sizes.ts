/** Sizes of many things in bounded memory: the smallest, the mean and the largest exactly, percentiles to within 1 %. */
import { z } from "zod";

const count = z.int().nonnegative();

export const sizesSchema = z.object({
  things: count.describe("How many were measured."),
  min: count,
  mean: z.number().nonnegative(),
  p50: count,
  p95: count,
  max: count,
});

/** Bytes, all zero where nothing was measured. */
export type Sizes = Readonly<z.infer<typeof sizesSchema>>;

/** Each bucket reaches 2 % further than the one before. */
const growth = Math.log(1.02);
const buckets = 2048;

export class SizeHistogram {
  readonly #counts = new Float64Array(buckets);
  #things = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  add(size: number): void {
    const bucket = Math.min(buckets - 1, Math.floor(Math.log1p(size) / growth));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#things += 1;
    this.#sum += size;
    if (size < this.#min) this.#min = size;
    if (size > this.#max) this.#max = size;
  }

  get mean(): number {
    return this.#things === 0 ? 0 : this.#sum / this.#things;
  }

  sizes(): Sizes {
    const min = this.#things === 0 ? 0 : this.#min;
    const { mean } = this;
    return {
      things: this.#things,
      min,
      mean,
      p50: this.#quantile(0.5),
      p95: this.#quantile(0.95),
      max: this.#max,
    };
  }

  /** The middle of the bucket that the quantile falls into. */
  #quantile(share: number): number {
    const wanted = Math.ceil(this.#things * share);
    if (wanted === 0) return 0;
    let seen = 0;
    let bucket = -1;
    while (seen < wanted && bucket < buckets - 1) {
      bucket += 1;
      seen += this.#counts[bucket] ?? 0;
    }
    const middle = Math.round(Math.expm1((bucket + 0.5) * growth));
    return Math.min(this.#max, Math.max(this.#min, middle));
  }
}
