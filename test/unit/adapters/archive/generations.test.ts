import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chosenGenerations } from "../../../../src/adapters/archive/generations.ts";
import {
  isArchive,
  keepGenerations,
  openArchive,
  writeArchive,
} from "../../../../src/adapters/archive/index.ts";
import {
  archiveBatch,
  archiveInfo,
  archiveRecords,
  archiveSource,
  smallBounds,
} from "../../../support/archive-scene.ts";
import { temporaryFolder } from "../../../support/fixtures.ts";

const created = [
  "2026-11-01T22:00:00Z",
  "2026-11-02T03:00:00Z",
  "2026-11-02T23:59:59Z",
  "2026-11-03T00:00:01Z",
  "2026-11-09T03:00:00Z",
  "2026-11-09T04:00:00Z",
].map((created, at) => ({ generation: at + 1, created }));

describe("the generations that stay", () => {
  it.each([
    [null, null, [1, 2, 3, 4, 5, 6]],
    [1, null, [6]],
    [3, null, [4, 5, 6]],
    [99, null, [1, 2, 3, 4, 5, 6]],
    [null, 1, [6]],
    [null, 3, [3, 4, 6]],
    [null, 99, [1, 3, 4, 6]],
    [2, 3, [3, 4, 5, 6]],
  ])("with --keep-last %j and --keep-daily %j are %j", (last, daily, kept) => {
    const chosen = chosenGenerations(created, { last, daily });
    expect([...chosen].sort()).toEqual(kept);
  });
});

/** Each generation drops the first row of the one before and has one more. */
async function grow(path: string, generations: number): Promise<void> {
  for (let at = 0; at < generations; at += 1) {
    await using writer = await writeArchive(path, { source: archiveSource }, smallBounds);
    const head = { rows: "records", info: archiveInfo("docs", 3) } as const;
    const docs = await writer.collection(head);
    let first = true;
    for await (const { drop } of docs.baseBatches()) {
      if (first) drop([0]);
      first = false;
    }
    await docs.append(archiveBatch(archiveRecords(at === 0 ? 20 : 1, at === 0 ? 0 : 19 + at), 3));
    await docs.finish();
    await writer.finish();
  }
}

async function idsOf(path: string): Promise<string[]> {
  await using archive = await openArchive(path);
  const ids: string[] = [];
  for (const info of await archive.collections())
    for await (const some of archive.ids(info)) ids.push(...some);
  return ids;
}

describe("generations that go", () => {
  it("are gone once they are named so, whatever is left of them; the next writing ends it, and takes nothing of others", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    await grow(path, 3);
    const expected = archiveRecords(22).slice(2);
    const second = join(path, "generation-0002");
    // As a kill leaves it: named, and half deleted.
    renameSync(join(second, "manifest.json"), join(second, "manifest.dropped.json"));
    rmSync(join(second, "0001-docs", "_dropped.parquet"));
    writeFileSync(join(second, "notes.txt"), "mine");
    expect(await idsOf(path)).toEqual(expected.map(({ id }) => id));
    await expect(openArchive(path, { generation: 2 })).rejects.toMatchObject({
      code: "E_NO_ARCHIVE",
    });
    {
      await using _writer = await writeArchive(path, { source: archiveSource }, smallBounds);
      expect(existsSync(join(second, "manifest.dropped.json"))).toBe(false);
      await expect(keepGenerations(path, { last: 1, daily: null })).rejects.toMatchObject({
        code: "E_LOCKED",
      });
    }
    expect(existsSync(join(second, "notes.txt"))).toBe(true);
    expect(existsSync(join(second, "0001-docs", "part-0001.parquet"))).toBe(true);
    expect(await idsOf(path)).toEqual(expected.map(({ id }) => id));
    const { kept, dropped } = await keepGenerations(path, { last: 1, daily: null });
    expect([kept, dropped]).toEqual([[3], [1]]);
    expect(await isArchive(path)).toBe(true);
    expect(await idsOf(path)).toEqual(expected.map(({ id }) => id));
  });

  it("all stay where a manifest cannot be read", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    await grow(path, 3);
    writeFileSync(join(path, "generation-0002", "manifest.json"), "{}");
    await expect(keepGenerations(path, { last: 1, daily: null })).rejects.toThrow();
    expect(existsSync(join(path, "manifest.json"))).toBe(true);
    expect(await idsOf(path)).toHaveLength(20);
  });
});
