import { describe, expect, it } from "vitest";
import { parseMapping, readMapping } from "../../../src/cli/mapping.ts";
import { isVectorError } from "../../../src/errors.ts";

function failure(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (isVectorError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a tenant mapping", () => {
  it("is JSON with comments of both kinds, also inside which quotes stand", () => {
    const text = `# tenants "of" {2026}
{ // the first
  "a": "one", # "b": "no"
  "https://x#y": "two // not a comment",
  "\\u00fc\\"": "drei"
} // end`;
    expect([...parseMapping(text, "m.json")]).toEqual([
      ["a", "one"],
      ["https://x#y", "two // not a comment"],
      ['ü"', "drei"],
    ]);
  });

  it("may be empty", () => {
    expect(parseMapping("\n{ }\n", "m.json").size).toBe(0);
  });

  it("takes a name like __proto__ as any other", () => {
    expect([...parseMapping('{"__proto__": "t"}', "m.json")]).toEqual([["__proto__", "t"]]);
  });

  it.each([
    ["not JSON", "hello", 1, "hello"],
    ["nothing", "", 1, "the end of the file"],
    ["a list", "\n[1]", 2, "[1]"],
    ["a missing comma", '{"a": "x"\n"b": "y"}', 2, '"b"'],
    ["a trailing comma", '{"a": "x",\n}', 2, "}"],
    ["an open string", '{"a": "x\n}', 1, "not JSON"],
    ["an open object", '{"a": "x"\n', 2, "the end of the file"],
    ["text behind", '{}\n\n{"a": "b"}', 3, "{"],
    ["a number", '{\n\n"a": 3}', 3, "3"],
    ["an object as tenant", '{"a": {"b": "c"}}', 1, "{"],
    ["null", '{\n"a": null}', 2, '"a" is mapped to nothing'],
    ["an empty tenant", '{"b":"x",\n"a": ""}', 2, '"a" is mapped to nothing'],
    ["a name twice", '{"a": "x",\n"a": "y"}', 2, "stands there twice"],
    ["a broken escape", '{"a": "\\x"}', 1, "not JSON"],
  ])("of %s is refused with its line", (_, text, line, words) => {
    const { code, message } = failure(() => parseMapping(text, "m.json"));
    expect(code).toBe("E_MAPPING");
    expect(message).toContain(`m.json, line ${line}:`);
    expect(message).toContain(words);
  });

  it("that cannot be read is named with its flag", () => {
    const { code, message } = failure(() => readMapping("/nowhere/m.json"));
    expect(code).toBe("E_CONFIG");
    expect(message).toContain("--tenant-mapping");
    expect(message).toContain("ENOENT");
  });
});
