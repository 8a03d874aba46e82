import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Layout, layouts } from "../../../src/model/collection.ts";
import {
  conflicts,
  type DecodedPayload,
  PayloadDecoder,
  reservedKeys,
} from "../../../src/model/layout.ts";
import type { PointBatch } from "../../../src/model/record.ts";
import { canonicalJson } from "../../../src/util/canonical.ts";
import { encodePayload } from "../../support/encode-payload.ts";

const point = "00000000-0000-5000-8000-000000000001";

function batchOf(record: Partial<DecodedPayload>): PointBatch {
  return {
    ids: [record.id ?? "id"],
    vectors: new Map(),
    payload: {
      documents: [record.document ?? null],
      uris: [record.uri ?? null],
      metadata: [record.metadata ?? null],
    },
    placement: {
      points: [point],
      tenants: [record.tenant ?? null],
      norms: Float64Array.of(record.norm ?? Number.NaN),
      runs: [record.run ?? null],
      collections: [record.collection ?? null],
      createdAt: [record.createdAt ?? null],
      rest: [null],
    },
  };
}

function encode(record: Partial<DecodedPayload>, layout: Layout): string {
  return encodePayload(batchOf(record), 0, layout);
}

function decode(text: string, layout: Layout): DecodedPayload {
  return new PayloadDecoder(layout).decode(text, point);
}

/** Types matter, the order of keys and the spelling of a float do not. */
function canonical(decoded: DecodedPayload): DecodedPayload {
  return {
    ...decoded,
    metadata: decoded.metadata === null ? null : canonicalJson(decoded.metadata),
    rest: decoded.rest === null ? null : canonicalJson(decoded.rest),
  };
}

const text = fc.string({ unit: "binary" });
const numberText = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => {
    const digits = String(value);
    return /^-?\d+$/.test(digits) ? `${digits}.0` : digits;
  }),
  fc.constantFrom("2", "2.0", "-0.0", "9007199254740993", "5e-324", "1.7976931348623157e308"),
);
const json: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    numberText,
    text.map((value) => JSON.stringify(value)),
    fc.constantFrom("null", "true", "false"),
    fc.array(tie("value"), { maxLength: 4 }).map((values) => `[${values.join(",")}]`),
    fc.dictionary(text, tie("value"), { maxKeys: 4 }).map(joinObject),
  ),
})).value;
const metadata = fc.dictionary(
  fc.oneof(text, fc.constantFrom("a", "__proto__", "a/b", "a~b", "", "1", "constructor")),
  json,
  { maxKeys: 6 },
);

function joinObject(members: Record<string, string>): string {
  return `{${Object.entries(members)
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    .join(",")}}`;
}

const record = fc.record({
  id: text,
  document: fc.option(text),
  uri: fc.option(text),
  metadata: fc.option(metadata.map(joinObject)),
  tenant: fc.option(text),
  norm: fc.oneof(fc.constant(Number.NaN), fc.double({ noNaN: true })),
  run: fc.option(fc.constant("0123456789abcdef")),
  collection: fc.option(text),
});

/** A payload as a server gives it back that reads floats with two roundings. */
function throughServer(payload: string): string {
  return payload.replace(/"(?:[^"\\]|\\.)*"|(\d+)\.(\d{14,})/g, (token, whole, fraction) =>
    whole === undefined
      ? token
      : String(Number(BigInt(whole + fraction)) / Number(`1e${fraction.length}`)),
  );
}

