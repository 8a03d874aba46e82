import {
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../../../src/adapters/chroma-folder/index.ts";
import { isVectorError } from "../../../../src/errors.ts";
import { type RecordedVersion, unpackRecorded } from "../../../support/fixtures.ts";
import { allIds, findCollection, readAll } from "./read-all.ts";

/** Damages must be older than a write that could still go on, or the reader waits for its end. */
const longAgo = new Date("2024-01-01T00:00:00Z");

function settle(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    utimesSync(join(folder, name), longAgo, longAgo);
  }
}

function change(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, "chroma.sqlite3"));
  database.exec(sql);
  database.close();
}

/** The first column of every row. */
function all(folder: string, sql: string, ...values: string[]): unknown[] {
  const database = new DatabaseSync(join(folder, "chroma.sqlite3"), { readOnly: true });
  const rows = database.prepare(sql).all(...values);
  database.close();
  return rows.map((row) => Object.values(row)[0]);
}

/** Bytes of a slot with 32 links and 8 components. */
const slotBytes = 4 + 32 * 4 + 8 * 4 + 8;

function patch(path: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  edit(bytes);
  writeFileSync(path, bytes);
}

function vectorSegment(folder: string, name: string): string {
  const sql = `select s.id from segments s join collections c on c.id = s.collection
    where s.scope = 'VECTOR' and c.name = ?`;
  return String(all(folder, sql, name)[0]);
}

