/** One payload field's values by slot, each kept as the number of an entry in a dictionary: keywords, UUIDs, truth values. */
import { roomFor } from "./grow.ts";
import type { SlotTest } from "./slot-test.ts";

export type ColumnValue = string | boolean;

/** What stands at a slot besides the numbers of entries. */
const none = 0;
const several = 1;

export class ValueColumn {
  #codes = new Uint32Array(0);
  /** The entries of slots that have more than one, by slot. */
  readonly #lists = new Map<number, readonly number[]>();
  readonly #dictionary = new Map<ColumnValue, number>();
  /** The values of the entries, and at how many slots each stands. */
  readonly #values: (ColumnValue | null)[] = [null, null];
  readonly #counts: number[] = [0, 0];
  readonly #free: number[] = [];
  #points = 0;

  /** Points that have a value. */
  get points(): number {
    return this.#points;
  }

  /** Puts `values` in place of what the slot has; equal ones count once. */
  set(slot: number, values: readonly ColumnValue[]): void {
    this.#remove(slot);
    const distinct = values.length > 1 ? [...new Set(values)] : values;
    const [first] = distinct;
    if (first === undefined) return;
    if (slot >= this.#codes.length) {
      const grown = new Uint32Array(roomFor(slot + 1, this.#codes.length));
      grown.set(this.#codes);
      this.#codes = grown;
    }
    this.#points += 1;
    if (distinct.length === 1) {
      this.#codes[slot] = this.#take(first);
    } else {
      this.#codes[slot] = several;
      this.#lists.set(
        slot,
        distinct.map((value) => this.#take(value)),
      );
    }
  }

  #remove(slot: number): void {
    const code = this.#codes[slot] ?? none;
    if (code === none) return;
    this.#points -= 1;
    this.#codes[slot] = none;
    if (code !== several) {
      this.#release(code);
      return;
    }
    for (const each of this.#lists.get(slot) ?? []) this.#release(each);
    this.#lists.delete(slot);
  }

  #take(value: ColumnValue): number {
    const known = this.#dictionary.get(value);
    if (known !== undefined) {
      this.#counts[known] = (this.#counts[known] ?? 0) + 1;
      return known;
    }
    const code = this.#free.pop() ?? this.#values.length;
    this.#dictionary.set(value, code);
    this.#values[code] = value;
    this.#counts[code] = 1;
    return code;
  }

  #release(code: number): void {
    const left = (this.#counts[code] ?? 1) - 1;
    this.#counts[code] = left;
    const value = this.#values[code] ?? null;
    if (left > 0 || value === null) return;
    this.#dictionary.delete(value);
    this.#values[code] = null;
    this.#free.push(code);
  }

  /** The slots that have one of `values`. */
  matching(values: Iterable<ColumnValue>): SlotTest {
    const codes = [...new Set(values)].flatMap((value) => this.#dictionary.get(value) ?? []);
    const estimate = codes.reduce((sum, code) => sum + (this.#counts[code] ?? 0), 0);
    const [only] = codes;
    if (codes.length === 1 && only !== undefined) {
      // The loop that searches for a tenant: nothing is called in it.
      const column = this.#codes;
      return this.#test(
        estimate,
        (code) => code === only,
        (at) => {
          let word = 0;
          for (let bit = 0; bit < 32; bit += 1) if (column[at + bit] === only) word |= 1 << bit;
          return word;
        },
      );
    }
    const wanted = new Uint8Array(this.#values.length);
    for (const code of codes) wanted[code] = 1;
    return this.#test(estimate, (code) => wanted[code] === 1);
  }

  /** The slots that have a value besides `values`. */
  except(values: Iterable<ColumnValue>): SlotTest {
    const unwanted = new Uint8Array(this.#values.length);
    for (const value of values) unwanted[this.#dictionary.get(value) ?? none] = 1;
    return this.#test(this.#points, (code) => unwanted[code] === 0);
  }

  /** `fits` judges entries, `wordAt` the 32 slots from one on. Made for the present state: it is not to outlive a write. */
  #test(
    estimate: number,
    fits: (code: number) => boolean,
    wordAt: (slot: number) => number = (slot) => this.#wordAt(slot, fits),
  ): SlotTest {
    const codes = this.#codes;
    const lists = this.#lists;
    const fitsList = (slot: number): boolean => lists.get(slot)?.some(fits) ?? false;
    return {
      estimate,
      test: (slot) => {
        const code = codes[slot] ?? none;
        return code > several ? fits(code) : code === several && fitsList(slot);
      },
      fill: (found) => {
        if (estimate === 0) return;
        for (let slot = 0; slot < codes.length; slot += 32) {
          const word = wordAt(slot);
          if (word !== 0) found.addWord(slot >>> 5, word);
        }
        for (const slot of lists.keys()) if (fitsList(slot)) found.add(slot);
      },
    };
  }

  #wordAt(slot: number, fits: (code: number) => boolean): number {
    let word = 0;
    for (let bit = 0; bit < 32; bit += 1) {
      const code = this.#codes[slot + bit] ?? none;
      if (code > several && fits(code)) word |= 1 << bit;
    }
    return word;
  }

  /** How many points have each value: of all points, or of those in `among`. */
  counts(among: Iterable<number> | null): Map<ColumnValue, number> {
    const counts = among === null ? this.#counts : this.#countAmong(among);
    const found = new Map<ColumnValue, number>();
    for (let code = several + 1; code < this.#values.length; code += 1) {
      const value = this.#values[code] ?? null;
      const points = counts[code] ?? 0;
      if (value !== null && points > 0) found.set(value, points);
    }
    return found;
  }

  #countAmong(among: Iterable<number>): Uint32Array {
    const counts = new Uint32Array(this.#values.length);
    for (const slot of among) {
      const code = this.#codes[slot] ?? none;
      const codes = code === several ? (this.#lists.get(slot) ?? []) : [code];
      for (const each of codes) counts[each] = (counts[each] ?? 0) + 1;
    }
    return counts;
  }
}