describe.each(layouts)("layout %s", (layout) => {
  it("gives every record back as it was", () => {
    fc.assert(
      fc.property(record, (given) => {
        fc.pre(conflicts(given.metadata, layout).length === 0);
        const back = canonical(decode(encode(given, layout), layout));
        const wanted = canonical({ ...given, createdAt: null, rest: null });
        expect(back).toEqual({
          ...wanted,
          metadata: wanted.metadata === "{}" ? null : wanted.metadata,
        });
      }),
      { numRuns: 300 },
    );
  });

  it("tells when an application wrote a record, and carries it on in what is left", () => {
    const createdAt = "2026-11-22T02:30:00.000Z";
    const decoded = decode(encode({ id: "a", createdAt }, layout), layout);
    expect(decoded).toMatchObject({ id: "a", createdAt });
    expect(decoded.rest).toBe(`{"_vecferry":{"created_at":"${createdAt}"}}`);
  });

  it("writes JSON whose integers and floats are told apart", () => {
    const given = { metadata: '{"i":2,"f":2.0,"big":9007199254740993,"list":[1,1.0]}' };
    const payload = encode(given, layout);
    expect(payload).toContain('"i":2,"f":2.0,"big":9007199254740993,"list":[1,1.0]');
    expect(() => JSON.parse(payload)).not.toThrow();
  });

  it("gives floats back bit for bit although the server rounds them twice", () => {
    const given = { metadata: '{"a":[94.52706955539223,1.5],"b":{"c/d~e":23.308445025757262}}' };
    const answered = throughServer(encode(given, layout));
    expect(answered).toContain('"a":[94.52706955539225,');
    expect(decode(answered, layout)).toMatchObject({ ...given, rest: null });
  });

  it("lets a changed float be seen although the number is noted", () => {
    const given = { metadata: '{"a":94.52706955539223}' };
    const payload = encode(given, layout).replace('"a":94.52706955539223', '"a":94.527069555');
    const { metadata: found, rest } = decode(payload, layout);
    expect(found).toBe('{"a":94.527069555}');
    expect(rest).toContain('"exact":{"/a":"94.52706955539223"}');
  });

  it("shows every alteration of a payload", () => {
    const given = {
      id: "x",
      document: "text",
      uri: "file:///x",
      metadata: '{"a":1}',
      tenant: "acme",
      norm: 12.345678901234567,
      run: "0123456789abcdef",
      collection: "source",
    };
    const payload = encode(given, layout);
    const before = JSON.stringify(canonical(decode(payload, layout)));
    const altered = alterations(JSON.parse(payload));
    expect(altered.length).toBeGreaterThan(20);
    for (const other of altered) {
      const after = JSON.stringify(canonical(decode(other, layout)));
      expect(after, other).not.toBe(before);
    }
  });

  it("leaves a payload that is not ours whole in rest", () => {
    for (const payload of ['{"a":1}', '{"_vecferry":1,"document":"x"}', '{"_vecferry":{"id":1}}']) {
      expect(decode(payload, layout)).toMatchObject({ id: null, rest: payload });
    }
  });

  it("names the metadata keys that meet its own", () => {
    const all = joinObject(Object.fromEntries(reservedKeys(layout).map((key) => [key, "1"])));
    const apart = layout === "vecferry" || layout === "langchain";
    expect(conflicts(all, layout)).toEqual(apart ? [] : reservedKeys(layout));
    expect(conflicts('{"other":1}', layout)).toEqual([]);
  });
});

/** The payload with one thing altered at a time, at every depth of two: key taken away, value changed, key added. */
function alterations(payload: Record<string, unknown>): string[] {
  const found: string[] = [];
  const at = (object: Record<string, unknown>, write: (changed: unknown) => unknown) => {
    for (const [key, value] of Object.entries(object)) {
      const { [key]: _gone, ...without } = object;
      found.push(JSON.stringify(write(without)));
      for (const other of [7, true, null, "other", ["x"], { y: 1 }])
        found.push(JSON.stringify(write({ ...object, [key]: other })));
      if (value !== null && typeof value === "object" && !Array.isArray(value))
        at(value as Record<string, unknown>, (changed) => write({ ...object, [key]: changed }));
    }
    found.push(JSON.stringify(write({ ...object, extra: 1 })));
  };
  at(payload, (changed) => changed);
  return found;
}

describe("the payloads of each layout", () => {
  const given = { id: "a", document: "hello é", metadata: '{"k":1}', tenant: "acme" };

  it("vecferry keeps document and metadata apart", () => {
    expect(JSON.parse(encode(given, "vecferry"))).toEqual({
      document: "hello é",
      metadata: { k: 1 },
      tenant_id: "acme",
      _vecferry: { id: "a" },
    });
    expect(JSON.parse(encode({}, "vecferry"))).toEqual({
      document: null,
      metadata: {},
      _vecferry: { id: "id" },
    });
  });

  it("flat puts metadata at the top", () => {
    expect(JSON.parse(encode(given, "flat"))).toEqual({
      k: 1,
      document: "hello é",
      tenant_id: "acme",
      _vecferry: { id: "a" },
    });
  });

  it("langchain has page_content, and none where there is no document", () => {
    expect(JSON.parse(encode(given, "langchain"))).toMatchObject({
      page_content: "hello é",
      metadata: { k: 1 },
    });
    expect(JSON.parse(encode({}, "langchain"))).not.toHaveProperty("page_content");
  });

  it("llamaindex has a text node under the point's id", () => {
    const payload = JSON.parse(encode(given, "llamaindex"));
    expect(payload).toMatchObject({ k: 1, _node_type: "TextNode", ref_doc_id: "None" });
    expect(JSON.parse(payload._node_content)).toMatchObject({
      id_: point,
      text: "hello é",
      metadata: { k: 1 },
      class_name: "TextNode",
    });
  });
});