async function open(version: RecordedVersion, damage: (path: string, segment: string) => void) {
  const folder = await unpackRecorded(version);
  damage(folder.path, join(folder.path, vectorSegment(folder.path, "dots")));
  settle(folder.path);
  const store = await openChromaFolder(folder.path);
  return {
    store,
    path: folder.path,
    dots: await findCollection(store, "dots"),
    squares: await findCollection(store, "squares"),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Damage = [what: string, file: string, damage: (segment: string) => void];

const wholeCollection: Damage[] = [
  [
    "an empty pickle",
    "index_metadata.pickle",
    (s) => truncateSync(join(s, "index_metadata.pickle"), 0),
  ],
  [
    "a cut pickle",
    "index_metadata.pickle",
    (s) => truncateSync(join(s, "index_metadata.pickle"), 300),
  ],
  [
    "a pickle that is none",
    "index_metadata.pickle",
    (s) => copyFileSync(join(s, "header.bin"), join(s, "index_metadata.pickle")),
  ],
  ["a missing pickle", "index_metadata.pickle", (s) => rmSync(join(s, "index_metadata.pickle"))],
  ["a missing header", "header.bin", (s) => rmSync(join(s, "header.bin"))],
  ["a cut header", "header.bin", (s) => truncateSync(join(s, "header.bin"), 40)],
  [
    "a header that is none",
    "header.bin",
    (s) => copyFileSync(join(s, "length.bin"), join(s, "header.bin")),
  ],
  ["missing data", "data_level0.bin", (s) => rmSync(join(s, "data_level0.bin"))],
];

describe("a collection whose vector files are damaged", () => {
  it.each(wholeCollection)(
    "%s is named, and the other collections are read",
    async (_, file, damage) => {
      await using at = await open("1.5.9", (_path, segment) => damage(segment));
      const ids = await allIds(at.store, at.dots);
      expect(ids).toHaveLength(96);
      const error = await at.store.read(at.dots, ids).catch((caught: unknown) => caught);
      expect(isVectorError(error, "E_FOLDER_TORN") && error.message).toContain(file);
      expect(isVectorError(error) && error.details).toMatchObject({ collection: "dots" });
      const rest = await at.store.read(at.dots, ids, { vectors: false });
      expect(rest.batch.ids).toHaveLength(96);
      const { rows, failures } = await readAll(at.store, at.squares);
      expect([rows.size, failures.length]).toEqual([96, 0]);
    },
  );

  it("short data costs exactly the records that stood behind its end", async () => {
    for (const version of ["0.4.24", "0.6.3", "1.5.9"] as const) {
      await using whole = await open(version, () => {});
      const before = await readAll(whole.store, whole.dots);
      await using at = await open(version, (_, s) =>
        truncateSync(join(s, "data_level0.bin"), 50 * slotBytes + 7),
      );
      const after = await readAll(at.store, at.dots);
      expect(after.failures.length).toBeGreaterThan(5);
      expect(new Set(after.failures.map(({ reason }) => reason))).toEqual(new Set(["torn"]));
      expect(after.rows.size + after.failures.length).toBe(96);
      for (const [id, row] of after.rows) expect(row).toEqual(before.rows.get(id));
    }
  });

  it("short norms cost records of a cosine collection only", async () => {
    await using folder = await unpackRecorded("1.5.9");
    for (const name of ["angles", "squares"]) {
      truncateSync(join(folder.path, vectorSegment(folder.path, name), "length.bin"), 200);
    }
    settle(folder.path);
    await using store = await openChromaFolder(folder.path);
    const angles = await readAll(store, await findCollection(store, "angles"));
    expect(angles.failures.length).toBeGreaterThan(5);
    expect(angles.failures.every(({ reason }) => reason === "torn")).toBe(true);
    const squares = await readAll(store, await findCollection(store, "squares"));
    expect(squares.failures).toEqual([]);
  });
});

describe("a collection whose queue is lost", () => {
  it.each(["0.5.23", "0.6.3", "1.0.20", "1.5.9"] as const)(
    "written by %s: every record written since the last flush is named stale, and only those",
    async (version) => {
      await using whole = await open(version, () => {});
      const before = await readAll(whole.store, whole.dots);
      await using at = await open(version, (path) => change(path, "delete from embeddings_queue"));
      const after = await readAll(at.store, at.dots);
      const expected = all(
        at.path,
        `select e.embedding_id from collections c
         join segments r on r.collection = c.id and r.scope = 'METADATA'
         join segments v on v.collection = c.id and v.scope = 'VECTOR'
         join embeddings e on e.segment_id = r.id join max_seq_id m on m.segment_id = v.id
         where c.name = 'dots' and e.seq_id > m.seq_id`,
      );
      expect(expected).toEqual(
        expect.arrayContaining(["id-7", "id-8", "id-9", "id-91", "fresh-2"]),
      );
      expect(after.failures.map(({ id }) => id).sort()).toEqual(expected.sort());
      expect(new Set(after.failures.map(({ reason }) => reason))).toEqual(
        new Set(["stale-vector"]),
      );
      expect(after.rows.size + after.failures.length).toBe(96);
      for (const [id, row] of after.rows) expect(row).toEqual(before.rows.get(id));
    },
  );

  it("one lost row of the queue costs one record", async () => {
    await using at = await open("1.5.9", (path) =>
      change(
        path,
        `delete from embeddings_queue where seq_id = (
        select e.seq_id from embeddings e join segments s on s.id = e.segment_id
        join collections c on c.id = s.collection where c.name = 'dots' and e.embedding_id = 'fresh-2')`,
      ),
    );
    const { failures } = await readAll(at.store, at.dots);
    expect(failures.map(({ id, reason }) => [id, reason])).toEqual([["fresh-2", "stale-vector"]]);
  });
});

describe("single records that are damaged", () => {
  const ofDots = `topic in (select 'persistent://default/default/' || id from collections where name = 'dots')`;

  it("a queued vector of another length or form is named, its neighbours are read", async () => {
    await using at = await open("1.5.9", (path) =>
      change(
        path,
        `update embeddings_queue set vector = x'0000803f' where id = 'fresh-2' and ${ofDots};
         update embeddings_queue set encoding = 'INT32' where id = 'id-10' and vector is not null and ${ofDots}`,
      ),
    );
    const { failures, rows } = await readAll(at.store, at.dots);
    expect(failures.map(({ id, reason }) => [id, reason]).sort()).toEqual([
      ["fresh-2", "wrong-dimension"],
      ["id-10", "torn"],
    ]);
    expect(rows.size).toBe(94);
  });

  it("a slot marked deleted costs its record and no other", async () => {
    await using at = await open("1.5.9", (_, segment) => {
      patch(join(segment, "data_level0.bin"), (bytes) => {
        bytes[20 * slotBytes + 2] = 1;
      });
    });
    const { failures, rows } = await readAll(at.store, at.dots);
    expect(failures.map(({ reason }) => reason)).toEqual(["torn"]);
    expect(rows.size).toBe(95);
  });

  it("the label in a slot decides whose vector it is, not its position", async () => {
    await using whole = await open("1.5.9", () => {});
    const before = await readAll(whole.store, whole.dots);
    await using at = await open("1.5.9", (_, segment) => {
      patch(join(segment, "data_level0.bin"), (bytes) => {
        const slot = Buffer.from(bytes.subarray(20 * slotBytes, 21 * slotBytes));
        bytes.copyWithin(20 * slotBytes, 30 * slotBytes, 31 * slotBytes);
        slot.copy(bytes, 30 * slotBytes);
      });
    });
    const after = await readAll(at.store, at.dots);
    expect(after.failures).toEqual([]);
    expect(after.rows).toEqual(before.rows);
  });

  it("metadata that is no JSON number is named, without the others of its batch", async () => {
    await using at = await open("1.5.9", (path) =>
      change(
        path,
        `update embedding_metadata set float_value = 9e999 where key = 'f' and id in (
           select e.id from embeddings e join segments s on s.id = e.segment_id
           join collections c on c.id = s.collection where c.name = 'dots' and e.embedding_id = 'id-20')`,
      ),
    );
    const { failures, rows } = await readAll(at.store, at.dots);
    expect(failures.map(({ id, reason }) => [id, reason])).toEqual([
      ["id-20", "metadata-not-json"],
    ]);
    expect(failures[0]?.detail).toContain('"f"');
    expect(rows.size).toBe(95);
  });

  it("NaN and infinite components are carried as they are", async () => {
    const bits = `0000c07f0000807f000080ff${"00000000".repeat(5)}`;
    await using at = await open("1.5.9", (path) =>
      change(
        path,
        `update embeddings_queue set vector = x'${bits}' where id = 'fresh-2' and ${ofDots}`,
      ),
    );
    const { rows } = await readAll(at.store, at.dots);
    const vector = rows.get("fresh-2")?.vector;
    expect(Buffer.from(vector?.slice().buffer ?? new ArrayBuffer(0)).toString("hex")).toBe(bits);
  });

  it("a damaged database is named", async () => {
    await using folder = await unpackRecorded("1.5.9");
    const path = join(folder.path, "chroma.sqlite3");
    truncateSync(path, Math.floor(statSync(path).size / 3));
    settle(folder.path);
    const error = await (async () => {
      await using store = await openChromaFolder(folder.path);
      for (const collection of await store.collections()) await readAll(store, collection);
    })().catch((caught: unknown) => caught);
    expect(isVectorError(error, "E_FOLDER_TORN") && error.message).toContain("chroma.sqlite3");
  });
});
