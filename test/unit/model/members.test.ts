import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Members } from "../../../src/model/members.ts";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { sliceObject } from "../../../src/util/json.ts";

function membersOf(text: string): Members {
  const members = new Members();
  members.read(text);
  return members;
}

const object = fc
  .dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { maxKeys: 6 })
  .map((value) => JSON.stringify(value, null, 1));

describe("members of an object", () => {
  it("are those that slicing gives, and join to the same object", () => {
    const members = new Members();
    fc.assert(
      fc.property(object, (text) => {
        const slices = sliceObject(text);
        members.read(text);
        expect(members.size).toBe(slices.size);
        expect(canonicalJson(members.join())).toBe(canonicalJson(text));
        for (const [key, raw] of slices) expect(members.take(key)).toBe(raw);
        expect([members.size, members.join()]).toEqual([0, "{}"]);
      }),
    );
  });

  it("are taken once, and only as what they are", () => {
    const members = membersOf('{"text":"a\\n","object":{"a":1},"number":2.0}');
    expect(members.takeString("object")).toBeNull();
    expect(members.takeObject("text")).toBeNull();
    expect(members.takeString("none")).toBeNull();
    expect(members.takeString("text")).toBe("a\n");
    expect(members.takeString("text")).toBeNull();
    expect(members.takeObject("object")).toBe('{"a":1}');
    members.put("more", "[]");
    expect([members.size, members.join()]).toEqual([2, '{"number":2.0,"more":[]}']);
    expect(members.takeOthers(["more", "text"])).toBe('{"number":2.0}');
    expect([members.size, members.join()]).toEqual([1, '{"more":[]}']);
  });

  it("are known by their keys, however these are spelled", () => {
    expect(membersOf('{"\\u0061b":1}').take("ab")).toBe("1");
    expect(membersOf('{"a\\"":1}').take('a"')).toBe("1");
    expect(membersOf('{"a":1}').take('a":1')).toBeNull();
    expect(membersOf('{"ab":1}').take("a")).toBeNull();
  });

  it.each(['{"a":1,"a":2}', '{"a":1,"\\u0061":2}'])("are the last of two: %s", (text) => {
    const members = membersOf(text);
    expect(members.take("a")).toBe("2");
    expect([members.size, members.take("a")]).toEqual([0, null]);
  });

  it("of one object leave nothing to the next", () => {
    const members = membersOf('{"a":1,"b":"\\n"}');
    members.put("c", "2");
    members.read('{"b":3}');
    expect([members.size, members.join()]).toEqual([1, '{"b":3}']);
  });

  it.each([
    "",
    "[]",
    "{",
    '{"a"}',
    '{"a":1',
    '{"a":1,}',
    '{"a":1 "b":2}',
    '{"a":1}}',
    "{a:1}",
    '{,"a":1}',
  ])("are refused in %j", (text) => {
    expect(() => membersOf(text)).toThrow(SyntaxError);
  });
});
