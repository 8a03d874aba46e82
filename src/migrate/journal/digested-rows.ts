/** Records with the digests of what stands for them at the target, as the journal takes them. */
import { digestBytes } from "../../model/digest.ts";
import { digestAt } from "../digests.ts";

/** Records that follow one another in the journal, and their digests, one behind the other. */
interface DigestedRun {
  readonly first: number;
  readonly last: number;
  readonly digests: Uint8Array;
}

/** In columns: an object for each record, and a view of its digest, would cost a batch as much as its statement. */
export class DigestedRows {
  readonly ordinals: number[] = [];
  #digests: Uint8Array;

  /** `capacity`: how many will likely come. */
  constructor(capacity = 0) {
    this.#digests = new Uint8Array(capacity * digestBytes);
  }

  /** These rows of a batch, whose digests stand in `digests`; those without an ordinal are left out. */
  static of(
    rows: readonly number[],
    ordinalAt: (row: number) => number | undefined,
    digests: Uint8Array,
  ): DigestedRows {
    const some = new DigestedRows(rows.length);
    for (const row of rows) {
      const ordinal = ordinalAt(row);
      if (ordinal !== undefined) some.add(ordinal, digests, row);
    }
    return some;
  }

  get length(): number {
    return this.ordinals.length;
  }

  /** The digest stands in `digests` behind `row` others. */
  add(ordinal: number, digests: Uint8Array, row = 0): void {
    const start = this.length * digestBytes;
    if (start === this.#digests.length) this.#widen();
    for (let at = 0; at < digestBytes; at += 1)
      this.#digests[start + at] = digests[row * digestBytes + at] ?? 0;
    this.ordinals.push(ordinal);
  }

  /** The digest of the record that was added as this one, from 0; a view. */
  digestAt(place: number): Uint8Array {
    return digestAt(this.#digests, place);
  }

  /** All of them, ascending; a batch is mostly one run. The digests are views. */
  *runs(): Generator<DigestedRun> {
    if (!this.#isAscending()) {
      yield* this.#sorted().runs();
      return;
    }
    const { ordinals } = this;
    for (let start = 0; start < ordinals.length; ) {
      const first = ordinals[start] ?? 0;
      let end = start + 1;
      while (ordinals[end] === first + end - start) end += 1;
      const digests = this.#digests.subarray(start * digestBytes, end * digestBytes);
      yield { first, last: first + end - start - 1, digests };
      start = end;
    }
  }

  #isAscending(): boolean {
    const { ordinals } = this;
    for (let place = 1; place < ordinals.length; place += 1)
      if ((ordinals[place - 1] ?? 0) > (ordinals[place] ?? 0)) return false;
    return true;
  }

  #sorted(): DigestedRows {
    const sorted = new DigestedRows(this.length);
    const places = this.ordinals.map((ordinal, place) => ({ ordinal, place }));
    for (const { ordinal, place } of places.sort((one, other) => one.ordinal - other.ordinal))
      sorted.add(ordinal, this.#digests, place);
    return sorted;
  }

  #widen(): void {
    const wider = new Uint8Array(Math.max(64 * digestBytes, this.#digests.length * 2));
    wider.set(this.#digests);
    this.#digests = wider;
  }
}
