import { describe, expect, it } from "vitest";
import { VectorError } from "../../../src/errors.ts";
import { retry } from "../../../src/util/backoff.ts";

/** A call that fails `times` times with `error`, then gives the number of attempts. */
function failing(times: number, error: unknown): () => Promise<number> {
  let attempts = 0;
  return async () => {
    attempts += 1;
    if (attempts <= times) throw error;
    return attempts;
  };
}

const passing = new VectorError("E_SERVER", "busy");
const fast = { baseMs: 1, maxMs: 4 };

describe("retry", () => {
  it("tries again until the call succeeds and tells each failure", async () => {
    const told: number[] = [];
    const result = await retry(failing(3, passing), {
      ...fast,
      onRetry: (error, failed) => told.push(error === passing ? failed : -1),
    });
    expect(result).toBe(4);
    expect(told).toEqual([1, 2, 3]);
  });

  it("throws the last error when the attempts are used up", async () => {
    const run = failing(9, passing);
    await expect(retry(run, { ...fast, attempts: 3 })).rejects.toBe(passing);
    expect(await retry(failing(2, passing), { ...fast, attempts: 3 })).toBe(3);
  });

  it("does not repeat what is final or not our own", async () => {
    for (const error of [
      new VectorError("E_AUTH", "no"),
      new VectorError("E_SERVER", "final", { retryable: false }),
      new TypeError("bug"),
    ]) {
      let attempts = 0;
      const call = retry(async () => {
        attempts += 1;
        throw error;
      }, fast);
      await expect(call).rejects.toBe(error);
      expect(attempts).toBe(1);
    }
  });

  it("waits at most the growing bound, and never less than the server asked for", async () => {
    const waits: number[] = [];
    await retry(failing(5, passing), {
      baseMs: 2,
      maxMs: 8,
      onRetry: (_error, _failed, waitMs) => waits.push(waitMs),
    });
    expect(waits.map((waitMs, i) => waitMs <= Math.min(8, 2 * 2 ** i))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    const asked = new VectorError("E_RATE_LIMITED", "slow down", { retryAfterMs: 60 });
    const start = performance.now();
    await retry(failing(1, asked), fast);
    expect(performance.now() - start).toBeGreaterThanOrEqual(55);
  });

  it("hands a wait of more than five minutes to the caller", async () => {
    const asked = new VectorError("E_RATE_LIMITED", "come back tomorrow", {
      retryAfterMs: 86_400_000,
    });
    await expect(retry(failing(1, asked), fast)).rejects.toBe(asked);
  });

  it("ends a wait with E_ABORTED as soon as the signal aborts", async () => {
    const start = performance.now();
    const call = retry(
      failing(1, new VectorError("E_RATE_LIMITED", "slow down", { retryAfterMs: 60_000 })),
      { signal: AbortSignal.timeout(30) },
    );
    await expect(call).rejects.toMatchObject({ code: "E_ABORTED" });
    expect(performance.now() - start).toBeLessThan(30_000);
    await expect(retry(failing(0, passing), { signal: AbortSignal.abort() })).rejects.toMatchObject(
      { code: "E_ABORTED" },
    );
  });
});
