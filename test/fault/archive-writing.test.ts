/** The writing of an archive, interrupted: killed, without room, without its own folder, by a second writer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { appendFile, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openArchive, writeArchive } from "../../src/adapters/archive/index.ts";
import type { ArchiveCollectionWriter, ArchiveWriter } from "../../src/store/archive.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import {
  archiveBatch,
  archiveInfo,
  archiveRecords,
  archiveSource,
  smallBounds,
} from "../support/archive-scene.ts";
import { temporaryFolder } from "../support/fixtures.ts";
import { programFile } from "../support/programs.ts";
import { smallDisk } from "../support/small-disk.ts";

const child = new URL("./archive-writer.ts", import.meta.url).pathname;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const info = archiveInfo("docs", 3);
const head = { rows: "records", info } as const;

const begin = (path: string): Promise<ArchiveWriter> =>
  writeArchive(path, { source: archiveSource }, smallBounds);

async function heldKeys(collection: ArchiveCollectionWriter): Promise<string[]> {
  const keys: string[] = [];
  for await (const some of collection.heldKeys()) keys.push(...some);
  return keys;
}

/** Appends until there are `count` records, and names the archive. */
async function complete(
  writer: ArchiveWriter,
  collection: ArchiveCollectionWriter,
  count: number,
): Promise<void> {
  const { rows } = collection;
  await collection.append(archiveBatch(archiveRecords(count - rows, rows), 3));
  await collection.finish();
  await writer.finish();
}

async function expectRecords(path: string, count: number): Promise<void> {
  await using store = await openArchive(path);
  const ids: string[] = [];
  for await (const batch of store.batches(info)) ids.push(...batch.ids);
  expect(ids).toEqual(archiveRecords(count).map(({ id }) => id));
}

