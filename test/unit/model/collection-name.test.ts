import { describe, expect, it } from "vitest";
import { assertCollectionName } from "../../../src/model/collection-name.ts";

describe("assertCollectionName", () => {
  it.each(["a", "docs.v2-final_1", "日本語", "with space", "...", "x".repeat(255)])(
    "takes %j",
    (name) => {
      expect(() => assertCollectionName(name)).not.toThrow();
    },
  );

  it.each([
    ["", "empty"],
    [".", "address"],
    ["..", "address"],
    ["x".repeat(256), "255 bytes"],
    ["é".repeat(128), "255 bytes"],
    ...Array.from('<>:"/\\|?*\0\u001f', (character) => [
      `a${character}b`,
      JSON.stringify(character),
    ]),
  ])("refuses %j and says why", (name, why) => {
    expect(() => assertCollectionName(name)).toThrow(
      expect.objectContaining({ code: "E_NAME", message: expect.stringContaining(why) }),
    );
  });
});
