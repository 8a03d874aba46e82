import { describe, expect, it } from "vitest";
import { PageSize } from "../../../../src/adapters/chroma/quotas.ts";
import { RecordSize } from "../../../../src/adapters/chroma/record-size.ts";
import { VectorError } from "../../../../src/errors.ts";
import type { CollectionInfo } from "../../../../src/model/collection.ts";
import { blankCollection } from "../../../support/blank-collection.ts";

const mib = 1024 * 1024;

function collection(key: string, dimension: number | null): CollectionInfo {
  return blankCollection(key, { dimension });
}

describe("RecordSize", () => {
  it("keeps the first answers small enough whatever the components are, and goes by what they took then", () => {
    const size = new RecordSize(new PageSize(2000, false));
    const wide = collection("wide", 1536);
    const first = size.rows(wide, true);
    expect(first * 1536 * 24).toBeLessThan(6 * mib);
    expect(first).toBeGreaterThan(100);
    size.learn(wide, true, first, first * 18_000);
    expect(size.rows(wide, true)).toBe(Math.floor((6 * mib) / 18_000));
    // What is without vectors, and what is of another collection, is another matter.
    expect(size.rows(wide, false)).toBe(2000);
    expect(size.rows(collection("narrow", 8), true)).toBe(2000);
    expect(size.rows(collection("unknown", null), true)).toBe(2000);
  });

  it("takes larger records in at once, smaller ones by half, and an empty answer not at all", () => {
    const size = new RecordSize(new PageSize(2000, false));
    const any = collection("any", 2);
    size.learn(any, true, 10, 100_000);
    size.learn(any, true, 10, 10 * mib);
    expect(size.rows(any, true)).toBe(6);
    size.learn(any, true, 0, 20);
    expect(size.rows(any, true)).toBe(6);
    size.learn(any, true, 10, 20_000);
    expect(size.rows(any, true)).toBe(11);
  });

  it("asks for one record at least, and for no more than a page has", () => {
    const size = new RecordSize(new PageSize(300, true));
    const any = collection("any", 2);
    expect([size.rows(any, true), size.rowsMax]).toEqual([300, 300]);
    size.learn(any, true, 1, 100 * mib);
    expect(size.rows(any, true)).toBe(1);
    const refusal = new VectorError("E_SERVER", "too much", {
      details: { status: 422, figures: [300, 110] },
    });
    expect(size.isRefused(refusal, 300)).toBe(true);
    expect(size.rowsMax).toBe(110);
    size.learn(any, false, 100, 100);
    expect(size.rows(any, false)).toBe(110);
  });
});