/** Runs the writer and kills it `lifeMs` after it has made a further row durable; the last number it printed. */
async function writeAndKill(path: string, lifeMs: number): Promise<number> {
  const running = spawn(process.execPath, programFile(child, path), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { promise: further, resolve, reject } = Promise.withResolvers<void>();
  let [found, durable]: (number | undefined)[] = [];
  createInterface({ input: running.stdout }).on("line", (line) => {
    durable = Number(line);
    found ??= durable;
    if (durable > found) resolve();
  });
  running.once("close", (status) => reject(new Error(`the writer ended with ${status}`)));
  await further;
  await sleep(lifeMs);
  const gone = once(running, "close");
  running.kill("SIGKILL");
  await gone;
  return durable ?? 0;
}

describe("an archive whose writer is killed", () => {
  it(`has every durable row, in order, and goes on behind them (seed ${seed})`, async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    const next = seededRandom(seed);
    for (let round = 0; round < 4; round += 1) {
      const durable = await writeAndKill(path, 20 + next() * 200);
      expect(existsSync(path)).toBe(false);
      await using writer = await begin(path);
      const collection = await writer.collection(head);
      expect(collection.durable).toBeGreaterThanOrEqual(durable);
      const keys = await heldKeys(collection);
      expect(keys).toEqual(archiveRecords(collection.durable).map(({ id }) => id));
      const files = readdirSync(`${path}.partial/0001-docs`);
      expect(files.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    }
    await using writer = await begin(path);
    expect(writer.resumed).toBe(true);
    const collection = await writer.collection(head);
    const { rows } = collection;
    await complete(writer, collection, rows + 5);
    await expectRecords(path, rows + 5);
    expect(await readdir(folder.path)).toEqual(["archive"]);
    expect((await readdir(path)).sort()).toEqual(["0001-docs", "manifest.json"]);
  });
});

describe("the writer of an archive", () => {
  it("makes durable what it was given when it is closed in the middle", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    {
      await using writer = await begin(path);
      const collection = await writer.collection(head);
      await collection.append(archiveBatch(archiveRecords(3), 3));
      expect([collection.durable, collection.rows]).toEqual([0, 3]);
    }
    await expect(openArchive(path)).rejects.toMatchObject({
      code: "E_NO_ARCHIVE",
      next: expect.stringContaining("goes on where it stopped"),
    });
    await using writer = await begin(path);
    const collection = await writer.collection(head);
    expect(collection.durable).toBe(3);
    await complete(writer, collection, 4);
    await expectRecords(path, 4);
  });

  it("forgets a line that is cut off, and a held part that is damaged with those behind it", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    {
      await using writer = await begin(path);
      await (await writer.collection(head)).append(archiveBatch(archiveRecords(60), 3));
    }
    await appendFile(`${path}.partial/unfinished.jsonl`, '{"part":{"fi');
    await truncate(`${path}.partial/0001-docs/part-0002.parquet`, 100);
    await using writer = await begin(path);
    const collection = await writer.collection(head);
    const keys = await heldKeys(collection);
    expect([keys.length, keys.length < 60]).toEqual([collection.durable, true]);
    expect(await readdir(`${path}.partial/0001-docs`)).toEqual(["part-0001.parquet"]);
    await complete(writer, collection, 60);
    await expectRecords(path, 60);
  });

  it("goes on behind a finished collection too, and leaves out one that is not begun again", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    {
      await using writer = await begin(path);
      const collection = await writer.collection(head);
      await collection.append(archiveBatch(archiveRecords(3), 3));
      await collection.finish({ failed: 1 });
      const other = { rows: "records", info: archiveInfo("other", 3) } as const;
      await (await writer.collection(other)).append(archiveBatch(archiveRecords(3), 3));
    }
    await using writer = await begin(path);
    const collection = await writer.collection(head);
    expect([collection.durable, collection.rows]).toEqual([3, 3]);
    await complete(writer, collection, 60);
    await expectRecords(path, 60);
  });

  it("refuses a second writer with E_LOCKED, and goes on itself", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    await using writer = await begin(path);
    await expect(begin(path)).rejects.toMatchObject({ code: "E_LOCKED", exit: 5 });
    await complete(writer, await writer.collection(head), 3);
    await expectRecords(path, 3);
  });

  it("never writes over anything: another store's archive, a file, a folder of others", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    mkdirSync(path);
    await using writer = await begin(path);
    await complete(writer, await writer.collection(head), 3);
    const source = { ...archiveSource, address: "http://other:8000" };
    await expect(writeArchive(path, { source })).rejects.toMatchObject({
      code: "E_CONFIG",
      exit: 2,
    });
    const file = join(folder.path, "file");
    await writeFile(file, "x");
    await expect(begin(file)).rejects.toMatchObject({ code: "E_CONFIG" });
    mkdirSync(join(folder.path, "mine.partial/2024-photos"), { recursive: true });
    await expect(begin(join(folder.path, "mine"))).rejects.toMatchObject({ code: "E_CONFIG" });
    expect(await readdir(join(folder.path, "mine.partial"))).toEqual(["2024-photos"]);
    await expectRecords(path, 3);
  });

  it("does not go on with what another store, another shape or another version left", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "archive");
    {
      await using writer = await begin(path);
      await (await writer.collection(head)).append(archiveBatch(archiveRecords(3), 3));
    }
    const source = { ...archiveSource, address: "http://other:8000" };
    const wrong = { code: "E_PLAN_CHANGED", next: expect.stringContaining(`${path}.partial`) };
    await expect(writeArchive(path, { source })).rejects.toMatchObject(wrong);
    {
      await using writer = await begin(path);
      const wider = { rows: "records", info: archiveInfo("docs", 4) } as const;
      await expect(writer.collection(wider)).rejects.toMatchObject(wrong);
    }
    const progress = `${path}.partial/unfinished.jsonl`;
    const text = await readFile(progress, "utf8");
    await writeFile(progress, text.replace('"format":2', '"format":3'));
    await expect(begin(path)).rejects.toMatchObject(wrong);
  });
});

const { place, reason } = smallDisk();

describe.skipIf(reason !== "")(`a disk that is full${reason}`, () => {
  it("ends the writing with E_DISK_FULL, and the same writing goes on when there is room", async () => {
    const path = join(place, "archive");
    const ballast = join(place, "ballast");
    {
      await using writer = await begin(path);
      await (await writer.collection(head)).append(archiveBatch(archiveRecords(60), 3));
    }
    writeFileSync(ballast, Buffer.alloc(900_000));
    {
      await using writer = await begin(path);
      const collection = await writer.collection(head);
      const fill = async () => {
        for (;;) await collection.append(archiveBatch(archiveRecords(1000, collection.rows), 3));
      };
      await expect(fill()).rejects.toMatchObject({
        code: "E_DISK_FULL",
        next: expect.stringContaining("Free some room"),
      });
      rmSync(ballast);
      // Rows are lost behind what was written: nothing may come behind them.
      const more = collection.append(archiveBatch(archiveRecords(1), 3));
      await expect(more).rejects.toMatchObject({ code: "E_DISK_FULL" });
      await expect(collection.finish()).rejects.toMatchObject({ code: "E_DISK_FULL" });
    }
    await using writer = await begin(path);
    const collection = await writer.collection(head);
    const { rows } = collection;
    expect(rows).toBeGreaterThanOrEqual(60);
    await complete(writer, collection, rows + 10);
    await expectRecords(path, rows + 10);
  });
});
