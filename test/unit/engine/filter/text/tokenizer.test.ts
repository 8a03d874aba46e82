import { describe, expect, it } from "vitest";
import { foldToAscii } from "../../../../../src/engine/filter/text/ascii-folding.ts";
import { stemEnglish } from "../../../../../src/engine/filter/text/english-stemmer.ts";
import { stemmerOf } from "../../../../../src/engine/filter/text/stemmer.ts";
import {
  Tokenizer,
  type TokenizerOptions,
} from "../../../../../src/engine/filter/text/tokenizer.ts";

function tokenizer(options: Partial<TokenizerOptions> = {}): Tokenizer {
  return new Tokenizer({
    kind: "word",
    lowercase: true,
    asciiFolding: false,
    stopwords: new Set(),
    stem: null,
    minLength: null,
    maxLength: null,
    ...options,
  });
}

describe("Tokenizer", () => {
  it("cuts words at all that is neither letter nor digit, of any script", () => {
    expect(tokenizer().document("Hello, World-42! Привет_мир")).toEqual([
      "hello",
      "world",
      "42",
      "привет",
      "мир",
    ]);
  });

  it("cuts at white space alone where it is told to, and keeps the case where it is told to", () => {
    expect(
      tokenizer({ kind: "whitespace", lowercase: false }).document(" C++ is\u0085Fun\t!"),
    ).toEqual(["C++", "is", "Fun", "!"]);
  });

  it("keeps every beginning of a stored word, and the longest one of a searched word", () => {
    const prefix = tokenizer({ kind: "prefix", minLength: 2, maxLength: 4 });
    expect(prefix.document("Hello ab c")).toEqual(["he", "hel", "hell", "ab"]);
    expect(prefix.query("Hello ab c")).toEqual(["hell", "ab"]);
  });

  it("leaves out stop words and what is too short or too long", () => {
    const stopwords = new Set(["the"]);
    const cut = tokenizer({ stopwords, minLength: 2, maxLength: 5 });
    expect(cut.document("The quick x fox 𝒳𝒴 elephant")).toEqual(["quick", "fox", "𝒳𝒴"]);
    // A stop word may begin a longer word.
    expect(tokenizer({ kind: "prefix", stopwords }).query("the")).toEqual(["the"]);
  });

  it("stems after stop words are gone, and folds before", () => {
    const cut = tokenizer({ stem: stemEnglish, asciiFolding: true, stopwords: new Set(["cafe"]) });
    expect(cut.document("Café running naïve flies")).toEqual(["run", "naiv", "fli"]);
  });

  it("finds words where no spaces are, without accents, by the dictionaries of ICU", () => {
    const cut = tokenizer({ kind: "multilingual" });
    expect(cut.document("Das Café 42")).toEqual(["das", "cafe"]);
    expect(cut.document("これはテストです").length).toBeGreaterThan(2);
  });
});

describe("foldToAscii", () => {
  it("tells letters with marks, ligatures and a few letters of their own in ASCII, and leaves the rest", () => {
    expect(foldToAscii("Crème brûlée, Straße, Łódź, ﬁn, Ærø")).toBe(
      "Creme brulee, Strasse, Lodz, fin, AEro",
    );
    expect(foldToAscii("мир 日本")).toBe("мир 日本");
  });
});

describe("stemmerOf", () => {
  it.each([
    ["german", "häuser", "haus"],
    ["french", "continuellement", "continuel"],
    ["russian", "возможности", "возможн"],
    ["tamil", "வீடுகள்", "வீடு"],
    ["armenian", "գրքեր", "գրքեր"],
    ["english", "flies", "fli"],
  ])("has one for %s", (language, word, stem) => {
    expect(stemmerOf(language)(word)).toBe(stem);
  });
});

describe("multilingual words", () => {
  it("are found in a segment of any number of them", () => {
    const text = "a_".repeat(300_000);
    expect(tokenizer({ kind: "multilingual" }).document(text)).toHaveLength(300_000);
  });
});

describe("stemEnglish", () => {
  it.each([
    ["generously", "generous"],
    ["relational", "relat"],
    ["conditional", "condit"],
    ["hopping", "hop"],
    ["hoping", "hope"],
    ["agreed", "agre"],
    ["skies", "sky"],
    ["ties", "tie"],
    ["proceeds", "proceed"],
    ["electricity", "electr"],
    ["sayings", "say"],
    ["controlling", "control"],
    ["by", "by"],
    ["Yellow", "Yellow"],
    ["BYTES", "BYTES"],
    ["isYounger", "isYoung"],
    ["Yesterday", "yesterday"],
  ])("brings %s to %s", (word, stem) => {
    expect(stemEnglish(word)).toBe(stem);
  });
});
