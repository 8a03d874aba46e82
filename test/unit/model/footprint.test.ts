import { describe, expect, it } from "vitest";
import {
  embeddedFootprint,
  type FootprintInput,
  footprint,
  footprintParts,
} from "../../../src/model/footprint.ts";

const million: FootprintInput = {
  points: 1_000_000,
  dimension: 384,
  m: 16,
  payloadBytes: 300,
  indexedValues: [],
  quantization: null,
  vectorsInRam: true,
};

describe("footprint", () => {
  it("follows its formula for a million points of 384 dimensions", () => {
    expect(footprintParts(million)).toEqual({
      vectors: 1_536_000_000,
      quantized: 0,
      links: 80_000_000,
      payload: 384_000_000,
      payloadIndexes: 0,
    });
    expect(footprint(million).ramBytes).toBe(1_536_000_000 + 80_000_000 + 40_000_000);
  });

  it.each([
    ["scalar", { kind: "scalar" }, 388_000_000],
    ["product x16", { kind: "product", compression: "x16" }, 96_000_000 + 1024 * 384],
    ["product x64", { kind: "product", compression: "x64" }, 24_000_000 + 1024 * 384],
    ["binary", { kind: "binary" }, 48_000_000],
    ["binary, 2 bits", { kind: "binary", bits: "two_bits" }, 96_000_000],
    ["turbo, 4 bits", { kind: "turbo", bits: "bits4" }, 200_000_000],
    ["turbo, 1 bit", { kind: "turbo", bits: "bits1" }, 56_000_000],
  ] as const)("knows the size of %s", (_, quantization, quantized) => {
    const input = { ...million, quantization, vectorsInRam: false };
    expect(footprintParts(input).quantized).toBe(quantized);
    const plain = footprint(million);
    const found = footprint(input);
    expect(found.ramBytes).toBe(plain.ramBytes - 1_536_000_000 + quantized);
    expect(found.diskBytes).toBe(plain.diskBytes + quantized);
  });

  it("links are never above 8·m bytes a point, and none without a graph", () => {
    for (const points of [2, 1000, 1e6, 4e9])
      expect(footprintParts({ ...million, points }).links / points).toBeLessThanOrEqual(128);
    expect(footprintParts({ ...million, m: 0 }).links).toBe(0);
  });

  it("counts payload indexes by points and by different values", () => {
    const indexed = footprintParts({ ...million, indexedValues: [20, 1_000_000] });
    expect(indexed.payloadIndexes).toBe(64_000_000 + 80 * 1_000_020);
  });

  it("an empty collection takes the pages that are made ahead, and no memory", () => {
    const { ramBytes, diskBytes } = footprint({ ...million, points: 0 });
    expect(ramBytes).toBe(0);
    expect(diskBytes).toBe(100 * 1024 * 1024);
  });

  it("of an embedded Qdrant has neither graph nor pages", () => {
    expect(embeddedFootprint(million)).toEqual({
      ramBytes: 1_536_000_000 + 600_000_000,
      diskBytes: 1_536_000_000 + 332_000_000,
    });
  });
});
