import { describe, expect, it } from "vitest";
import { PayloadDecoder } from "../../../src/model/layout.ts";
import { keepsMetadataApart, plainRecord } from "../../../src/model/plain-record.ts";
import { parsePlain, parsePlainObject } from "../../../src/util/json.ts";

const point = "00000000-0000-5000-8000-00000000000a";
const texts = [
  '{"document":"text","metadata":{"a":1,"b":[2.5,null]},"tenant_id":"acme","_vecferry":{"id":"1","norm":"2.5","created_at":"2026-11-22T02:30:00.000Z"}}',
  '{"document":null,"metadata":{},"_vecferry":{"id":"","run":"r","uri":"u","collection":"c"}}',
  '{"page_content":"text","metadata":{"a":9007199254740993},"tenant_id":"t","_vecferry":{"id":"é"}}',
  '{"document":1,"metadata":[1],"tenant_id":2,"_vecferry":{"id":"x","norm":3,"created_at":4},"more":5}',
  '{"document":"d","metadata":{"__proto__":1,"constructor":2},"_vecferry":{"id":"toString"}}',
];

describe("a record out of plain values", () => {
  it.each(texts)("is the one that its text has: %s", (text) => {
    for (const layout of ["vecferry", "langchain"] as const) {
      const { id, document, tenant, metadata, createdAt, norm } = new PayloadDecoder(layout).decode(
        text,
        point,
      );
      expect(plainRecord(parsePlainObject(text) ?? {}, layout)).toEqual({
        id,
        document,
        tenant,
        metadata: parsePlain(metadata ?? "null"),
        createdAt,
        norm,
      });
    }
  });

  it.each([
    "{}",
    '{"document":"d"}',
    '{"document":"d","_vecferry":"id"}',
    '{"document":"d","_vecferry":{"id":1}}',
    '{"document":"d","metadata":{"a":0.1},"_vecferry":{"id":"1","exact":{"/a":"0.1000000000000000055"}}}',
  ])("is none where its text says more: %s", (text) => {
    expect(plainRecord(parsePlainObject(text) ?? {}, "vecferry")).toBeNull();
  });

  it("is read in the layouts that keep metadata apart, and in no other", () => {
    expect(["vecferry", "langchain"].map((one) => keepsMetadataApart(one as "vecferry"))).toEqual([
      true,
      true,
    ]);
    for (const layout of ["flat", "llamaindex"] as const) {
      expect(keepsMetadataApart(layout)).toBe(false);
      expect(plainRecord(parsePlainObject(texts[0] ?? "") ?? {}, layout)).toBeNull();
    }
  });
});
