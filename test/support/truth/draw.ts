/** Choices that a seed decides, and JSON texts for bodies in which 2.0 stays 2.0. */
import { seededRandom } from "../../../src/util/seeded-random.ts";

/** A JSON value of a request; `float` makes numbers that are written with a point. */
export type Body = unknown;

const rawJson = (JSON as unknown as { rawJSON(text: string): object }).rawJSON;

/** A number with a point however round it is: 2 is written `2.0`. */
export function float(value: number): object {
  return rawJson(Number.isInteger(value) ? `${value}.0` : String(value));
}

/** An integer of more digits than a double holds. */
export function digits(text: string): object {
  return rawJson(text);
}

/** Draws numbers, items and lists; the same seed draws the same. */
export class Draw {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** An integer from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A number in [-1, 1], never 0, of so many decimals that distances hardly ever are the same. */
  component(): number {
    return (this.chance(0.5) ? 1 : -1) * (this.int(1, 1_000_000) / 1_000_000);
  }

  of<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new Error("Nothing to draw from.");
    return items[this.int(0, items.length - 1)] as Item;
  }

  /** One of the makers is called, each as often as its weight says. */
  weighted<Made>(makers: readonly (readonly [weight: number, make: () => Made])[]): Made {
    let left = this.#next() * makers.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of makers) {
      left -= weight;
      if (left < 0) return make();
    }
    throw new Error("Nothing to draw from.");
  }

  list<Item>(least: number, most: number, make: () => Item): Item[] {
    return Array.from({ length: this.int(least, most) }, make);
  }

  /** Some of the items, each once, `least` of them or more. */
  some<Item>(items: readonly Item[], least = 0): Item[] {
    const left = [...items];
    const size = this.int(Math.min(least, left.length), left.length);
    return Array.from({ length: size }, () => left.splice(this.int(0, left.length - 1), 1)).flat();
  }

  /** `members` without those that a coin takes away; a maker is called only where its member stays. */
  maybe(probability: number, members: { readonly [key: string]: () => unknown }): object {
    return Object.fromEntries(
      Object.entries(members)
        .filter(() => this.chance(probability))
        .map(([key, make]) => [key, make()]),
    );
  }
}
