import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { JsonLines } from "../../../src/cli/output/json.ts";
import { Output } from "../../../src/cli/output/output.ts";
import { duration, Progress, ratesOf, rowText } from "../../../src/cli/output/progress.ts";
import { type Screen, TextScreen } from "../../../src/cli/output/text.ts";
import type { MigrateEvent } from "../../../src/migrate/request.ts";
import type { Slowing } from "../../../src/store/pace.ts";

/** A stream that keeps what is written to it. */
class Sink extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

const copied = (done: number, bytes = done * 1000, total: number | null = 1000): MigrateEvent => ({
  type: "progress",
  phase: "copy",
  collection: "a",
  done,
  total,
  bytes,
  quarantined: 0,
});

const throttled = (slowing: Slowing | null, isNew: boolean): MigrateEvent => ({
  type: "throttled",
  end: "source",
  slowing,
  isNew,
});

describe("progress", () => {
  it("measures from where this run began, not from where the first one did", () => {
    const progress = new Progress();
    progress.update(copied(400, 0), 0);
    const row = progress.update(copied(600, 200_000), 2_000);
    expect(row && ratesOf(row, 2_000)).toEqual({
      rowsPerSecond: 100,
      bytesPerSecond: 100_000,
      etaSeconds: 4,
    });
    expect(row && rowText(row, 2_000)).toBe(
      "a  copy  600 of 1,000 (60%)  100 rows/s  0.1 MB/s  ETA 0:04  lag 400",
    );
  });

  it("says no rate and no end where none is known", () => {
    const progress = new Progress();
    const row = progress.update(copied(400, 0, null), 0);
    expect(row && rowText(row, 0)).toBe("a  copy  400");
  });

  it("counts retries at the collection that is at work", () => {
    const progress = new Progress();
    progress.update(copied(1), 0);
    const retry = {
      type: "retry",
      end: "target",
      attempt: 1,
      delayMs: 5,
      code: "E_TIMEOUT",
    } as const;
    progress.update(retry, 1);
    const row = progress.update(retry, 2);
    expect(row && rowText(row, 50)).toContain("2 retries");
  });

  it("says why it is slower than it could be, for both ends, and nothing at the end of a phase", () => {
    const progress = new Progress();
    const row = progress.update(copied(500), 0);
    progress.update(throttled({ by: "latency", latencyMs: 1310, limitMs: 200 }, true), 0);
    const held = () => ({ slowed: progress.slowed, waitsFor: progress.waitsFor(0) });
    expect(row && rowText(row, 0, held())).toBe(
      "a  copy  500 of 1,000 (50%)  lag 500  waits for own limit  slowed: source answers in 1,310 ms (limit 200)",
    );
    const rate = { by: "rate", rowsPerSecond: 500 } as const;
    progress.update(throttled(rate, true), 0);
    progress.update({ type: "throttled", end: "target", slowing: rate, isNew: true }, 0);
    expect(progress.slowed).toBe("500 rows/s at most");
    const whole = progress.update(copied(1000), 0);
    expect(whole && rowText(whole, 0, held())).not.toMatch(/slowed|waits/);
    progress.update(throttled(null, true), 0);
    progress.update({ type: "throttled", end: "target", slowing: null, isNew: true }, 0);
    expect(progress.slowed).toBeNull();
  });

  it("prints times as people write them", () => {
    expect([0.2, 59.5, 61, 3_729].map(duration)).toEqual(["0:01", "1:00", "1:01", "1:02:09"]);
  });
});

describe("words without a terminal", () => {
  it("are a line when a phase begins, and one a collection every ten seconds", () => {
    const sink = new Sink();
    const progress = new Progress();
    let now = 0;
    const screen: Screen = new TextScreen(sink, progress, () => now);
    const tell = (event: MigrateEvent, atMs: number): void => {
      now = atMs;
      screen.event(event, progress.update(event, atMs));
    };
    tell({ type: "phase", phase: "copy", collection: "a" }, 0);
    for (let second = 1; second <= 25; second += 1) tell(copied(second * 10), second * 1_000);
    expect(sink.lines).toEqual([
      "a: copy",
      expect.stringMatching(/^a {2}copy {2}100 of 1,000/),
      expect.stringMatching(/^a {2}copy {2}200 of 1,000/),
    ]);
  });

  it("have one when the run begins to be slowed down, and one when it is not any more", () => {
    const sink = new Sink();
    const progress = new Progress();
    const screen = new TextScreen(sink, progress, () => 0);
    const slowing = { by: "latency", latencyMs: 310, limitMs: 200 } as const;
    const rate = { by: "rate", rowsPerSecond: 500 } as const;
    for (const event of [
      throttled(slowing, true),
      throttled({ ...slowing, latencyMs: 400 }, false),
      throttled(null, true),
      throttled(rate, true),
      { ...throttled(rate, true), end: "target" } as const,
    ]) {
      progress.update(event, 0);
      screen.event(event);
    }
    expect(sink.lines).toEqual([
      "slowed: source answers in 310 ms (limit 200)",
      "not slowed any more",
      "slowed: 500 rows/s at most",
    ]);
  });
});

