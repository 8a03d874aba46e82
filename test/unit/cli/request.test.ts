import { describe, expect, it } from "vitest";
import { runFlags, scopeFlags } from "../../../src/cli/flags.ts";
import { migrateRequest, verifyRequest } from "../../../src/cli/request.ts";
import { readSettings } from "../../../src/cli/setting.ts";
import { isVectorError } from "../../../src/errors.ts";
import type { MigrateRequest } from "../../../src/migrate/request.ts";
import type { Environment } from "../../../src/util/environment.ts";

const none: Environment = () => undefined;

function request(given: Readonly<Record<string, unknown>>): MigrateRequest {
  return migrateRequest(given, none, readSettings(runFlags, given, none).values);
}

function codeOf(given: Readonly<Record<string, unknown>>): string {
  try {
    request(given);
  } catch (error) {
    return isVectorError(error) ? error.code : String(error);
  }
  return "none";
}

describe("what migrate is asked", () => {
  it("without any flag is everything, left to source, journal and defaults", () => {
    expect(request({})).toEqual({
      scope: { collections: null, include: [], exclude: [], where: null, limit: null },
      shape: {
        layout: null,
        targetCollection: null,
        renames: new Map(),
        mapping: null,
        defaultTenant: null,
        idPrefixes: new Map(),
        vectorSize: null,
        distance: null,
      },
      settings: {
        indexes: [],
        quantization: null,
        hnsw: {},
        onDisk: null,
        shards: null,
        replicas: null,
      },
      batchSize: null,
      merge: false,
      restart: false,
      propagateDeletes: false,
      indexing: "after",
      waitGreen: false,
    });
  });

  it.each<[object, object]>([
    [{ enableQuantization: true }, { kind: "scalar", quantile: 0.99, alwaysRam: true }],
    [{ quantization: "scalar" }, { kind: "scalar" }],
    [
      { quantization: "scalar", quantizationQuantile: "0.9", alwaysRam: true },
      { kind: "scalar", quantile: 0.9, alwaysRam: true },
    ],
    [
      { enableQuantization: true, quantizationQuantile: "0.9" },
      { quantile: 0.9, alwaysRam: true },
    ],
    [{ quantization: "product" }, { kind: "product", compression: "x16" }],
    [{ quantization: "product", quantizationCompression: "x64" }, { compression: "x64" }],
    [{ quantization: "binary" }, { kind: "binary" }],
    [{ quantization: "binary", quantizationBits: "1.5" }, { bits: "one_and_half_bits" }],
    [
      { quantization: "turbo", quantizationBits: "4" },
      { kind: "turbo", bits: "bits4" },
    ],
  ])("with %j makes quantization %j", (given, expected) => {
    expect(request({ ...given }).settings.quantization).toMatchObject(expected);
  });

  it.each([
    [{ quantizationQuantile: "0.9" }],
    [{ alwaysRam: true }],
    [{ quantization: "product", quantizationQuantile: "0.9" }],
    [{ quantization: "scalar", quantizationCompression: "x4" }],
    [{ quantization: "scalar", quantizationBits: "1" }],
    [{ quantization: "binary", quantizationBits: "4" }],
    [{ quantization: "turbo", enableQuantization: true }],
  ])("with %j is a contradiction", (given) => {
    expect(codeOf(given)).toBe("E_USAGE");
  });

  it("keeps HNSW settings that are given, and only those", () => {
    expect(request({ hnswM: "0", fullScanThreshold: "10000" }).settings.hnsw).toEqual({
      m: 0,
      fullScanThreshold: 10_000,
    });
  });
});

describe("what verify is asked", () => {
  it("has a scope only when a flag gives one", () => {
    const asked = { targetOnly: false, sample: 5 };
    const scope = (given: object) =>
      verifyRequest(readSettings(scopeFlags, { ...given }, none).values, asked, null);
    expect(scope({})).toEqual({ scope: null, targetOnly: false, sample: 5, onRecord: null });
    expect(scope({ exclude: ["x*"] }).scope).toMatchObject({ collections: null, exclude: ["x*"] });
  });
});
