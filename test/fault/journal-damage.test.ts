/** Journals that cannot be used: each says what is wrong with it, and what stands there is not touched. */
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { readStatus } from "../../src/migrate/status.ts";
import { Scene } from "../support/fake-scene.ts";
import { FakeTarget } from "../support/fake-store.ts";

async function migrated(): Promise<{ scene: Scene; journal: string }> {
  const scene = new Scene(new FakeTarget());
  await scene.migrate();
  const journal = join(scene.context.stateFolder, "journal.sqlite");
  // Its last connection is closed, so that the file is all there is.
  return { scene, journal };
}

const damages: [string, (journal: string) => void][] = [
  ["cut in half", (journal) => truncateSync(journal, Math.floor(statSync(journal).size / 2))],
  ["cut in the middle of a page", (journal) => truncateSync(journal, 5000)],
  ["cut behind its header", (journal) => truncateSync(journal, 100)],
  [
    "text",
    (journal) => writeFileSync(journal, "This is no database, whatever its name says.".repeat(100)),
  ],
  [
    "overwritten with noise",
    (journal) => {
      const bytes = readFileSync(journal);
      bytes.fill(0xa5, 4096);
      writeFileSync(journal, bytes);
    },
  ],
  [
    "another program's database",
    (journal) => {
      writeFileSync(journal, "");
      using db = new DatabaseSync(journal);
      db.exec("CREATE TABLE songs(title TEXT)");
    },
  ],
];

describe("a journal that is", () => {
  it.each(damages)("%s is named as damaged by every verb", async (_, damage) => {
    const { scene, journal } = await migrated();
    damage(journal);
    const damaged = { code: "E_JOURNAL_DAMAGED", exit: 1 };
    await expect(scene.migrate()).rejects.toMatchObject(damaged);
    await expect(scene.verify()).rejects.toMatchObject(damaged);
    expect(() => readStatus(scene.context.stateFolder)).toThrow(expect.objectContaining(damaged));
    const error = await scene.migrate().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining(journal) });
    expect(error).toMatchObject({ next: expect.stringContaining("--restart") });
  });

  it.each([
    ["format", 3, "has format 3; this version reads 2"],
    ["digest", 2, "has digests of format 2; this version reads 1"],
  ])("of a newer %s is refused with both numbers, and left as it is", async (key, newer, words) => {
    const { scene, journal } = await migrated();
    using db = new DatabaseSync(journal);
    db.prepare("UPDATE meta SET value=? WHERE key=?").run(String(newer), key);
    db.close();
    const before = readFileSync(journal);
    await expect(scene.migrate()).rejects.toMatchObject({
      code: "E_JOURNAL_FORMAT",
      exit: 1,
      message: expect.stringContaining(words),
    });
    expect(() => readStatus(scene.context.stateFolder)).toThrow(
      expect.objectContaining({ code: "E_JOURNAL_FORMAT" }),
    );
    expect(readFileSync(journal).equals(before)).toBe(true);
  });

  it("moved away can be done without: verify reads both ends, migrate copies again over what stands", async () => {
    const { scene, journal } = await migrated();
    copyFileSync(journal, `${journal}.away`);
    writeFileSync(journal, "");
    expect((await scene.verify()).exit).toBe(0);
    const { exit, report } = await scene.migrate({ restart: true });
    expect(exit).toBe(0);
    expect(report.totals.carried).toBe(100);
  });

  it("of a row that does not fit is damaged too", async () => {
    const { scene, journal } = await migrated();
    const db = new DatabaseSync(journal);
    db.exec("UPDATE collection SET plan='{\"source\":5}' WHERE id=1");
    db.close();
    await expect(scene.verify()).rejects.toMatchObject({ code: "E_JOURNAL_DAMAGED" });
    expect(() => readStatus(scene.context.stateFolder)).toThrow(
      expect.objectContaining({ code: "E_JOURNAL_DAMAGED" }),
    );
  });
});
