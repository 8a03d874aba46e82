/** The command in a terminal: what it draws there at 80 and at 20 columns, and that none of it is in what a pipe gets. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, startCli, temporaryFolder } from "../support/cli.ts";
import { inTerminal, noTerminal } from "../support/in-terminal.ts";
import { makeFolder } from "../support/make-folder.ts";
import { FakeTerminal } from "../support/terminal.ts";

const name = "文書の集まり 😀";
const records = 6_000;

function made(folder: string): string[] {
  const source = join(folder, "c");
  mkdirSync(source);
  makeFolder(source, { records, dimension: 64, name, documentLength: 200 });
  const target = `embedded:${join(folder, "q")}`;
  return [
    "migrate",
    source,
    target,
    "--state",
    join(folder, "s"),
    "--log-file",
    join(folder, "log"),
  ];
}

function shown(sent: string, columns: number): FakeTerminal {
  const terminal = new FakeTerminal(columns);
  terminal.write(sent);
  return terminal;
}

describe.skipIf(noTerminal !== null)(`in a terminal${noTerminal ? ` (${noTerminal})` : ""}`, () => {
  it("keeps a line for the collection at work, and leaves what it is through with", async () => {
    using folder = temporaryFolder();
    const { sent, exit } = await inTerminal(made(folder.path));
    expect(exit).toBe(0);
    expect(sent).toMatch(/copy +records +% .*lag +waits for/);
    expect(sent).toMatch(/文書の集まり 😀 +[\d,]+\/6,000 .*(source|target|itself)\b/);
    const { lines, tooLong } = shown(sent, 80);
    const head = lines.filter((line) => line.startsWith(name));
    expect(head).toEqual([
      expect.stringMatching(/ {2}copy {2}6,000 of 6,000 \(100%\)/),
      expect.stringMatching(/ {2}verify {2}6,000 of 6,000 \(100%\)/),
    ]);
    expect(lines.join("\n")).not.toMatch(/waits for|% {2}/);
    expect(tooLong.filter((line) => line.startsWith(name))).toEqual([]);
    expect(lines.join("\n")).toContain("Done.");
  });

  it.each([{ columns: 20 }, { columns: 20, rows: 3 }, { columns: 7, rows: 2 }])(
    "breaks none of its lines at $columns columns",
    async (size) => {
      using folder = temporaryFolder();
      // So slow that it is drawn again and again after that.
      const argv = [...made(folder.path), "--max-rows-per-second", "3000"];
      const { sent, exit } = await inTerminal(argv, size);
      expect(exit).toBe(0);
      const { lines, tooLong } = shown(sent, size.columns);
      expect(tooLong.filter((line) => /^文|waits|copy/.test(line))).toEqual([]);
      expect(lines.filter((line) => /~ (copy|verify) 6,000$/.test(line)).length).toBe(
        size.columns === 20 ? 2 : 0,
      );
    },
  );

  it("goes on when it is made narrower meanwhile", async () => {
    using folder = temporaryFolder();
    const size = { columns: 100, resizedTo: 20 };
    // So slow that it is drawn again and again after that.
    const argv = [...made(folder.path), "--max-rows-per-second", "3000"];
    const { sent, exit } = await inTerminal(argv, size);
    expect(exit).toBe(0);
    // Cut off like this at 20 columns alone. What it was at when it was drawn last is a matter of luck.
    expect(sent).toContain("文書~ ");
    expect(sent).toContain("Done.");
  });

  it("has no colour with NO_COLOR, and nothing but plain lines where the terminal is dumb", async () => {
    using folder = temporaryFolder();
    const argv = made(folder.path);
    const { sent } = await inTerminal(argv, { env: { NO_COLOR: "1" } });
    expect(sent).not.toMatch(/\u001b\[[\d;]*m/);
    const again = await inTerminal([...argv, "--restart"], { env: { TERM: "dumb" } });
    expect(again.exit).toBe(0);
    expect(again.sent.replaceAll(/\r?\n/g, "")).not.toMatch(/\p{Cc}/u);
    expect(again.sent).toContain(`${name}: copy`);
  });
});

describe("in a pipe", () => {
  it("says plain lines without control characters", async () => {
    using folder = temporaryFolder();
    const { status, stdout, stderr } = await runCli(made(folder.path), { cwd: folder.path });
    expect(status).toBe(0);
    expect(stderr).toBe("");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(stdout.split("\n").slice(0, 2)).toEqual([`${name}: list`, `${name}: copy`]);
    expect(stdout).toContain("Done.");
  });

  it("goes on when nobody reads it any more", async () => {
    using folder = temporaryFolder();
    const { child, until, ended } = startCli(made(folder.path), { cwd: folder.path });
    await until(/: list/);
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect((await ended).status).toBe(0);
    const { stdout } = await runCli(["status", "--state", join(folder.path, "s")], {
      cwd: folder.path,
    });
    expect(stdout).toContain("State:      VERIFIED");
  });

  it("fails as it would where nobody reads its words beside the result", async () => {
    using folder = temporaryFolder();
    const ends = ["chroma://127.0.0.1:1", "http://127.0.0.1:1"];
    const argv = ["doctor", ...ends, "--json", "--fail-on", "error"];
    const { child, ended } = startCli(argv, { cwd: folder.path });
    child.stderr?.destroy();
    const { status, stdout } = await ended;
    expect(status).toBe(6);
    expect(stdout.match(/"code":"connection-refused"/g)).toHaveLength(2);
  });

  it("verifies to the end when nobody reads it any more", async () => {
    using folder = temporaryFolder();
    const argv = made(folder.path);
    expect((await runCli(argv, { cwd: folder.path })).status).toBe(0);
    const report = join(folder.path, "verified.json");
    const verify = ["verify", ...argv.slice(1), "--report-file", report];
    const { child, ended } = startCli(verify, { cwd: folder.path });
    child.stdout?.destroy();
    expect((await ended).status).toBe(0);
    expect(existsSync(report)).toBe(true);
  });
});
