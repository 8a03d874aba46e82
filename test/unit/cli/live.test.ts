/** The live view: its lines as texts at every width, and what stands in a terminal while it is drawn over and over. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveScreen } from "../../../src/cli/output/live.ts";
import { liveLines, throughLine } from "../../../src/cli/output/live-table.ts";
import { Progress, type Row } from "../../../src/cli/output/progress.ts";
import type { MigrateEvent } from "../../../src/migrate/request.ts";
import { displayWidth } from "../../../src/util/display-width.ts";
import { seededRandom } from "../../../src/util/seeded-random.ts";
import { FakeTerminal } from "../../support/terminal.ts";

const row = (collection: string, given: Partial<Row> = {}): Row => ({
  collection,
  phase: "copy",
  done: 12_000,
  total: 50_000,
  bytes: 18_000_000,
  retries: 0,
  quarantined: 0,
  quarantinedBefore: 0,
  startedMs: 0,
  startedDone: 0,
  startedBytes: 0,
  updatedMs: 1_500,
  ...given,
});

const view = (rows: readonly Row[], given = {}) => ({
  phase: "copy",
  rows,
  nowMs: 1_500,
  waitsFor: "target",
  held: [],
  ...given,
});

describe("the live lines", () => {
  it("at 80 columns have every figure under its name", () => {
    const rows = [
      row("digi_core", { retries: 2, quarantined: 3 }),
      row("notes", { done: 500, total: 600 }),
    ];
    expect(liveLines(view(rows), 79, 20)).toEqual([
      "copy             records   %  rows/s   ETA     lag  retries  quar.  waits for",
      "digi_core  12,000/50,000  24   8,000  0:05  38,000        2      3  target",
      "notes            500/600  83     333  0:01     100                  target",
    ]);
  });

  it("have no column of which there is nothing to say", () => {
    const rows = [row("digi_core", { total: null, startedDone: 12_000 })];
    expect(liveLines(view(rows, { phase: "list", waitsFor: "source" }), 79, 20)).toEqual([
      "list       records  waits for",
      "digi_core   12,000  source",
    ]);
  });

  it("at 20 columns say how far it is and what it waits for", () => {
    const rows = [row("digi_core", { retries: 2, quarantined: 3 })];
    expect(liveLines(view(rows, { waitsFor: "retry 10 s" }), 19, 20)).toEqual([
      "copy   % waits for",
      "digi~ 24 retry 10 s",
    ]);
  });

  it("shorten figures before they drop them, and never round up", () => {
    const rows = [row("digi_core", { done: 9_999_999, total: 10_000_000, quarantined: 1_234 })];
    const lines = liveLines(view(rows), 45, 20);
    expect(lines).toEqual([
      "copy       records  % lag quar. waits for",
      "digi_core 9.9M/10M 99   1  1.2k target",
    ]);
  });

  it("stand under each other beside names in scripts of double width", () => {
    const rows = [row("文書の集まり"), row("😀 mail"), row("plain")];
    const lines = liveLines(view(rows), 79, 20);
    const ends = lines.map((line) =>
      displayWidth(line.slice(0, line.search(/ +(records|12,000)/))),
    );
    expect(lines[1]).toContain("文書の集まり  12,000/50,000");
    expect(lines[2]).toContain("😀 mail       12,000/50,000");
    expect(ends).toEqual([4, 12, 7, 5]);
  });

  it("take at most the columns and lines that there are, whatever is in them", () => {
    const random = seededRandom(20_261_122);
    const names = [
      "a",
      "文書の集まり",
      "👩\u200d👩\u200d👧 family",
      "x".repeat(200),
      "🇩🇪🇫🇷",
      "e\u0301e\u0301",
    ];
    for (let time = 0; time < 500; time += 1) {
      const number = (): number => Math.floor(10 ** (random() * 10));
      const rows = Array.from({ length: Math.floor(random() * 20) }, (_, at) =>
        row(`${names[Math.floor(random() * names.length)]}${at}`, {
          done: number(),
          total: random() < 0.2 ? null : number(),
          retries: random() < 0.5 ? 0 : number(),
          quarantined: random() < 0.5 ? 0 : number(),
        }),
      );
      const columns = 1 + Math.floor(random() * 120);
      const most = 1 + Math.floor(random() * 15);
      const held = random() < 0.5 ? [] : ["slowed: 文書 answers in 310 ms (limit 200)"];
      const lines = liveLines(view(rows, { held, waitsFor: "retry 10 s" }), columns, most);
      expect(lines.length).toBeLessThanOrEqual(most);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      for (const one of rows)
        expect(displayWidth(throughLine(one, 5_000, columns))).toBeLessThanOrEqual(columns);
    }
  });

  it("tell what is waited for before there is a collection", () => {
    const given = {
      phase: "plan",
      waitsFor: "retry 3 s",
      held: ["source failed (E_UNREACHABLE), asked again in 3 s (try 2)"],
    };
    expect(liveLines(view([], given), 40, 20)).toEqual([
      "plan  waits for retry 3 s",
      "source failed (E_UNREACHABLE), asked ag~",
    ]);
    expect(liveLines(view([], given), 19, 1)).toEqual(["plan: retry 3 s"]);
  });
});

describe("the line of a collection that is through", () => {
  it("says as much as has room", () => {
    const through = row("digi_core", { done: 50_000, retries: 2, quarantined: 3 });
    expect(throughLine(through, 5_000, 120)).toBe(
      "digi_core  copy  50,000 of 50,000 (100%)  10,000 rows/s  3.6 MB/s  2 retries  3 in quarantine",
    );
    expect(throughLine(through, 5_000, 60)).toBe(
      "digi_core  copy  50,000 of 50,000 (100%)  10,000 rows/s",
    );
    expect(throughLine(through, 5_000, 19)).toBe("digi_c~ copy 50,000");
  });
});

describe("a terminal", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const begin = (columns: number, rows?: number) => {
    const terminal = new FakeTerminal(columns, rows);
    const progress = new Progress();
    const screen = new LiveScreen(terminal, progress, () => Date.now());
    const tell = (event: MigrateEvent): void =>
      screen.event(event, progress.update(event, Date.now()));
    return { terminal, progress, screen, tell };
  };
  const copied = (collection: string, done: number, total: number): MigrateEvent => ({
    type: "progress",
    phase: "copy",
    collection,
    done,
    total,
    bytes: done * 1_000,
    quarantined: 0,
  });

  it("has nothing left of the live lines at the end, and every finished line, however often it was resized", () => {
    const random = seededRandom(7);
    for (let time = 0; time < 12; time += 1) {
      const { terminal, screen, tell } = begin(20 + Math.floor(random() * 100));
      const names = ["digi_core", "文書の集まり", "mail 😀"];
      tell({ type: "phase", phase: "copy", collection: "digi_core" });
      for (const name of names) {
        for (let done = 0; done <= 1_000; done += 50) {
          tell(copied(name, done, 1_000));
          vi.advanceTimersByTime(Math.floor(random() * 700));
          if (random() < 0.3) terminal.resize(20 + Math.floor(random() * 100));
          if (random() < 0.1) screen.line(`note ${name} ${done}`);
        }
      }
      screen[Symbol.dispose]();
      const finished = terminal.lines.filter((line) => !line.startsWith("note "));
      expect(finished).toHaveLength(names.length);
      for (const [at, line] of finished.entries())
        expect(line).toMatch(new RegExp(`^${names[at]?.slice(0, 2)}.*copy +1,000`));
      expect(terminal.tooLong.filter((line) => !line.startsWith("note "))).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it("counts down to the next try although nothing happens, and keeps the collection's line", () => {
    const { terminal, tell } = begin(80);
    tell({ type: "phase", phase: "copy", collection: "digi_core" });
    tell(copied("digi_core", 100, 1_000));
    tell({ type: "retry", end: "target", attempt: 3, delayMs: 9_000, code: "E_UNREACHABLE" });
    vi.advanceTimersByTime(1_100);
    expect(terminal.lines).toEqual([
      expect.stringMatching(/^copy +records/),
      expect.stringMatching(/^digi_core +100\/1,000 .* retry 8 s$/),
      "target failed (E_UNREACHABLE), asked again in 8 s (try 4)",
    ]);
    vi.advanceTimersByTime(7_000);
    expect(terminal.lines.at(-1)).toContain("again in 1 s");
    expect(terminal.lines).toHaveLength(3);
  });

  it.each([
    [80, ["connect  waits for retry 4 s", "target failed (E_SERVER), asked again in 4 s (try 2)"]],
    [20, ["connect: retry 4 s", "target failed (E_S~"]],
  ])(
    "at %i columns counts down before the first phase too, and then has nothing left of it",
    (columns, said) => {
      const { terminal, tell } = begin(columns);
      tell({ type: "retry", end: "target", attempt: 1, delayMs: 5_000, code: "E_SERVER" });
      vi.advanceTimersByTime(1_100);
      expect(terminal.lines).toEqual(said);
      vi.advanceTimersByTime(4_000);
      expect(terminal.lines).toEqual([]);
    },
  );

  it("of four rows keeps room for what is above, and one that does not tell its size is taken as usual", () => {
    const small = begin(20, 4);
    for (let at = 0; at < 10; at += 1) small.tell({ ...copied(`c${at}`, 1, 10) });
    small.tell({ type: "phase", phase: "copy", collection: "c9" });
    vi.advanceTimersByTime(600);
    expect(small.terminal.lines).toHaveLength(2);
    const none = begin(0, 0);
    none.tell({ type: "phase", phase: "copy", collection: "c" });
    none.tell(copied("c", 1, 10));
    vi.advanceTimersByTime(600);
    expect(none.terminal.lines[0]).toMatch(/records .*waits for/);
  });

  it("keeps the last sign of a line that is as long as it is wide, or twice as long", () => {
    const { terminal, screen, tell } = begin(20);
    tell({ type: "phase", phase: "copy", collection: "a" });
    tell(copied("a", 1, 10));
    const lines = ["x".repeat(20), "y".repeat(40)];
    for (const line of lines) screen.line(line);
    screen[Symbol.dispose]();
    expect(terminal.lines).toEqual(lines);
  });

  it("is not moved about by a name or a message", () => {
    const { terminal, screen, tell } = begin(80);
    tell({ type: "phase", phase: "copy", collection: "a" });
    tell(copied("a\x1b[2Jb\nc", 1, 10));
    screen.line("evil \x1b[H text");
    expect(terminal.lines.join("|")).toContain("evil \u{fffd}[H text|copy");
    expect(terminal.lines.join("|")).toContain("a\u{fffd}[2Jb c");
  });
});
