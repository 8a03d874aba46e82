import { describe, expect, it } from "vitest";
import { optimalBatchSize } from "../../../src/model/batch-size.ts";

describe("optimalBatchSize", () => {
  it("is target bytes over 4 × dimension + payload", () => {
    const size = { dimension: 1536, payloadBytes: 2000 };
    const targetBytes = 2 * 1024 * 1024;
    expect(optimalBatchSize({ ...size, targetBytes })).toBe(
      Math.floor(targetBytes / (4 * 1536 + 2000)),
    );
  });

  it("aims at 100 MiB unless it is said", () => {
    expect(optimalBatchSize({ dimension: 1536, payloadBytes: 60_000 })).toBe(
      Math.floor((100 * 1024 * 1024) / (4 * 1536 + 60_000)),
    );
  });

  it("stays between 100 and 5,000", () => {
    expect(optimalBatchSize({ dimension: 2, payloadBytes: 10 })).toBe(5000);
    expect(optimalBatchSize({ dimension: 65_536, payloadBytes: 1_000_000 })).toBe(100);
  });

  it("lets the ends' own bounds go before the clamp", () => {
    expect(optimalBatchSize({ dimension: 2, payloadBytes: 10, rowsMax: [null, 300, 41_666] })).toBe(
      300,
    );
    expect(
      optimalBatchSize({
        dimension: 65_536,
        payloadBytes: 1_000_000,
        bodyBytesMax: 32 * 1024 * 1024,
      }),
    ).toBe(13);
    expect(
      optimalBatchSize({
        dimension: 65_536,
        payloadBytes: 40_000_000,
        bodyBytesMax: 32 * 1024 * 1024,
      }),
    ).toBe(1);
  });
});
