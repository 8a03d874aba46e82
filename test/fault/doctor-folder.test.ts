import { spawn } from "node:child_process";
import { truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DatabaseSync } from "../../src/util/sqlite.ts";
import { codesOf, examine, only } from "../support/doctor-scene.ts";
import { fileList, temporaryFolder, unpackRecorded } from "../support/fixtures.ts";
import { makeFolder } from "../support/make-folder.ts";

/** Changes the folder's database by SQL. */
function change(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, "chroma.sqlite3"));
  database.exec(sql);
  database.close();
}

describe("doctor on a Chroma folder", () => {
  it.each([
    ["0.4.24", true],
    ["0.5.23", true],
    ["0.6.3", true],
    ["1.0.20", false],
    ["1.5.9", false],
  ] as const)(
    "of %s says whether a newer Chroma would rewrite it: %s, and leaves it as it is",
    async (version, old) => {
      await using folder = await unpackRecorded(version);
      const before = fileList(folder.path);
      const findings = await examine({ source: folder.path });
      expect(codesOf(findings).includes("upgrade-rewrites")).toBe(old);
      // Each of the old ones was written with records without a document.
      expect(codesOf(findings).includes("upgrade-damages")).toBe(old);
      expect(only(findings, "version").text).toContain(
        old ? "Chroma 0.4 to 0.6" : "Chroma 1.0 or later",
      );
      expect(fileList(folder.path)).toEqual(before);
    },
  );

  it("says where a newer Chroma would panic over records without a document", async () => {
    await using folder = await unpackRecorded("0.6.3");
    change(folder.path, "delete from embeddings_queue");
    expect(codesOf(await examine({ source: folder.path }))).not.toContain("upgrade-damages");
    const queued = `insert into embeddings_queue (operation, topic, id, vector, encoding, metadata) values`;
    const topic = "persistent://default/default/00000000-0000-4000-8000-000000000000";
    change(
      folder.path,
      `${queued} (0, '${topic}', 'x', x'0000803f', 'FLOAT32', '{"chroma:document": null}'),
       (2, '${topic}', 'y', x'0000803f', 'FLOAT32', '{"n":1,"chroma:document":null}'),
       (0, '${topic}', 'z', x'0000803f', 'FLOAT32', '{"chroma:document": "text, and null"}'),
       (3, '${topic}', 'x', null, null, null)`,
    );
    const found = only(await examine({ source: folder.path }), "upgrade-damages");
    expect(found).toMatchObject({ severity: "warning", evidence: { nullDocuments: 2 } });
    expect(found.remedy).toBe(`vecferry migrate ${folder.path} TARGET`);
  });

  it("names records whose newest vectors were lost with the queue", async () => {
    await using folder = await unpackRecorded("1.5.9");
    const sound = codesOf(await examine({ source: folder.path }));
    expect(sound).not.toContain("stale-vectors");
    change(folder.path, "delete from embeddings_queue");
    const findings = await examine({ source: folder.path });
    const lost = findings.filter(({ code }) => code === "stale-vectors");
    expect(lost).not.toEqual([]);
    for (const { evidence } of lost) expect(evidence["examples"]).not.toEqual([]);
  });

  it("says where it was upgraded already, and nothing is to be feared", async () => {
    await using folder = await unpackRecorded("1.0.20");
    change(
      folder.path,
      `insert into embeddings_queue (operation, topic, id, vector, encoding, metadata)
       values (0, 'persistent://default/default/00000000-0000-4000-8000-000000000000', 'x', x'0000803f', 'FLOAT32', '{"chroma:document": null}')`,
    );
    expect(codesOf(await examine({ source: folder.path }))).not.toContain("upgrade-damages");
  });

  it("finds a process that has it open, and a write while it is examined", async () => {
    await using folder = await temporaryFolder();
    makeFolder(folder.path, { records: 10, dimension: 2 });
    const database = new DatabaseSync(join(folder.path, "chroma.sqlite3"));
    const child = spawn("tail", ["-f", join(folder.path, "chroma.sqlite3")], { stdio: "ignore" });
    const writing = setInterval(() => {
      database.exec("update embeddings set created_at = random() where id = 1");
    }, 100);
    try {
      const findings = await examine({ source: folder.path, watchMs: 500 });
      expect(only(findings, "source-changing")).toMatchObject({ end: "source", collection: null });
      if (process.platform !== "linux") return;
      const used = only(findings, "folder-in-use");
      expect(used.evidence["pids"]).toEqual([child.pid]);
      expect(used.remedy).toBe(`kill ${child.pid}`);
    } finally {
      clearInterval(writing);
      child.kill();
      database.close();
    }
  });

  it("names what a folder is not", async () => {
    await using folder = await temporaryFolder();
    const missing = only(await examine({ source: join(folder.path, "none") }), "folder-missing");
    expect(missing.remedy).toContain("chroma.sqlite3");
    writeFileSync(join(folder.path, "chroma-embeddings.parquet"), "");
    expect(codesOf(await examine({ source: folder.path }))).toEqual(["folder-layout"]);
    writeFileSync(
      join(folder.path, "chroma.sqlite3"),
      "something else, and long enough to be seen",
    );
    expect(codesOf(await examine({ source: folder.path }))).toEqual(["not-chroma"]);
  });

  it("names a layout that is newer than any it knows", async () => {
    await using folder = await unpackRecorded("1.5.9");
    change(folder.path, "insert into migrations values ('sysdb', 99, 'x', '', '')");
    expect(codesOf(await examine({ source: folder.path }))).toEqual(["folder-layout"]);
  });

  it("names a database that is cut short", async () => {
    await using folder = await unpackRecorded("1.5.9");
    truncateSync(join(folder.path, "chroma.sqlite3"), 20_000);
    expect(codesOf(await examine({ source: folder.path }))).toContain("folder-damaged");
  });

  it("examines the other collections where one's files are torn", async () => {
    await using folder = await temporaryFolder();
    makeFolder(folder.path, { records: 10, dimension: 2 });
    const segment = join(folder.path, "22222222-2222-4222-8222-222222222222");
    truncateSync(join(segment, "data_level0.bin"), 100);
    for (const name of ["data_level0.bin", "header.bin", "length.bin", "index_metadata.pickle"])
      utimesSync(join(segment, name), new Date(0), new Date(0));
    utimesSync(join(folder.path, "chroma.sqlite3"), new Date(0), new Date(0));
    const codes = codesOf(await examine({ source: folder.path }));
    expect(codes.some((code) => code === "folder-damaged" || code === "records-unreadable")).toBe(
      true,
    );
  });
});

describe("doctor on a folder with much in it", () => {
  it("looks at every record", async () => {
    await using folder = await temporaryFolder();
    const fill = (index: number, target: Float32Array): void => {
      target.fill(index === 4999 ? 0 : 1);
    };
    makeFolder(folder.path, { records: 5000, dimension: 2, distance: "cosine", fill });
    const found = only(await examine({ source: folder.path }), "zero-vectors");
    expect(found.evidence).toMatchObject({ records: 5000, looked: 5000, complete: true });
  });
});
