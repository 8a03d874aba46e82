import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lineText } from "../../../src/cli/output/checklist.ts";
import { runCli } from "../../../src/cli/run.ts";
import { fileList } from "../../support/fixtures.ts";
import { makeFolder } from "../../support/make-folder.ts";
import { startStub } from "../../support/stub.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-checklist-"));
  makeFolder(join(folder, "chroma"), { records: 30, dimension: 2 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  readonly type: string;
  readonly line?: string;
  readonly state?: string;
  readonly evidence?: string[];
  readonly todo?: string;
}

async function run(...argv: string[]): Promise<{ exit: number; lines: Line[]; words: string }> {
  const printed = { out: "", err: "" };
  const sink = (to: "out" | "err") =>
    new Writable({
      write: (chunk, _encoding, done) => {
        printed[to] += chunk;
        done();
      },
    });
  const exit = await runCli({
    argv: [...argv, "--json"],
    variables: {},
    folder,
    stdout: sink("out"),
    stderr: sink("err"),
    signal: new AbortController().signal,
  });
  const texts = printed.out.split("\n").filter((line) => line !== "");
  return { exit, lines: texts.map((text) => JSON.parse(text)), words: printed.err };
}

const checklist = (...argv: string[]) =>
  run("checklist", ...argv, "--state", join(folder, "state"));
const stateOf = (lines: readonly Line[], name: string) =>
  lines.find(({ line }) => line === name)?.state;

describe("vecferry checklist", () => {
  it("holds both lists against a migration, and changes nothing", async () => {
    const ends = [join(folder, "chroma"), `embedded:${join(folder, "q")}`];
    await run("backup", join(folder, "chroma"), `archive:${join(folder, "kept")}`);
    const untouched = fileList(folder);
    const first = await checklist("before", ...ends);
    expect(first.exit).toBe(0);
    expect(fileList(folder)).toEqual(untouched);
    for (const line of ["backup", "resources", "firewall", "keys", "inventory", "volume"])
      expect([line, stateOf(first.lines, line)]).toEqual([line, "checked"]);
    expect(stateOf(first.lines, "code")).toBe("yours");
    const none = await checklist("after", ...ends);
    expect([none.exit, stateOf(none.lines, "search")]).toEqual([6, "failed"]);
    expect(fileList(folder)).toEqual(untouched);
    const moved = await run("migrate", ...ends, "--state", join(folder, "state"));
    expect(moved.exit).toBe(0);
    const last = await checklist("after", ...ends);
    expect(last.exit).toBe(0);
    for (const line of ["search", "isolation", "performance", "health", "tuning"])
      expect([line, stateOf(last.lines, line)]).toEqual([line, "checked"]);
    const other = [join(folder, "chroma"), `embedded:${join(folder, "other")}`];
    expect(stateOf((await checklist("before", ...other)).lines, "test-environment")).toBe(
      "checked",
    );
    expect(last.words).toContain("It works\n  checked Search\n");
  }, 60_000);

  it("counts its lines, and ends with 6 where one failed", async () => {
    await using server = await startStub(({ path }) =>
      path === "/"
        ? { body: { title: "qdrant", version: "1.18.2" } }
        : { status: 401, body: "Must provide an API key" },
    );
    writeFileSync(join(folder, "app.py"), "import chromadb\n");
    const target = `${server.url}?grpc=off`;
    const { exit, lines } = await checklist(
      "before",
      join(folder, "chroma"),
      target,
      "--code",
      folder,
    );
    expect(exit).toBe(6);
    expect(stateOf(lines, "keys")).toBe("failed");
    const code = lines.find(({ line }) => line === "code");
    expect(code).toMatchObject({
      state: "yours",
      evidence: ["1 use of Chroma in 1 file: app.py."],
    });
    const counts = lines.at(-1);
    const count = (state: string) => lines.filter((line) => line.state === state).length;
    expect(counts).toMatchObject({
      type: "checklist",
      stage: "before",
      checked: count("checked"),
      failed: count("failed"),
      yours: count("yours"),
    });
    expect(lines.filter(({ type }) => type === "line")).toHaveLength(13);
  }, 60_000);

  it.each([
    [["checklist"]],
    [["checklist", "during"]],
    [["checklist", "before", "--code", "./none"]],
  ])("refuses %j", async (argv) => {
    expect((await run(...argv)).exit).toBe(2);
  });
});

describe("a line of a checklist", () => {
  it("says what an earlier line has said by its code alone, and its own words always", () => {
    const line = { line: "a", group: "g", title: "T", state: "failed", todo: "" } as const;
    const said = new Set<string>();
    const evidence = ["no-answer: nothing came from http://a:1.", "Two of three."];
    const whole = `  failed  T\n            ${evidence[0]}\n            ${evidence[1]}`;
    expect(lineText({ ...line, evidence }, null, said)).toBe(whole);
    const again = "  failed  T\n            no-answer: as above.\n            Two of three.";
    expect(lineText({ ...line, evidence }, null, said)).toBe(again);
  });
});
