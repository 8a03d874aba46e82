/** Backups into an archive that stands: each a generation of its own, which writes what has changed and shares the rest. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/adapters/archive/index.ts";
import { runBackup } from "../../src/migrate/backup/backup.ts";
import type { ArchiveManifest } from "../../src/store/archive.ts";
import { archivePlace, archiveQuarantine, backupRequest } from "../support/archives.ts";
import { fakeCollection, fakeContext } from "../support/fake-migration.ts";
import { FakeSource } from "../support/fake-store.ts";

type Place = ReturnType<typeof archivePlace>;

/** Backs up into an archive that stands, unless it is the first time. */
async function back(
  source: FakeSource,
  place: Place,
  changes: Parameters<typeof backupRequest>[0] = {},
) {
  const stands = existsSync(place.path);
  return await runBackup(source, { ...place, stands }, backupRequest(changes), fakeContext());
}

/** Every record of a generation by its id, as its reader gives them. */
async function recordsOf(path: string, generation?: number): Promise<Map<string, string>> {
  await using archive = await openArchive(path, { generation });
  const found = new Map<string, string>();
  for (const info of await archive.collections())
    for await (const { ids, vectors, payload } of archive.batches(info)) {
      const column = vectors.get("");
      ids.forEach((id, row) => {
        expect(found.has(`${info.name} ${id}`)).toBe(false);
        const { documents, metadata, uris } = payload;
        const data = column?.kind === "dense" ? column.data : new Float32Array(0);
        const vector = [...data.subarray(row * 4, row * 4 + 4)];
        const all = [documents[row], metadata[row], uris[row], column?.present?.[row] ?? 1, vector];
        found.set(`${info.name} ${id}`, JSON.stringify(all));
      });
    }
  return found;
}

async function manifestOf(path: string, generation?: number): Promise<ArchiveManifest> {
  await using archive = await openArchive(path, { generation });
  return archive.manifest;
}

describe("a backup into an archive that stands", () => {
  it.each([
    ["that others may write to", true],
    ["at rest", false],
  ])(
    "of a source %s writes what has changed, and every generation stays what it was",
    async (_, live) => {
      const source = new FakeSource([fakeCollection("a", 100), fakeCollection("b", 30)], { live });
      const place = archivePlace();
      await back(source, place);
      const first = await recordsOf(place.path);
      const { records } = source.collection("a");
      records.push({ id: "new", vector: [1, 2, 3, 4] });
      records.splice(10, 1);
      source.record("a", "a-20").metadata = '{"count":20.0}';
      source.record("a", "a-30").vector = [9, 9, 9, 9];
      const { exit, report } = await back(source, place, { verify: true });
      expect(exit).toBe(0);
      expect(report.verify).toMatchObject({ differences: 0 });
      expect(report.delta).toEqual({ added: 1, changed: 2, deleted: 1 });
      expect(report.totals).toMatchObject({ carried: 3, unchanged: 127 });
      const manifest = await manifestOf(place.path);
      expect(manifest).toMatchObject({ format: 2, generation: 2 });
      const [a, b] = manifest.collections;
      expect(a?.parts.map(({ rows, dropped }) => [rows, dropped])).toEqual([
        [100, 3],
        [3, 0],
      ]);
      expect(a?.info.count).toBe(100);
      expect(b?.parts.map(({ file }) => file)).toEqual(["0002-b/part-0001.parquet"]);
      const second = await recordsOf(place.path, 2);
      expect(second.has("a a-10")).toBe(false);
      expect(second.get("a new")).toBeDefined();
      expect(second.get("a a-30")).toContain("9,9,9,9");
      expect([...second].filter(([key, text]) => first.get(key) === text)).toHaveLength(127);
      expect(await recordsOf(place.path, 1)).toEqual(first);
    },
  );

  it("that nothing has changed since writes a manifest and no part; what came and went is where it was", async () => {
    const source = new FakeSource([fakeCollection("a", 40)], { live: false });
    const place = archivePlace();
    for (const _ of [1, 2, 3]) await back(source, place);
    expect(readdirSync(join(place.path, "generation-0003"))).toEqual(["manifest.json"]);
    const removed = source.collection("a").records.splice(0, 40);
    await back(source, place);
    expect((await recordsOf(place.path)).size).toBe(0);
    expect((await manifestOf(place.path)).collections[0]?.parts).toEqual([]);
    source.collection("a").records.push(...removed);
    await back(source, place);
    expect(await recordsOf(place.path)).toEqual(await recordsOf(place.path, 1));
  });

  it("carries what one generation left out into all that follow", async () => {
    const source = new FakeSource([fakeCollection("a", 60)]);
    const place = archivePlace();
    const expected: Map<string, string>[] = [];
    for (let generation = 1; generation <= 6; generation += 1) {
      if (generation > 1) {
        const { records } = source.collection("a");
        records.splice(generation * 3, 2);
        source.record("a", `a-${50 + generation}`).document = `of generation ${generation}`;
        records.push({ id: `of ${generation}`, vector: [generation, 0, 0, 0] });
      }
      await back(source, place);
      expected.push(await recordsOf(place.path));
    }
    for (const [at, records] of expected.entries())
      expect(await recordsOf(place.path, at + 1)).toEqual(records);
    expect(expected.at(-1)?.size).toBe(55);
  });

  it("keeps a record as it was that cannot be read any more, and names it", async () => {
    const source = new FakeSource([fakeCollection("a", 20)]);
    const place = archivePlace();
    await back(source, place);
    source.failing.set("a-7", "torn");
    const { exit, report } = await back(source, place);
    expect(exit).toBe(3);
    expect(report.totals).toMatchObject({ failed: 1, unchanged: 19, carried: 0 });
    expect(await recordsOf(place.path)).toEqual(await recordsOf(place.path, 1));
    expect(archiveQuarantine(join(place.path, "generation-0002"))).toMatchObject([
      { id: "a-7", detail: expect.stringContaining("as it was in the generation before") },
    ]);
    source.failing.clear();
    expect((await back(source, place)).exit).toBe(0);
    expect(archiveQuarantine(join(place.path, "generation-0003"))).toEqual([]);
  });

  it("begins a collection anew that was made anew, and leaves one out that has gone", async () => {
    const source = new FakeSource([fakeCollection("a", 20), fakeCollection("b", 10)]);
    const place = archivePlace();
    await back(source, place);
    const wider = new FakeSource([fakeCollection("a", 20, { distance: "l2" })]);
    const { report } = await back(wider, place);
    expect(report.notes.join()).toContain(
      'has no collection "b" any more; generation 1 is the last',
    );
    const { collections } = await manifestOf(place.path);
    expect(collections.map(({ info }) => info.name)).toEqual(["a"]);
    expect(collections[0]?.parts.map(({ file }) => file)).toEqual([
      "generation-0002/0001-a/part-0001.parquet",
    ]);
    expect((await recordsOf(place.path, 1)).size).toBe(30);
  });

  it("is refused where it is asked for less than before, or the archive is damaged; then nothing is written", async () => {
    const source = new FakeSource([fakeCollection("a", 20), fakeCollection("b", 10)]);
    const place = archivePlace();
    await back(source, place);
    const scope = { ...backupRequest().scope };
    for (const less of [
      { ...scope, exclude: ["b"] },
      { ...scope, limit: 5 },
    ])
      await expect(back(source, place, { scope: less })).rejects.toMatchObject({
        code: "E_PLAN_CHANGED",
        next: expect.stringContaining("as before"),
      });
    const part = join(place.path, "0001-a", "part-0001.parquet");
    const bytes = readFileSync(part);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    await expect(back(source, place)).rejects.toMatchObject({ code: "E_ARCHIVE_DAMAGED" });
    expect(existsSync(join(place.path, "generation-0002"))).toBe(false);
  });

  it("grows an archive of format 1, of records and of points", async () => {
    const fixture = new URL("../fixtures/archive-format-1/records", import.meta.url).pathname;
    expect((await recordsOf(fixture)).size).toBe(21);
    const { path } = archivePlace();
    await cp(fixture, path, { recursive: true });
    const manifest = await manifestOf(path);
    expect(manifest).toMatchObject({ format: 1, generation: 1 });
    const records = [
      { id: "record 0", vector: [0, 0.5, -0], document: "document 0", metadata: '{"at":0}' },
    ];
    const docs = fakeCollection("docs", 0, { distance: "cosine" });
    const source = new FakeSource([{ ...docs, dimension: 3, records }, fakeCollection("empty", 0)]);
    Object.defineProperty(source, "identity", { value: manifest.source });
    await back(source, archivePlace(path));
    const grown = await manifestOf(path);
    expect(grown).toMatchObject({ format: 2, generation: 2 });
    expect([...(await recordsOf(path)).keys()]).toEqual(["docs record 0"]);
    expect((await recordsOf(path, 1)).size).toBe(21);
    expect(JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"))).toMatchObject({
      format: 2,
    });
  });
});

