/** Texts cut into tokens as a text index does it. Source: qdrant 1.18.2, lib/segment/src/index/field_index/full_text_index/tokenizers. */
import { foldToAscii } from "./ascii-folding.ts";

export type TokenizerKind = "word" | "whitespace" | "prefix" | "multilingual";

export interface TokenizerOptions {
  readonly kind: TokenizerKind;
  readonly lowercase: boolean;
  readonly asciiFolding: boolean;
  readonly stopwords: ReadonlySet<string>;
  readonly stem: ((word: string) => string) | null;
  /** Characters (code points) that a token has at least and at most. */
  readonly minLength: number | null;
  readonly maxLength: number | null;
}

const words = /[\p{Alphabetic}\p{N}]+/gu;
const asciiWords = /[a-z0-9]+/gi;
const ascii = /^[\0-\x7f]*$/;
const runs = /\P{White_Space}+/gu;
const alphabetic = /\p{Alphabetic}/u;

/** Cuts texts; the same settings give the same tokens for texts and for what is searched in them. */
export class Tokenizer {
  readonly #options: TokenizerOptions;

  constructor(options: TokenizerOptions) {
    this.#options = options;
  }

  /** The tokens of a stored text, in order, repeated ones too. */
  document(text: string): string[] {
    switch (this.#options.kind) {
      case "word":
        return this.#processAll(wordsIn(text));
      case "whitespace":
        return this.#processAll(text.match(runs) ?? []);
      case "multilingual":
        return this.#processAll(multilingualWords(text));
      case "prefix":
        return wordsIn(text).flatMap((word) => this.#prefixes(word));
    }
  }

  /** The tokens of what is searched. */
  query(text: string): string[] {
    if (this.#options.kind !== "prefix") return this.document(text);
    return wordsIn(text).flatMap((word) => this.#longestPrefix(word) ?? []);
  }

  #processAll(tokens: readonly string[]): string[] {
    const found: string[] = [];
    for (const token of tokens) {
      const processed = this.#process(token, true);
      if (processed !== null) found.push(processed);
    }
    return found;
  }

  #process(token: string, checkMax: boolean): string | null {
    const { stopwords, minLength, maxLength } = this.#options;
    const cased = this.#foldAndCase(token);
    if (stopwords.has(cased)) return null;
    const stemmed = this.#options.stem?.(cased) ?? cased;
    if (minLength !== null && lengthOf(stemmed) < minLength) return null;
    if (checkMax && maxLength !== null && lengthOf(stemmed) > maxLength) return null;
    return stemmed;
  }

  #foldAndCase(token: string): string {
    const { asciiFolding, lowercase } = this.#options;
    const folded = asciiFolding ? foldToAscii(token) : token;
    return lowercase ? folded.toLowerCase() : folded;
  }

  #prefixes(word: string): string[] {
    const { minLength, maxLength } = this.#options;
    const processed = this.#process(word, false);
    if (processed === null) return [];
    const characters = [...processed];
    const longest = Math.min(maxLength ?? characters.length, characters.length);
    const found: string[] = [];
    for (let length = minLength ?? 1; length <= longest; length += 1)
      found.push(characters.slice(0, length).join(""));
    return found;
  }

  /** Stop words are searched too: they may begin a longer word. */
  #longestPrefix(word: string): string | null {
    const { minLength, maxLength } = this.#options;
    const cased = this.#foldAndCase(word);
    const characters = [...(this.#options.stem?.(cased) ?? cased)];
    if (minLength !== null && characters.length < minLength) return null;
    return characters.slice(0, maxLength ?? characters.length).join("");
  }
}

/** Runs of letters and digits. */
function wordsIn(text: string): string[] {
  return text.match(ascii.test(text) ? asciiWords : words) ?? [];
}

/** Code points of a text. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _character of text) length += 1;
  return length;
}

let segmenter: Intl.Segmenter | undefined;

/**
 * Words of any script, in lower case and without accents, by the dictionaries of ICU. Qdrant has its own (charabia,
 * vaporetto): where words are not set apart by spaces, the cuts may differ.
 */
function multilingualWords(text: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
  const found: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike !== true || !alphabetic.test(segment)) continue;
    const bare = segment
      .normalize("NFKD")
      .replace(/\p{Mn}+/gu, "")
      .toLowerCase();
    // Not spread into one call: a segment may hold any number of them ("a_b_c").
    for (const word of bare.match(words) ?? []) found.push(word);
  }
  return found;
}
