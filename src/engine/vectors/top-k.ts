import type { Nearest, Similarity, VectorSet } from "./vector-set.ts";

/** The k best of many: a heap whose root is the worst that is kept. Larger values are better; of equal ones the lower slot. */
export class TopK {
  readonly #limit: number;
  readonly #values: number[] = [];
  readonly #slots: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is below it is not kept. */
  get bound(): number {
    if (this.#limit === 0) return Number.POSITIVE_INFINITY;
    return this.#values.length < this.#limit
      ? Number.NEGATIVE_INFINITY
      : (this.#values[0] ?? Number.NEGATIVE_INFINITY);
  }

  offer(value: number, slot: number): void {
    const values = this.#values;
    const slots = this.#slots;
    if (values.length < this.#limit) {
      values.push(value);
      slots.push(slot);
      this.#up(values.length - 1);
      return;
    }
    const worst = values[0];
    if (worst === undefined || value < worst || (value === worst && slot > (slots[0] ?? 0))) return;
    values[0] = value;
    slots[0] = slot;
    this.#down();
  }

  /** What was kept, best first. */
  sorted(): { slot: number; value: number }[] {
    return this.#values
      .map((value, at) => ({ value, slot: this.#slots[at] ?? 0 }))
      .sort((one, other) => other.value - one.value || one.slot - other.slot);
  }

  /** What was kept, best first, in columns. */
  nearest(): Nearest {
    const kept = this.sorted();
    return { slots: kept.map(({ slot }) => slot), similarities: kept.map(({ value }) => value) };
  }

  #worse(one: number, other: number): boolean {
    const difference = (this.#values[one] ?? 0) - (this.#values[other] ?? 0);
    return (
      difference < 0 || (difference === 0 && (this.#slots[one] ?? 0) > (this.#slots[other] ?? 0))
    );
  }

  #swap(one: number, other: number): void {
    const value = this.#values[one] ?? 0;
    const slot = this.#slots[one] ?? 0;
    this.#values[one] = this.#values[other] ?? 0;
    this.#slots[one] = this.#slots[other] ?? 0;
    this.#values[other] = value;
    this.#slots[other] = slot;
  }

  #up(start: number): void {
    for (let at = start; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#worse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(): void {
    for (let at = 0; ; ) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#values.length && this.#worse(child, worst)) worst = child;
      }
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }
}

/** The nearest of `slots`, each asked by itself; those that have no vector in `set` are passed over. */
export function nearestOneByOne(
  set: Pick<VectorSet, "has">,
  slots: Iterable<number>,
  similarity: Similarity,
  limit: number,
): Nearest {
  const best = new TopK(limit);
  for (const slot of slots) if (set.has(slot)) best.offer(similarity(slot), slot);
  return best.nearest();
}
