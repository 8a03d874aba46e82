/** A run that must not hurt who else uses its ends, and who is told of it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { reportSchema } from "../../src/migrate/report-schema.ts";
import { runCli, startCli, temporaryFolder } from "../support/cli.ts";
import { madeVector, makeFolder } from "../support/make-folder.ts";
import { startStub } from "../support/stub.ts";
import { stubCollections, stubRecords } from "../support/stub-scene.ts";

const windows = process.platform === "win32";

interface Line {
  readonly type: string;
  readonly slowed?: string | null;
  readonly end?: string;
  readonly done?: number;
}

function jsonLines(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** A command for --on-event that keeps what it is told, and its environment, in `events.jsonl`. */
function keeper(cwd: string): string {
  const script = `
    const fs = require("node:fs");
    const event = JSON.parse(fs.readFileSync(0, "utf8"));
    fs.appendFileSync("events.jsonl", JSON.stringify({ ...event, env: process.env }) + "\\n");`;
  writeFileSync(join(cwd, "keep.cjs"), script);
  return `"${process.execPath}" keep.cjs`;
}

interface Kept {
  readonly event: string;
  readonly exit: number | null;
  readonly code?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

function kept(cwd: string): Kept[] {
  const file = join(cwd, "events.jsonl");
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("--max-rows-per-second", () => {
  it("is kept within a tenth, by copy and verify, and said", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    makeFolder(join(cwd, "chroma"), { records: 4000, dimension: 8, name: "made" });
    const args = ["./chroma", "embedded:./q", "--max-rows-per-second", "1000"];
    const run = await runCli(["migrate", ...args, "--json", "--report-file", "r.json"], { cwd });
    expect(run.status).toBe(0);
    const report = reportSchema.parse(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8")));
    expect(report.rates.recordsPerSecond).toBeGreaterThan(900);
    expect(report.rates.recordsPerSecond).toBeLessThan(1100);
    expect(report.phases["verify"]).toBeGreaterThan(3600);
    expect(report.phases["verify"]).toBeLessThan(4800);
    const lines = jsonLines(run.stdout);
    const said = lines.filter(({ type, slowed }) => type === "progress" && slowed != null);
    expect(said.length).toBeGreaterThan(3);
    expect(new Set(said.map(({ slowed }) => slowed))).toEqual(new Set(["1,000 rows/s at most"]));
    expect(run.stderr.match(/^slowed: 1,000 rows\/s at most$/gm)).toHaveLength(1);

    const env = { VECFERRY_MAX_ROWS_PER_SECOND: "2000" };
    const began = performance.now();
    expect((await runCli(["verify"], { cwd, env })).status).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(3600);
  });
});

describe("--max-source-latency-ms", () => {
  it("slows reading down while the source's answers are late, says so, and recovers", async () => {
    using folder = temporaryFolder();
    const records = 32_000;
    const answer = stubCollections(new Map([["books", stubRecords("b", records, 2)]]));
    let reads = 0;
    let inFlight = 0;
    let inFlightMax = 0;
    await using chroma = await startStub(async (request, response) => {
      if (!JSON.stringify(request.body ?? null).includes('"ids"')) return answer(request, response);
      reads += 1;
      inFlight += 1;
      const late = reads >= 40 && reads < 46;
      if (reads < 40) inFlightMax = Math.max(inFlightMax, inFlight);
      await new Promise((resolve) => setTimeout(resolve, late ? 700 : 60));
      inFlight -= 1;
      return answer(request, response);
    });
    const source = chroma.url.replace("http", "chroma");
    const flags = ["--max-source-latency-ms", "500", "--batch-size", "25", "--json"];
    const run = await runCli(["migrate", source, "embedded:./q", ...flags], { cwd: folder.path });
    expect(run.status).toBe(0);
    const changes = jsonLines(run.stdout).filter(({ type }) => type === "throttled");
    // On a busy machine further answers are late, truly.
    expect(changes.slice(0, 2)).toMatchObject([
      {
        end: "source",
        slowed: expect.stringMatching(/^source answers in [5-9]\d\d ms \(limit 500\)$/),
      },
      { end: "source", slowed: null },
    ]);
    expect(run.stderr).toMatch(/^slowed: source answers in [5-9]\d\d ms \(limit 500\)$/m);
    expect(run.stderr).toMatch(/^not slowed any more$/m);
    const progress = jsonLines(run.stdout).filter(({ slowed }) => slowed != null);
    expect(progress.length).toBeGreaterThan(3);
    expect(inFlightMax).toBeGreaterThan(1);
  });
});

describe("--on-event", () => {
  it("is told of being throttled, of quarantine and of the end; keys it does not get", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    makeFolder(join(cwd, "chroma"), {
      // So many and so low a rate that a busy machine is throttled too.
      records: 500,
      dimension: 4,
      name: "made",
      distance: "cosine",
      fill: (index, target) => (index === 7 ? target.fill(0) : madeVector(index, target)),
    });
    const args = ["./chroma", "embedded:./q", "--max-rows-per-second", "200"];
    const env = {
      VECFERRY_ON_EVENT: keeper(cwd),
      QDRANT_API_KEY: "a-key-of-qdrant",
      CHROMA_API_KEY: "a-key-of-chroma",
      CHROMA_HEADER: "X-Key: a-key-of-chroma",
    };
    const run = await runCli(["migrate", ...args], { cwd, env });
    expect([run.status, run.stderr]).toEqual([3, ""]);
    const events = kept(cwd);
    expect(events.map(({ event, exit }) => [event, exit])).toEqual([
      ["throttled", null],
      ["quarantined", 3],
      ["done", 3],
    ]);
    const [throttled, quarantined, done] = events;
    expect(throttled).toMatchObject({
      format: 1,
      command: "migrate",
      collection: "made",
      end: "source",
      slowing: { by: "rate", rowsPerSecond: 200 },
      env: { VECFERRY_EVENT: "throttled", VECFERRY_COLLECTION: "made" },
    });
    expect(quarantined).toMatchObject({ records: 1, byReason: { "zero-vector": 1 } });
    expect(existsSync(String(quarantined?.["file"]))).toBe(true);
    expect(done).toMatchObject({ carried: 499, state: "VERIFIED", env: { VECFERRY_EXIT: "3" } });
    expect(JSON.stringify(events)).not.toContain("a-key-of");
    expect(Object.keys(done?.env ?? {})).not.toContain("VECFERRY_ON_EVENT");
  });

  it("is told of each way to fail, with the exit status", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    const hook = ["--on-event", keeper(cwd)];
    makeFolder(join(cwd, "chroma"), { records: 1000, dimension: 4, name: "made" });
    const nobody = await runCli(["migrate", "./chroma", "http://127.0.0.1:1", ...hook], { cwd });
    expect(nobody.status).toBe(5);
    const slow = ["--max-rows-per-second", "100"];
    const stopped = startCli(["migrate", "./chroma", "embedded:./q", ...slow, ...hook], { cwd });
    await stopped.until(/slowed/);
    stopped.child.kill("SIGINT");
    expect((await stopped.ended).status).toBe(windows ? null : 130);
    await runCli(["migrate", "./chroma", "embedded:./p", "--limit", "10"], { cwd });
    const differs = ["verify", "./chroma", "embedded:./p", "--state", "other", ...hook];
    expect((await runCli(differs, { cwd })).status).toBe(4);
    const ends = kept(cwd).filter(({ event }) => event !== "throttled");
    expect(ends.map(({ event, exit, code }) => [event, exit, code])).toEqual([
      ["failed", 5, "E_UNREACHABLE"],
      ["failed", 130, "E_ABORTED"],
      ["failed", 4, undefined],
    ]);
    expect(ends[2]).toMatchObject({ command: "verify", differences: 990 });
  });

  it.each([
    ["fails", "exit 7", "200", /ended with status 7 \(event throttled\)/],
    [
      "hangs",
      `"${process.execPath}" -e "setInterval(()=>{},1000)"`,
      "1000000",
      /was killed after 10 s \(event done\)/,
    ],
  ])("does no harm when it %s: one warning", async (_how, command, rowsPerSecond, words) => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    makeFolder(join(cwd, "chroma"), { records: 300, dimension: 4, name: "made" });
    const args = ["./chroma", "embedded:./q", "--max-rows-per-second", rowsPerSecond];
    const run = await runCli(["migrate", ...args, "--on-event", command], { cwd });
    expect(run.status).toBe(0);
    expect(run.stderr.match(/Warning: The command of --on-event/g)).toHaveLength(1);
    expect(run.stderr).toMatch(words);
  });
});

describe("limits that are none", () => {
  it.each([
    ["--max-rows-per-second", "0"],
    ["--max-rows-per-second", "1.5"],
    ["--max-rows-per-second", "many"],
    ["--max-source-latency-ms", "0"],
    ["--max-source-latency-ms", "1e3"],
    ["--max-target-latency-ms", "600001"],
    ["--on-event", ""],
  ])("are refused by name: %s %j", async (flag, value) => {
    using folder = temporaryFolder();
    for (const verb of ["migrate", "verify", "repair"]) {
      const { status, stderr } = await runCli([verb, "./a", "embedded:./q", `${flag}=${value}`], {
        cwd: folder.path,
      });
      expect(status).toBe(2);
      expect(stderr).toContain(`${flag} must `);
    }
  });
});
