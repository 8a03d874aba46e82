/** Archives as the source of a migration, by the command as built. */
import { existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeArchive } from "../../src/adapters/archive/index.ts";
import {
  archiveBatch,
  archiveInfo,
  archiveRecords,
  archiveSource,
  smallBounds,
} from "../support/archive-scene.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";

/** An archive of 60 records, one without a vector and one with an infinite component among them. */
async function makeAwkward(path: string): Promise<void> {
  await using writer = await writeArchive(path, { source: archiveSource }, smallBounds);
  const collection = await writer.collection({ rows: "records", info: archiveInfo("docs", 3) });
  const records = archiveRecords(60).map((record, at) => {
    if (at === 7) return { ...record, vector: null };
    return at === 9 ? { ...record, vector: [1, Number.POSITIVE_INFINITY, 0] } : record;
  });
  await collection.append(archiveBatch(records, 3));
  await collection.finish();
  await writer.finish();
}

const resultOf = (stdout: string) => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");

describe("vecferry migrate of an archive", () => {
  it("carries and verifies what Qdrant can hold, quarantines the rest, and has nothing to do again", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    await makeAwkward(join(cwd, "a"));
    const args = ["migrate", "archive:./a", "embedded:./q", "--json"];
    const first = await runCli(args, { cwd });
    expect(first.status, first.stderr).toBe(3);
    const { report } = resultOf(first.stdout);
    expect(report.totals).toMatchObject({ listed: 60, carried: 58 });
    expect(report.verify.verdict).toMatch(/^All 58 carried records stand at the target/);
    const quarantine = readFileSync(report.quarantine.file, "utf8").trimEnd().split("\n");
    expect(quarantine.map((line) => JSON.parse(line).reason).sort()).toEqual([
      "no-vector",
      "not-finite",
    ]);
    const again = await runCli(args, { cwd });
    expect([again.status, resultOf(again.stdout).report.totals.carried]).toEqual([3, 0]);
    const verify = await runCli(["verify"], { cwd });
    expect(verify.stdout).toContain("Every record of the source was read for it anew.");
  });

  it("refuses a damaged one before the target is made", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    await makeAwkward(join(cwd, "a"));
    truncateSync(join(cwd, "a/0001-docs/part-0002.parquet"), 100);
    const ended = await runCli(["migrate", "archive:./a", "embedded:./q"], { cwd });
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/part-0002.parquet is short.*\[E_ARCHIVE_DAMAGED\]/s);
    expect(existsSync(join(cwd, "q"))).toBe(false);
  });
});
