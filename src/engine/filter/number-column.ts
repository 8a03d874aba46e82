/** One payload field's numbers by slot: integers, floats, dates as microseconds. */
import { type Bounds, intervalOf, withinBounds } from "./bounds.ts";
import { roomFor } from "./grow.ts";
import type { SlotTest } from "./slot-test.ts";

/** An integer that a double does not hold exactly is a bigint, every other number a number. */
export type ColumnNumber = number | bigint;

/** Slots that are looked at to tell about how many fit. */
const sampleSize = 256;

export class NumberColumn {
  /** NaN = no value, or those in `#lists`. */
  #numbers = new Float64Array(0);
  /** The numbers of slots that have more than one, or a bigint. */
  readonly #lists = new Map<number, readonly ColumnNumber[]>();
  #points = 0;

  /** Points that have a number. */
  get points(): number {
    return this.#points;
  }

  /** Puts `numbers` in place of what the slot has; equal ones are kept, and count once. */
  set(slot: number, numbers: readonly ColumnNumber[]): void {
    if (this.has(slot)) {
      this.#points -= 1;
      this.#numbers[slot] = Number.NaN;
      this.#lists.delete(slot);
    }
    const [first] = numbers;
    if (first === undefined) return;
    this.#points += 1;
    if (numbers.length > 1 || typeof first === "bigint") {
      this.#lists.set(slot, numbers);
      return;
    }
    if (slot >= this.#numbers.length) {
      const grown = new Float64Array(roomFor(slot + 1, this.#numbers.length)).fill(Number.NaN);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[slot] = first;
  }

  has(slot: number): boolean {
    const number = this.#numbers[slot];
    return (number !== undefined && !Number.isNaN(number)) || this.#lists.has(slot);
  }

  /** All numbers of a slot, equal ones too. */
  numbersOf(slot: number): readonly ColumnNumber[] {
    const number = this.#numbers[slot];
    if (number !== undefined && !Number.isNaN(number)) return [number];
    return this.#lists.get(slot) ?? [];
  }

  /** Every number with its slot, equal ones of a slot once; slots in no particular order. */
  *entries(): Generator<{ slot: number; value: ColumnNumber }> {
    for (let slot = 0; slot < this.#numbers.length; slot += 1) {
      const value = this.#numbers[slot] ?? Number.NaN;
      if (!Number.isNaN(value)) yield { slot, value };
    }
    for (const [slot, numbers] of this.#lists)
      for (const value of new Set(numbers)) yield { slot, value };
  }

  matching(numbers: ReadonlySet<ColumnNumber>): SlotTest {
    const [only] = numbers;
    return numbers.size === 1
      ? this.#test((number) => number === only)
      : this.#test((number) => numbers.has(number));
  }

  /** The slots that have a number besides `numbers`. */
  except(numbers: ReadonlySet<ColumnNumber>): SlotTest {
    return this.#test((number) => !numbers.has(number));
  }

  within(bounds: Bounds): SlotTest {
    const { low, high, hasLow, hasHigh } = intervalOf(bounds);
    const numbers = this.#numbers;
    return this.#test(
      (number) => withinBounds(number, bounds),
      // The loop of a range: nothing is called in it.
      (at) => {
        let word = 0;
        for (let bit = 0; bit < 32; bit += 1) {
          const number = numbers[at + bit] ?? Number.NaN;
          if (number >= low && number <= high && (hasLow || number !== low)) {
            if (hasHigh || number !== high) word |= 1 << bit;
          }
        }
        return word;
      },
    );
  }

  /** `fits` judges numbers, `wordAt` the 32 slots from one on. Made for the present state: it is not to outlive a write. */
  #test(
    fits: (number: ColumnNumber) => boolean,
    wordAt: (slot: number) => number = (slot) => this.#wordAt(slot, fits),
  ): SlotTest {
    const numbers = this.#numbers;
    const lists = this.#lists;
    const fitsAt = (slot: number): boolean => {
      const number = numbers[slot] ?? Number.NaN;
      return Number.isNaN(number) ? (lists.get(slot)?.some(fits) ?? false) : fits(number);
    };
    return {
      estimate: Math.min(this.#points, this.#sampled(fitsAt)),
      test: fitsAt,
      fill: (found) => {
        for (let slot = 0; slot < numbers.length; slot += 32) {
          const word = wordAt(slot);
          if (word !== 0) found.addWord(slot >>> 5, word);
        }
        for (const [slot, list] of lists) if (list.some(fits)) found.add(slot);
      },
    };
  }

  #wordAt(slot: number, fits: (number: ColumnNumber) => boolean): number {
    let word = 0;
    for (let bit = 0; bit < 32; bit += 1) {
      const number = this.#numbers[slot + bit] ?? Number.NaN;
      if (!Number.isNaN(number) && fits(number)) word |= 1 << bit;
    }
    return word;
  }

  #sampled(fits: (slot: number) => boolean): number {
    const step = Math.max(1, Math.floor(this.#numbers.length / sampleSize));
    let fitting = this.#lists.size;
    for (let slot = 0; slot < this.#numbers.length; slot += step) if (fits(slot)) fitting += step;
    return fitting;
  }

  /** How many points have each number: of all points, or of those in `among`. */
  counts(among: Iterable<number> | null): Map<ColumnNumber, number> {
    const found = new Map<ColumnNumber, number>();
    const count = (number: ColumnNumber): void => {
      found.set(number, (found.get(number) ?? 0) + 1);
    };
    if (among === null) {
      for (const number of this.#numbers) if (!Number.isNaN(number)) count(number);
      for (const numbers of this.#lists.values()) new Set(numbers).forEach(count);
    } else {
      for (const slot of among) new Set(this.numbersOf(slot)).forEach(count);
    }
    return found;
  }
}
