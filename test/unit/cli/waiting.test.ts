import { describe, expect, it } from "vitest";
import { Waiting } from "../../../src/cli/output/waiting.ts";

describe("what a run waits for", () => {
  it("is the end that is called for most of the time", () => {
    const waiting = new Waiting();
    for (let at = 0; at < 5_000; at += 100) {
      waiting.call("source", 1, 4, at);
      waiting.call("source", -1, 4, at + 30);
      waiting.call("target", 1, 4, at + 30);
      waiting.call("target", -1, 4, at + 100);
    }
    expect(waiting.end(5_000)).toBe("target");
  });

  it("is the end whose places are taken, where calls to both are always under way", () => {
    const waiting = new Waiting();
    for (let calls = 0; calls < 2; calls += 1) waiting.call("source", 1, 8, 0);
    for (let calls = 0; calls < 4; calls += 1) waiting.call("target", 1, 4, 0);
    expect(waiting.end(3_000)).toBe("target");
    for (let calls = 0; calls < 6; calls += 1) waiting.call("source", 1, 8, 3_000);
    for (let calls = 0; calls < 3; calls += 1) waiting.call("target", -1, 4, 3_000);
    expect(waiting.end(8_000)).toBe("source");
  });

  it("is itself where neither is called for long, and follows what has changed", () => {
    const waiting = new Waiting();
    expect(waiting.end(0)).toBe("itself");
    waiting.call("source", 1, 1, 0);
    waiting.call("source", -1, 1, 50);
    expect(waiting.end(1_000)).toBe("itself");
    waiting.call("source", 1, 1, 1_000);
    expect(waiting.end(4_000)).toBe("source");
    waiting.call("source", -1, 1, 4_000);
    expect(waiting.end(12_000)).toBe("itself");
  });

  it("is a call that is tried again, until then or until something comes through", () => {
    const waiting = new Waiting();
    const retry = { end: "target", code: "E_TIMEOUT", attempt: 2, untilMs: 3_000 } as const;
    waiting.retry(retry);
    expect(waiting.retryAt(1_000)).toEqual(retry);
    expect(waiting.retryAt(3_000)).toBeNull();
    waiting.moved();
    expect(waiting.retryAt(1_000)).toBeNull();
  });
});
