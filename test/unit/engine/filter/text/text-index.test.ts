import { describe, expect, it } from "vitest";
import { fitsText, TextIndex } from "../../../../../src/engine/filter/text/text-index.ts";
import { Tokenizer } from "../../../../../src/engine/filter/text/tokenizer.ts";

const tokenizer = new Tokenizer({
  kind: "word",
  lowercase: true,
  asciiFolding: false,
  stopwords: new Set(),
  stem: null,
  minLength: null,
  maxLength: null,
});

describe("TextIndex", () => {
  it("finds all words, any of them, or a phrase, which no text of an array lends to the next", () => {
    const index = new TextIndex(tokenizer, true);
    index.set(0, ["the quick brown fox"]);
    index.set(1, ["brown quick", "fox den"]);
    index.set(2, ["quick brown", "fox"]);
    expect([...index.matching("text", "fox quick", 3)]).toEqual([0, 1, 2]);
    expect([...index.matching("text", "fox unseen", 3)]).toEqual([]);
    expect([...index.matching("text-any", "the den unseen", 3)]).toEqual([0, 1]);
    expect([...index.matching("phrase", "Brown Fox", 3)]).toEqual([0]);
    expect([...index.matching("text", "", 3)]).toEqual([]);
    expect([...index.matching("phrase", "", 3)]).toEqual([]);
  });

  it("finds no phrase where it is not told to keep the order", () => {
    const index = new TextIndex(tokenizer, false);
    index.set(0, ["brown fox"]);
    expect(index.matching("phrase", "brown fox", 1).count).toBe(0);
  });

  it("forgets what is written over or taken away, however often", () => {
    const index = new TextIndex(tokenizer, true);
    for (let round = 0; round < 3000; round += 1) index.set(round % 7, [`word${round} common`]);
    index.set(3, []);
    expect([...index.matching("text", "common", 7)]).toEqual([0, 1, 2, 4, 5, 6]);
    expect([...index.matching("text", "word2998", 7)]).toEqual([2998 % 7]);
    expect([...index.matching("phrase", "word2997 common", 7)]).toEqual([2997 % 7]);
    expect(index.matching("text", "word2000", 7).count).toBe(0);
    expect(index.points).toBe(6);
  });

  it("cuts texts at the first search where that is left to it", () => {
    const index = new TextIndex(tokenizer, false);
    let filled = 0;
    index.postpone(() => {
      filled += 1;
      index.set(1, ["late"]);
    });
    index.set(1, ["late"]);
    expect([index.points, filled]).toEqual([1, 0]);
    expect([...index.matching("text", "late", 2)]).toEqual([1]);
    index.set(0, ["late too"]);
    expect([...index.matching("text", "late", 2)]).toEqual([0, 1]);
    expect(filled).toBe(1);
  });

  it("gives no answer where that fails, and tries again at the next search", () => {
    const index = new TextIndex(tokenizer, false);
    let fails = true;
    index.postpone(() => {
      index.set(0, ["late"]);
      if (fails) throw new Error("damaged");
      index.set(1, ["late"]);
    });
    expect(() => index.matching("text", "late", 2)).toThrow("damaged");
    expect(() => index.matching("text", "late", 2)).toThrow("damaged");
    fails = false;
    expect([...index.matching("text", "late", 2)]).toEqual([0, 1]);
  });
});

describe("fitsText", () => {
  const words = { tokenizer, phrases: true };

  it("judges one text as an index would", () => {
    expect(fitsText(words, "text", "a b c", "c A")).toBe(true);
    expect(fitsText(words, "text", "a b c", "")).toBe(false);
    expect(fitsText(words, "text-any", "a b c", "x b")).toBe(true);
    expect(fitsText(words, "phrase", "a b c", "b c")).toBe(true);
    expect(fitsText(words, "phrase", "a b c", "a c")).toBe(false);
    expect(fitsText({ tokenizer, phrases: false }, "phrase", "a b c", "b c")).toBe(false);
  });
});