describe("JSON lines", () => {
  it("bear the format and their type; a collection's progress comes once a second, and its end always", () => {
    const sink = new Sink();
    let now = 0;
    const json = new JsonLines(
      sink,
      (text) => text,
      () => now,
    );
    for (let done = 0; done <= 1_000; done += 100) {
      json.event(copied(done), null);
      now += 300;
    }
    const lines = sink.lines.map((line) => JSON.parse(line));
    expect(lines.map(({ done }) => done)).toEqual([0, 400, 800, 1_000]);
    expect(lines[0]).toEqual({
      format: 1,
      type: "progress",
      phase: "copy",
      collection: "a",
      done: 0,
      total: 1_000,
      bytes: 0,
      quarantined: 0,
      slowed: null,
    });
  });

  it("say once that an end is slowed down, and why in each line of progress until it is not", () => {
    const sink = new Sink();
    const json = new JsonLines(
      sink,
      (text) => text,
      () => 0,
    );
    const progress = new Progress();
    const tell = (event: MigrateEvent): void => {
      progress.update(event, 0);
      json.event(event, progress.slowed);
    };
    const slowing = { by: "latency", latencyMs: 310, limitMs: 200 } as const;
    tell(throttled(slowing, true));
    tell(throttled({ ...slowing, latencyMs: 290 }, false));
    tell(copied(1_000));
    tell(throttled(null, true));
    tell(copied(1_000));
    const lines = sink.lines.map((line) => JSON.parse(line));
    expect(lines.map(({ type, slowed }) => [type, slowed])).toEqual([
      ["throttled", "source answers in 310 ms (limit 200)"],
      ["progress", "source answers in 290 ms (limit 200)"],
      ["throttled", null],
      ["progress", null],
    ]);
    expect(lines[0]).toMatchObject({ end: "source", slowing });
  });
});

describe("the output of a run", () => {
  const outputs = (json: boolean) => {
    const stdout = new Sink();
    const stderr = new Sink();
    const redact = (text: string): string => text.replaceAll("s3cr3tkey", "***");
    return { stdout, stderr, output: new Output({ stdout, stderr, json, redact }) };
  };

  it("has words on stdout, warnings and failures on stderr", () => {
    const { stdout, stderr, output } = outputs(false);
    output.result("result", { exit: 0 }, "Done.");
    output.warn("Look.");
    output.fail({ code: "E_X" }, "It broke.");
    expect(stdout.text).toBe("Done.\n");
    expect(stderr.text).toBe("Warning: Look.\nError: It broke.\n");
  });

  it("with --json has nothing but JSON on stdout, and all words on stderr", () => {
    const { stdout, stderr, output } = outputs(true);
    output.event({ type: "note", text: "A note." });
    output.result("result", { exit: 0 }, "Done.");
    output.warn("Look.");
    output.fail({ code: "E_X" }, "It broke.");
    expect(stdout.lines.map((line) => JSON.parse(line).type)).toEqual([
      "note",
      "result",
      "warning",
      "error",
    ]);
    expect(stderr.text).toBe("A note.\nDone.\nWarning: Look.\nError: It broke.\n");
  });

  it("has no key in it, wherever one comes from", () => {
    const { stdout, stderr, output } = outputs(true);
    output.event({ type: "note", text: "The server says s3cr3tkey." });
    output.result("result", { text: "s3cr3tkey" }, "s3cr3tkey");
    output.warn("s3cr3tkey");
    output.fail({ message: "s3cr3tkey" }, "s3cr3tkey");
    expect(stdout.text + stderr.text).not.toContain("s3cr3tkey");
  });
});
