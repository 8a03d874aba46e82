import { describe, expect, it } from "vitest";
import { cutTo, displayWidth, oneLine, printable } from "../../../src/util/display-width.ts";

describe("the width of a text in a terminal", () => {
  it.each([
    ["", 0],
    ["digi_core", 9],
    ["Größe", 5],
    ["Gro\u0308\u00dfe", 5],
    ["文書の集まり", 12],
    ["ﾃｷｽﾄ", 4],
    ["문서", 4],
    ["\u1106\u116e\u11ab", 2],
    ["😀", 2],
    ["❤", 1],
    ["❤\ufe0f", 2],
    ["🇩🇪", 2],
    ["ไทยกี่", 4],
    ["\u{20bb7}野家", 6],
  ])("of %j is %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it("is never too small for emoji that are joined of several", () => {
    expect(displayWidth("👩\u200d👩\u200d👧")).toBeGreaterThanOrEqual(2);
    expect(displayWidth("👍🏽")).toBeGreaterThanOrEqual(2);
  });
});

describe("a text that is cut to columns", () => {
  it("stays where it has room, and ends in a ~ where not", () => {
    expect(cutTo("digi_core", 9)).toBe("digi_core");
    expect(cutTo("digi_core", 8)).toBe("digi_co~");
    expect(cutTo("文書の集まり", 8)).toBe("文書の~");
    expect(cutTo("文書", 3)).toBe("文~");
    expect(cutTo("文書", 1)).toBe("~");
    expect(cutTo("文書", 0)).toBe("");
  });

  it("loses whole letters, with what stands over them", () => {
    expect(cutTo("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301~");
    expect(cutTo("🇩🇪🇫🇷", 3)).toBe("🇩🇪~");
  });

  it("takes no more than the columns, whatever is in it", () => {
    const signs = ["a", "文", "😀", "e\u0301", "👩\u200d👧", "🇩🇪", "❤\ufe0f"];
    for (let columns = 0; columns < 12; columns += 1)
      for (const one of signs)
        for (const other of signs)
          expect(displayWidth(cutTo(`${one}${other}`.repeat(4), columns))).toBeLessThanOrEqual(
            columns,
          );
  });
});

describe("what is printed", () => {
  it("moves no cursor, rings no bell and turns round no text", () => {
    expect(printable("a\x1b[2Jb\x07\u009b31mc\u202ed\r\ne\tf\rg")).toBe(
      "a\u{fffd}[2Jb\u{fffd}\u{fffd}31mc\u{fffd}d\r\ne\tf\u{fffd}g",
    );
    expect(oneLine("a\nb\r\n\tc")).toBe("a b c");
  });
});
