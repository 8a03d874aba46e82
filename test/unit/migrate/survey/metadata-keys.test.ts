import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MetadataKeys, type ValueType } from "../../../../src/migrate/survey/metadata-keys.ts";

function keysOf(...texts: string[]) {
  const keys = new MetadataKeys();
  for (const text of texts) keys.add(text);
  return keys;
}

function typesOf(text: string): Record<string, unknown> {
  const found = keysOf(text).keys();
  return Object.fromEntries(found.map(({ key, types }) => [key, Object.keys(types)[0]]));
}

describe("MetadataKeys", () => {
  it("tells the types apart as they are written: 2, 2.0 and 2e0 are three texts and two types", () => {
    expect(
      typesOf(
        '{"i":2,"f":2.0,"e":2e0,"s":"2","t":true,"n":null,"o":{"a":[1]},"big":9007199254740993}',
      ),
    ).toEqual({
      i: "integer",
      f: "float",
      e: "float",
      s: "string",
      t: "boolean",
      n: "null",
      o: "object",
      big: "integer",
    });
  });

  it("names lists by what is in them", () => {
    expect(
      typesOf('{"a":["x","y"],"b":[1, 2],"c":[1.5],"d":[false],"e":[1,"x"],"f":[],"g":[[1]]}'),
    ).toEqual({
      a: "string[]",
      b: "integer[]",
      c: "float[]",
      d: "boolean[]",
      e: "mixed[]",
      f: "mixed[]",
      g: "mixed[]",
    });
  });

  it("counts records, types, ranges, different values, and the most frequent key first", () => {
    const [first, second] = keysOf('{"a":3}', '{"a":-1.5,"b":"x"}', '{"a":"text"}').keys();
    expect(first).toMatchObject({
      key: "a",
      records: 3,
      types: { integer: 1, float: 1, string: 1 },
      distinct: 3,
      min: -1.5,
      max: 3,
      meanLength: 4,
    });
    expect(second).toMatchObject({ key: "b", records: 1, min: null, max: null, meanLength: 1 });
  });

  it("knows dates and UUIDs where every string is one", () => {
    const uuid = "6c84fb90-12c4-11e1-840d-7b25c5ee775a";
    const keys = keysOf(
      `{"day":"2026-11-21","at":"2026-11-21T10:00:00Z","id":"${uuid}","mixed":"${uuid}"}`,
      `{"day":"2026-11-22","at":"2026-11-21T10:00:00.5+01:00","id":"${uuid}","mixed":"no"}`,
    );
    const forms = Object.fromEntries(keys.keys().map(({ key, form }) => [key, form]));
    expect(forms).toEqual({ day: "datetime", at: "datetime", id: "uuid", mixed: null });
  });

  it("takes one key in two spellings for one", () => {
    const keys = keysOf('{"\\u0061":1}', '{"a":2}', '{"a\\u0000b":1}').keys();
    expect(keys.map(({ key, records }) => [key, records])).toEqual([
      ["a", 2],
      ["a\0b", 1],
    ]);
  });

  it("keeps a bounded number of keys apart and estimates how many more there are", () => {
    const keys = new MetadataKeys();
    for (let index = 0; index < 2000; index += 1) keys.add(`{"key${index}":1,"common":2}`);
    expect(keys.keys()).toHaveLength(256);
    expect(keys.keys()[0]).toMatchObject({ key: "common", records: 2000 });
    expect(keys.more).toBeGreaterThan(1650);
    expect(keys.more).toBeLessThan(1850);
  });

  it("names the layouts that keep a key for themselves, also beyond its bound", () => {
    const keys = new MetadataKeys();
    for (let index = 0; index < 300; index += 1) keys.add(`{"key${index}":1}`);
    keys.add('{"document":1,"tenant_id":2}');
    keys.add('{"doc_id":"x"}');
    expect(keys.reserved()).toEqual([
      { layout: "flat", records: 1, keys: ["document", "tenant_id"] },
      { layout: "llamaindex", records: 2, keys: ["doc_id", "tenant_id"] },
    ]);
  });

  it("does not count the nodes that LlamaIndex wrote among what its layout keeps for itself", () => {
    const node = '"_node_content":"{\\"id_\\":\\"n\\"}","_node_type":"TextNode","doc_id":"d"';
    expect(keysOf(`{${node}}`).reserved()).toEqual([]);
    expect(keysOf(`{${node},"tenant_id":"t"}`, '{"doc_id":"d"}').reserved()).toContainEqual(
      expect.objectContaining({ layout: "llamaindex", records: 2 }),
    );
  });

  it.each(["", "[]", '{"a"}', '{"a":1', "{a:1}", '{"a":1,}', "null", '{"a":1} x'])(
    "refuses %j",
    (text) => {
      expect(() => keysOf(text)).toThrow(SyntaxError);
    },
  );

  it("agrees with JSON.parse on random metadata", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), value, { maxKeys: 8 }), (object) => {
        expect(typesOf(JSON.stringify(object))).toEqual(
          Object.fromEntries(Object.entries(object).map(([key, one]) => [key, plainType(one)])),
        );
      }),
    );
  });
});

function plainType(value: unknown): ValueType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "string[]";
  if (typeof value === "string") return "string";
  return typeof value === "boolean" ? "boolean" : "integer";
}
