import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { runCli } from "../../../src/cli/run.ts";
import { type Report, reportSchema } from "../../../src/migrate/report-schema.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { makeFolder } from "../../support/make-folder.ts";

/** Runs a command with --report-file; gives its exit status and the report, if one was written. */
async function reported(
  folder: string,
  ...argv: string[]
): Promise<{ exit: number; report: Report; file: string }> {
  const file = join(folder, "r.json");
  const left = ["--report-file", file, "--state", join(folder, "s"), "--log-file", `${file}.log`];
  const exit = await runCli({
    argv: [...argv, ...left],
    variables: {},
    folder,
    stdout: new PassThrough().resume(),
    stderr: new PassThrough().resume(),
    signal: new AbortController().signal,
  });
  return { exit, report: reportSchema.parse(JSON.parse(readFileSync(file, "utf8"))), file };
}

const failed = { state: null, collections: [], verify: null };

describe("--report-file of a run that fails before it has both ends", () => {
  it.each(["migrate", "verify", "repair"])("%s: names the ends and the failure", async (verb) => {
    using folder = temporaryFolder();
    const target = join(folder.path, "q");
    mkdirSync(target);
    const { exit, report, file } = await reported(
      folder.path,
      verb,
      "chroma://127.0.0.1:9",
      `embedded:${target}`,
    );
    expect(exit).toBe(5);
    expect(report).toMatchObject({
      ...failed,
      command: verb,
      migration: { run: expect.stringMatching(/^[0-9a-f]{16}$/) },
      source: {
        kind: "chroma",
        address: "http://127.0.0.1:9",
        tenant: "default_tenant",
        database: "default_database",
      },
      target: { kind: "embedded", address: target },
      exit: 5,
      failure: { code: "E_UNREACHABLE", message: expect.stringContaining("127.0.0.1:9") },
      next: [expect.stringContaining("Check that the host and the port are right")],
    });
    expect(report.retries.source).toBeGreaterThan(0);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("verify --target-only: the source and the migration stay open", async () => {
    using folder = temporaryFolder();
    const { exit, report } = await reported(
      folder.path,
      "verify",
      "--target-only",
      "http://127.0.0.1:9",
    );
    expect(exit).toBe(5);
    expect(report).toMatchObject({ ...failed, migration: null, source: null, exit: 5 });
  });

  it.each([
    ["chroma-cloud://", null],
    ["chroma-cloud://t", null],
    ["chroma-cloud://t/d", { run: expect.any(String) }],
  ])(
    "names the migration only where the address leaves nothing open: %s",
    async (address, migration) => {
      using folder = temporaryFolder();
      const { exit, report } = await reported(folder.path, "migrate", address, ":memory:");
      expect(exit).toBe(2);
      expect(report).toMatchObject({ ...failed, failure: { code: "E_CONFIG" }, migration });
      expect(report.source?.kind).toBe("chroma-cloud");
    },
  );

  it("has the mark that the migration has once both ends are there", async () => {
    using folder = temporaryFolder();
    const source = join(folder.path, "c");
    const ends = [source, `embedded:${join(folder.path, "q")}`];
    mkdirSync(source);
    const before = await reported(folder.path, "migrate", ...ends);
    expect(before.report).toMatchObject({ ...failed, failure: { code: "E_NO_FOLDER" } });
    makeFolder(source, { records: 5, dimension: 2 });
    const after = await reported(folder.path, "migrate", ...ends);
    expect(after.report).toMatchObject({ exit: 0, migration: before.report.migration });
  });
});
