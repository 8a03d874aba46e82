/** One payload field's texts by slot: which tokens stand in which points, and in what order where phrases are searched. */
import { roomFor, SlotBits } from "../grow.ts";
import { SlotSet } from "../slot-set.ts";
import type { Tokenizer } from "./tokenizer.ts";

export type TextMatch = "text" | "text-any" | "phrase";

/** Stands between the texts of an array, so that no phrase reaches from one into the next. */
const boundary = "\0";
/** Documents that are gone may be this many more than those that stand before the lists are made anew. */
const goneMax = 1024;

/** Ascending numbers. */
class Posting {
  numbers = new Uint32Array(4);
  length = 0;

  push(number: number): void {
    if (this.length > 0 && this.numbers[this.length - 1] === number) return;
    if (this.length === this.numbers.length) {
      const grown = new Uint32Array(Math.ceil(this.length * 1.5));
      grown.set(this.numbers);
      this.numbers = grown;
    }
    this.numbers[this.length] = number;
    this.length += 1;
  }

  has(number: number): boolean {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low < this.length && this.numbers[low] === number;
  }
}

/**
 * Every text that is written gets a number of its own, higher than all before, so that lists are only added to; a text that
 * is written over or taken away leaves its number behind.
 */
export class TextIndex {
  readonly tokenizer: Tokenizer;
  /** Whether the order of tokens is kept. */
  readonly phrases: boolean;
  /** Gives every text to `set`; null once that is done. Until then only is known which points have one. */
  #fill: (() => void) | null = null;
  readonly #present = new SlotBits();
  #postings = new Map<string, Posting>();
  /** A document's tokens in order, by number; only where phrases are searched. */
  #orders: (readonly string[] | null)[] = [];
  /** Slot of each number, and number of each slot (0 = none). */
  #slots: number[] = [0];
  #numbers = new Uint32Array(0);
  #gone = 0;

  constructor(tokenizer: Tokenizer, phrases: boolean) {
    this.tokenizer = tokenizer;
    this.phrases = phrases;
  }

  /** Points that have a text. */
  get points(): number {
    return this.#present.count;
  }

  /** Leaves the cutting of texts to the first search, which calls `fill`. */
  postpone(fill: () => void): void {
    this.#fill = fill;
  }

  /** Puts `texts` in place of what the slot has. */
  set(slot: number, texts: readonly string[]): void {
    if (this.#fill !== null) {
      this.#present.set(slot, texts.length > 0);
      return;
    }
    if ((this.#numbers[slot] ?? 0) !== 0) {
      this.#numbers[slot] = 0;
      this.#gone += 1;
    }
    this.#present.set(slot, texts.length > 0);
    if (texts.length > 0) this.#add(slot, texts);
    if (this.#gone > this.#present.count + goneMax) this.#compact();
  }

  #add(slot: number, texts: readonly string[]): void {
    const tokens: string[] = [];
    for (const text of texts) {
      if (this.phrases && tokens.length > 0) tokens.push(boundary);
      for (const token of this.tokenizer.document(text)) tokens.push(token);
    }
    if (slot >= this.#numbers.length) {
      const grown = new Uint32Array(roomFor(slot + 1, this.#numbers.length));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    const number = this.#slots.length;
    this.#slots.push(slot);
    this.#numbers[slot] = number;
    if (this.phrases) this.#orders[number] = tokens;
    for (const token of tokens) {
      let posting = this.#postings.get(token);
      if (posting === undefined) {
        posting = new Posting();
        this.#postings.set(token, posting);
      }
      posting.push(number);
    }
  }

  #compact(): void {
    const slots = [0];
    const orders: (readonly string[] | null)[] = [];
    const fresh = new Uint32Array(this.#slots.length);
    for (let number = 1; number < this.#slots.length; number += 1) {
      const slot = this.#slots[number] ?? 0;
      if (this.#numbers[slot] !== number) continue;
      fresh[number] = slots.length;
      if (this.phrases) orders[slots.length] = this.#orders[number] ?? null;
      slots.push(slot);
    }
    const postings = new Map<string, Posting>();
    for (const [token, posting] of this.#postings) {
      const kept = new Posting();
      for (const number of posting.numbers.subarray(0, posting.length)) {
        const now = fresh[number] ?? 0;
        if (now !== 0) kept.push(now);
      }
      if (kept.length > 0) postings.set(token, kept);
    }
    for (let number = 1; number < slots.length; number += 1)
      this.#numbers[slots[number] ?? 0] = number;
    this.#postings = postings;
    this.#slots = slots;
    this.#orders = orders;
    this.#gone = 0;
  }

  /** The slots whose texts fit, for slots below `slots`. Without positions no phrase fits, as in Qdrant. */
  matching(kind: TextMatch, text: string, slots: number): SlotSet {
    const fill = this.#fill;
    this.#fill = null;
    try {
      fill?.();
    } catch (error) {
      // Half of the texts are no answer: the next search tries again.
      this.#fill = fill;
      throw error;
    }
    const found = new SlotSet(slots);
    if (kind === "phrase") {
      if (this.phrases) this.#findPhrase(this.tokenizer.document(text), found);
      return found;
    }
    const tokens = [...new Set(this.tokenizer.query(text))];
    if (kind === "text") {
      for (const number of this.#withAll(tokens)) found.add(this.#slots[number] ?? 0);
      return found;
    }
    for (const token of tokens) {
      const posting = this.#postings.get(token);
      for (const number of posting?.numbers.subarray(0, posting.length) ?? []) {
        const slot = this.#slots[number] ?? 0;
        if (this.#numbers[slot] === number) found.add(slot);
      }
    }
    return found;
  }

  #findPhrase(phrase: readonly string[], found: SlotSet): void {
    for (const number of this.#withAll([...new Set(phrase)]))
      if (hasPhrase(this.#orders[number] ?? [], phrase)) found.add(this.#slots[number] ?? 0);
  }

  /** The numbers of the texts that stand and have all tokens. */
  *#withAll(tokens: readonly string[]): Generator<number> {
    const postings: Posting[] = [];
    for (const token of tokens) {
      const posting = this.#postings.get(token);
      if (posting === undefined) return;
      postings.push(posting);
    }
    postings.sort((one, other) => one.length - other.length);
    const [rarest, ...others] = postings;
    if (rarest === undefined) return;
    for (const number of rarest.numbers.subarray(0, rarest.length)) {
      if (this.#numbers[this.#slots[number] ?? 0] !== number) continue;
      if (others.every((posting) => posting.has(number))) yield number;
    }
  }
}

/** Whether the tokens of `phrase` stand in `tokens` one behind the other. */
function hasPhrase(tokens: readonly string[], phrase: readonly string[]): boolean {
  if (phrase.length === 0) return false;
  for (let at = 0; at + phrase.length <= tokens.length; at += 1)
    if (phrase.every((token, step) => tokens[at + step] === token)) return true;
  return false;
}

/** Whether one text fits: how a text index judges a payload's value by itself. */
export function fitsText(
  { tokenizer, phrases }: Pick<TextIndex, "tokenizer" | "phrases">,
  kind: TextMatch,
  stored: string,
  wanted: string,
): boolean {
  const there = tokenizer.document(stored);
  if (kind === "phrase") return phrases && hasPhrase(there, tokenizer.document(wanted));
  const known = new Set(there);
  const asked = tokenizer.query(wanted);
  if (kind === "text-any") return asked.some((token) => known.has(token));
  return asked.length > 0 && asked.every((token) => known.has(token));
}