describe("generations that are let go", () => {
  it("go with the files that they alone need, and the newest stays whole", async () => {
    const source = new FakeSource([fakeCollection("a", 50)]);
    const place = archivePlace();
    await back(source, place);
    source.record("a", "a-1").document = "changed once";
    await back(source, place);
    source.record("a", "a-1").document = "changed twice";
    const before = await recordsOf(place.path);
    const { report } = await back(source, place, { keep: { last: 1, daily: null } });
    expect(report.notes.join()).toMatch(/Generations 1, 2 of the archive went, with 1 MB/);
    expect(await recordsOf(place.path)).not.toEqual(before);
    const files = readdirSync(place.path, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(place.path, name)).isFile())
      .map((name) => name.replaceAll("\\", "/"));
    expect(files.sort()).toEqual([
      "0001-a/part-0001.parquet",
      "generation-0003/0001-a/_dropped.parquet",
      "generation-0003/0001-a/part-0001.parquet",
      "generation-0003/manifest.json",
    ]);
    await expect(openArchive(place.path, { generation: 1 })).rejects.toMatchObject({
      code: "E_NO_ARCHIVE",
      next: expect.stringContaining("(3)"),
    });
    // Numbers are never given again.
    await back(source, place, { keep: { last: 2, daily: null } });
    expect(await manifestOf(place.path)).toMatchObject({ generation: 4 });
    expect(await recordsOf(place.path, 3)).toEqual(await recordsOf(place.path));
  });

  it("all stay where the new one differs from its source", async () => {
    const source = new FakeSource([fakeCollection("a", 50)], { live: false });
    const place = archivePlace();
    await back(source, place);
    const context = {
      ...fakeContext(),
      onEvent: (event: { readonly type: string; readonly phase?: string }) => {
        if (event.type === "phase" && event.phase === "verify")
          source.record("a", "a-1").document = "changed meanwhile";
      },
    };
    const request = backupRequest({ verify: true, keep: { last: 1, daily: null } });
    const { exit, report } = await runBackup(source, { ...place, stands: true }, request, context);
    expect(exit).toBe(4);
    expect(report.notes.join()).toContain("every generation of the archive stays");
    expect((await recordsOf(place.path, 1)).size).toBe(50);
  });
});
