import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../../../src/adapters/chroma-folder/index.ts";
import { denseVector } from "../../../../src/model/vector-column.ts";
import { fileList, unpackRecorded } from "../../../support/fixtures.ts";
import { findCollection, readAll } from "./read-all.ts";

/** Changes many rows in a transaction that spills to the file, says so, and waits to be killed. */
const killedWriter = `
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(process.argv[1]);
  database.exec("pragma cache_size = 5; begin immediate; update embedding_metadata set string_value = 'never committed'; update embeddings set embedding_id = 'x' || embedding_id");
  process.stdout.write("ready");
  setInterval(() => {}, 1000);`;

async function leaveHotJournal(folder: string): Promise<void> {
  const writer = spawn(process.execPath, ["-e", killedWriter, join(folder, "chroma.sqlite3")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(writer.stdout, "data");
  writer.kill("SIGKILL");
  await once(writer, "exit");
}

const ownCopies = () => readdirSync(tmpdir()).filter((name) => /^vecferry-\w{6}$/.test(name));

describe("a folder whose writer was killed in the middle of a transaction", () => {
  it("is rolled back in a private copy, which is removed; the folder stays as it is", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using untouched = await unpackRecorded("1.5.9");
    await leaveHotJournal(folder.path);
    expect(existsSync(join(folder.path, "chroma.sqlite3-journal"))).toBe(true);
    const before = fileList(folder.path);
    const copiesBefore = ownCopies();
    {
      await using store = await openChromaFolder(folder.path);
      await using expected = await openChromaFolder(untouched.path);
      const copies = ownCopies().filter((name) => !copiesBefore.includes(name));
      expect(copies).toHaveLength(1);
      expect(statSync(join(tmpdir(), copies[0] ?? "")).mode & 0o777).toBe(0o700);
      for (const collection of await expected.collections()) {
        const found = await readAll(store, collection);
        expect(found).toEqual(await readAll(expected, collection));
      }
    }
    expect(ownCopies()).toEqual(copiesBefore);
    expect(fileList(folder.path)).toEqual(before);
  });

  it("a server that starts on it afterwards makes the copy out of date: E_FOLDER_IN_USE", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await leaveHotJournal(folder.path);
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "dots");
    const recovering = new DatabaseSync(join(folder.path, "chroma.sqlite3"));
    recovering.exec("select count(*) from collections; create table started (id integer)");
    recovering.close();
    await expect(store.read(collection, ["id-1"])).rejects.toMatchObject({
      code: "E_FOLDER_IN_USE",
    });
  });
});

describe("a folder that is written to while it is read", () => {
  it("is read once it holds still", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "dots");
    const { rows } = await readAll(store, collection);
    using writer = touchAlways(folder.path);
    setTimeout(() => writer.stop(), 400);
    const started = performance.now();
    const { batch } = await store.read(collection, ["id-1", "id-91"]);
    expect(performance.now() - started).toBeGreaterThan(350);
    expect(batch.ids).toEqual(["id-1", "id-91"]);
    expect(denseVector(batch)?.data.slice(0, 8)).toEqual(rows.get("id-1")?.vector);
  });

  it("and never holds still, is E_FOLDER_IN_USE after a bounded time, and ids and counts are still given", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "dots");
    using writer = touchAlways(folder.path);
    await expect(store.read(collection, ["id-1"])).rejects.toMatchObject({
      code: "E_FOLDER_IN_USE",
      retryable: true,
    });
    expect(await store.count(collection)).toBe(96);
    writer.stop();
    expect((await store.read(collection, ["id-1"])).batch.ids).toEqual(["id-1"]);
  });

  it("a pickle that is half written is waited for", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "dots");
    const pickle = pickleFiles(folder.path)[0] ?? "";
    const contents = pickleFiles(folder.path).map((path) => [path, readFileSync(path)] as const);
    for (const [path] of contents) writeFileSync(path, "");
    expect(readFileSync(pickle)).toHaveLength(0);
    setTimeout(() => {
      for (const [path, bytes] of contents) writeFileSync(path, bytes);
    }, 300);
    expect((await store.read(collection, ["id-1"])).batch.ids).toEqual(["id-1"]);
  });

  it("vector data that is shorter for a moment is waited for", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "dots");
    const keys = (await readAll(store, collection)).ids;
    const contents = dataFiles(folder.path).map((path) => [path, readFileSync(path)] as const);
    for (const [path, bytes] of contents) writeFileSync(path, bytes.subarray(0, 2000));
    setTimeout(() => {
      for (const [path, bytes] of contents) writeFileSync(path, bytes);
    }, 600);
    const { batch, failures } = await store.read(collection, keys);
    expect([batch.ids.length, failures]).toEqual([keys.length, []]);
  });

  it("a locked database is waited for, and then E_FOLDER_IN_USE", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(folder.path);
    const collection = await findCollection(store, "dots");
    const writer = new DatabaseSync(join(folder.path, "chroma.sqlite3"));
    writer.exec("begin exclusive");
    setTimeout(() => writer.exec("commit"), 300);
    expect((await store.read(collection, ["id-1"])).batch.ids).toEqual(["id-1"]);
    writer.exec("begin exclusive");
    await expect(openChromaFolder(folder.path)).rejects.toMatchObject({ code: "E_FOLDER_IN_USE" });
    writer.close();
  });

  it("a flush between two reads is noticed: the vectors are those of the new index", async () => {
    await using before = await unpackRecorded("1.5.9");
    await using store = await openChromaFolder(before.path);
    const collection = await findCollection(store, "squares");
    const first = await store.read(collection, ["id-20", "id-21"]);
    const database = new DatabaseSync(join(before.path, "chroma.sqlite3"));
    database.exec(
      `insert into embeddings_queue (operation, topic, id, vector, encoding, metadata)
       select 1, 'persistent://default/default/' || id, 'id-20', x'${"0000803f".repeat(8)}', 'FLOAT32', '{}' from collections where name = 'squares';
       update max_seq_id set seq_id = last_insert_rowid() where segment_id in (
         select s.id from segments s join collections c on c.id = s.collection where c.name = 'squares' and s.scope = 'METADATA')`,
    );
    database.close();
    const second = await store.read(collection, ["id-20", "id-21"]);
    expect([...(denseVector(second.batch)?.data.slice(0, 8) ?? [])]).toEqual(Array(8).fill(1));
    expect(denseVector(second.batch)?.data.slice(8)).toEqual(
      denseVector(first.batch)?.data.slice(8),
    );
  });
});

function filesNamed(folder: string, name: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(name))
    .map((path) => join(folder, path));
}

const pickleFiles = (folder: string) => filesNamed(folder, "index_metadata.pickle");
const dataFiles = (folder: string) => filesNamed(folder, "data_level0.bin");

/** Sets new times on all index files, now and again and again, as a server does that flushes. */
function touchAlways(folder: string): Disposable & { stop(): void } {
  const paths = pickleFiles(folder);
  const touch = () => {
    const now = new Date();
    for (const path of paths) utimesSync(path, now, now);
  };
  touch();
  const timer = setInterval(touch, 10);
  const stop = () => clearInterval(timer);
  return { stop, [Symbol.dispose]: stop };
}
