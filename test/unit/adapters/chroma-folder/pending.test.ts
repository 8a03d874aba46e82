import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../../../src/adapters/chroma-folder/index.ts";
import { temporaryFolder } from "../../../support/fixtures.ts";
import { madeId, madeVector, makeFolder } from "../../../support/make-folder.ts";
import { allIds, readAll } from "./read-all.ts";

const dimension = 4;
const operations = { add: 0, update: 1, upsert: 2, delete: 3 } as const;

interface Write {
  readonly verb: keyof typeof operations;
  readonly id: string;
  readonly vector?: readonly number[];
  readonly metadata?: string;
}

/** Queues writes that have not reached the records, as a server leaves them that is killed. */
function queue(folder: string, writes: readonly Write[]): void {
  const database = new DatabaseSync(join(folder, "chroma.sqlite3"));
  const insert = database.prepare(
    `insert into embeddings_queue (seq_id, operation, topic, id, vector, encoding, metadata)
     values ((select max(seq_id) from (select seq_id from embeddings_queue union select max(seq_id) from max_seq_id)) + 1,
       ?, (select 'persistent://default/default/' || id from collections), ?, ?, 'FLOAT32', ?)`,
  );
  for (const { verb, id, vector, metadata } of writes) {
    const bytes = vector ? new Uint8Array(new Float32Array(vector).buffer) : null;
    insert.run(operations[verb], id, bytes, metadata ?? null);
  }
  database.close();
}

async function openMade(records: number, flushedShare: number, writes: readonly Write[]) {
  const folder = await temporaryFolder();
  makeFolder(folder.path, { records, dimension, flushedShare, documentLength: 20 });
  queue(folder.path, writes);
  const store = await openChromaFolder(folder.path);
  const [collection] = await store.collections();
  if (collection === undefined) throw new Error("no collection");
  return {
    store,
    collection,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("writes that are queued and have not reached the records", () => {
  const writes: Write[] = [
    {
      verb: "add",
      id: "new",
      vector: [1, 2, 3, 4],
      metadata: '{"n":1,"f":2.0,"chroma:document":"d","chroma:uri":"u"}',
    },
    { verb: "add", id: madeId(1), vector: [9, 9, 9, 9], metadata: '{"ignored":1}' },
    {
      verb: "update",
      id: madeId(2),
      metadata: '{"k0":null,"more":9007199254740993,"list":[1,2.0]}',
    },
    { verb: "update", id: "nobody", vector: [9, 9, 9, 9], metadata: "{}" },
    {
      verb: "upsert",
      id: madeId(3),
      vector: [5, 6, 7, 8],
      metadata: '{"k0":7.0,"chroma:document":null}',
    },
    { verb: "delete", id: madeId(4) },
    { verb: "delete", id: madeId(5) },
    { verb: "add", id: madeId(5), vector: [1, 1, 1, 1], metadata: '{"again":true}' },
    { verb: "upsert", id: "gone", vector: [1, 1, 1, 1], metadata: "{}" },
    { verb: "delete", id: "gone" },
    { verb: "update", id: "new", metadata: '{"__proto__":"p","n":2}' },
  ];

  it.each([1, 0.5, 0])("are applied over records of which %f are flushed", async (flushedShare) => {
    await using at = await openMade(10, flushedShare, writes);
    const { ids, rows, failures, absent } = await readAll(at.store, at.collection, 4);
    expect([failures, absent]).toEqual([[], []]);
    expect([...ids].sort()).toEqual([
      "id-0",
      "id-1",
      "id-2",
      "id-3",
      "id-5",
      "id-6",
      "id-7",
      "id-8",
      "id-9",
      "new",
    ]);
    expect(at.collection.count).toBe(10);
    const made = (index: number) => {
      const vector = new Float32Array(dimension);
      madeVector(index, vector);
      return vector;
    };
    const row = (id: string) => rows.get(id);
    expect(row("id-0")).toMatchObject({ vector: made(0), metadata: '{"k0":0}' });
    expect(row("id-1")).toMatchObject({ vector: made(1), metadata: '{"k0":1}' });
    expect(row("id-2")).toMatchObject({
      vector: made(2),
      metadata: '{"list":[1,2.0],"more":9007199254740993}',
    });
    expect(row("id-2")?.document).toContain("Document 2");
    expect(row("id-3")).toMatchObject({
      vector: new Float32Array([5, 6, 7, 8]),
      document: null,
      metadata: '{"k0":7.0}',
    });
    expect(row("id-5")).toMatchObject({
      vector: new Float32Array([1, 1, 1, 1]),
      document: null,
      metadata: '{"again":true}',
    });
    expect(row("new")).toMatchObject({
      vector: new Float32Array([1, 2, 3, 4]),
      document: "d",
      uri: "u",
      metadata: '{"__proto__":"p","f":2.0,"n":2}',
    });
    const { absent: gone } = await at.store.read(at.collection, ["id-4", "gone", "nobody"]);
    expect(gone).toEqual(["id-4", "gone", "nobody"]);
  });

  it("are seen by where, by limit and by chunks of one", async () => {
    await using at = await openMade(10, 1, writes);
    const where = { $or: [{ n: 2 }, { again: true }, { k0: { $gte: 8 } }] };
    const found: string[] = [];
    for await (const ids of at.store.ids(at.collection, { where, chunk: 1 })) found.push(...ids);
    expect(found).toEqual(["id-5", "id-8", "id-9", "new"]);
    expect(await allIds(at.store, at.collection, 1)).toHaveLength(10);
  });
});

describe("a made folder", () => {
  it("of every share of flushed records reads back what was put in", async () => {
    for (const flushedShare of [0, 0.3, 1]) {
      await using at = await openMade(2500, flushedShare, []);
      const { rows, failures } = await readAll(at.store, at.collection, 700);
      expect([rows.size, failures.length]).toEqual([2500, 0]);
      const expected = new Float32Array(dimension);
      for (const index of [0, 999, 1000, 2499]) {
        madeVector(index, expected);
        expect(rows.get(madeId(index))?.vector).toEqual(expected);
      }
    }
  });
});
