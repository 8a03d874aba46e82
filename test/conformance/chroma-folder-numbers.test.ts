/** Every version of Chroma numbers its writes in the folder: what each kind of write does to the numbers that a listing tells. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../src/adapters/chroma-folder/index.ts";
import {
  addRecords,
  collectionsUrl,
  defaultPlace,
  makeCollection,
  send,
} from "../support/chroma-fill.ts";
import {
  type ChromaServer,
  type ChromaVersion,
  chromaAvailable,
  startChroma,
} from "../support/chroma-server.ts";

const versions = ["0.4.24", "0.5.23", "0.6.3", "1.0.20", "1.5.9"] as const;
/** A flush after so many writes: it purges the queue. */
const small = { "hnsw:batch_size": 10, "hnsw:sync_threshold": 20 };

/** Declares a test that runs where all of `wanted` can be started. */
function itWith(wanted: readonly ChromaVersion[], name: string, body: () => Promise<void>): void {
  const reason =
    wanted.map((version) => chromaAvailable(version, true)).find((each) => each !== null) ?? null;
  it.skipIf(reason !== null)(reason === null ? name : `${name} (skipped: ${reason})`, body);
}

/** The number of each listed record. */
async function numbersIn(folder: string, name = "one"): Promise<Map<string, number>> {
  await using store = await openChromaFolder(folder);
  const info = (await store.collections()).find((one) => one.name === name);
  if (info === undefined) throw new Error(`no collection ${name}`);
  const found = new Map<string, number>();
  let told: readonly number[] = [];
  const onVersions = (numbers: readonly number[]) => {
    told = numbers;
  };
  for await (const ids of store.ids(info, { chunk: 7, onVersions }))
    for (const [row, id] of ids.entries()) found.set(id, told[row] ?? Number.NaN);
  return found;
}

/** Makes a write, and gives the ids whose numbers rose; no number may fall. */
async function risen(folder: string, write: () => Promise<unknown>): Promise<string[]> {
  const before = await numbersIn(folder);
  await write();
  const after = await numbersIn(folder);
  const last = Math.max(...before.values());
  const changed = [...after].filter(([id, number]) => number !== before.get(id));
  for (const [id, number] of changed) expect(number, id).toBeGreaterThan(last);
  return changed.map(([id]) => id).sort();
}

const record = (id: string, at: number) => ({
  id,
  vector: [at, 1, 2],
  document: `document ${at}`,
  uri: null,
  metadata: `{"at":${at}}`,
});

async function writes(server: ChromaServer, folder: string, key: string): Promise<void> {
  const write = (verb: string, body: object) => () =>
    send(collectionsUrl(server, defaultPlace, `/${key}/${verb}`), "POST", JSON.stringify(body));
  const before = await numbersIn(folder);
  const rises = (body: () => Promise<unknown>) => risen(folder, body);
  expect(await rises(write("update", { ids: ["a"], embeddings: [[9, 9, 9]] }))).toEqual(["a"]);
  expect(await rises(write("update", { ids: ["b"], metadatas: [{ at: 7 }] }))).toEqual(["b"]);
  expect(await rises(write("update", { ids: ["c"], documents: ["new"] }))).toEqual(["c"]);
  const whole = { embeddings: [[5, 5, 5]], documents: ["upserted"], metadatas: [{ at: 5 }] };
  expect(await rises(write("upsert", { ids: ["d"], ...whole }))).toEqual(["d"]);
  expect(await rises(write("update", { ids: ["nobody"], documents: ["new"] }))).toEqual([]);
  expect(await rises(write("delete", { ids: ["c"] }))).toEqual([]);
  const again = () => addRecords(server, defaultPlace, key, [record("c", 3), record("e", 4)]);
  // What is there already is not added.
  expect(await rises(again)).toEqual(["c", ...(before.has("e") ? [] : ["e"])]);
}

describe.each(versions)("a folder of Chroma %s", (version) => {
  itWith([version], "gives each write to a record a number above all before", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vecferry-numbers-"));
    try {
      await using server = await startChroma({ version, path: folder });
      const key = await makeCollection(server, defaultPlace, "one", small);
      const ids = ["a", "b", "c", "d"];
      await addRecords(server, defaultPlace, key, ids.map(record));
      await writes(server, folder, key);
      // Another collection's writes, and that it goes, take numbers and give them back.
      const two = await makeCollection(server, defaultPlace, "two");
      await addRecords(server, defaultPlace, two, ids.map(record));
      await send(collectionsUrl(server, defaultPlace, "/two"), "DELETE");
      const many = Array.from({ length: 45 }, (_, at) => record(`m${at}`, at));
      const added = await risen(folder, () => addRecords(server, defaultPlace, key, many));
      expect(added).toEqual(many.map(({ id }) => id).sort());
      // They are flushed by now, and the queue is purged.
      await writes(server, folder, key);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("a folder that a newer Chroma has taken over", () => {
  itWith(["0.5.23", "1.5.9"], "keeps its numbers, and goes on from them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vecferry-numbers-"));
    try {
      let key = "";
      {
        await using old = await startChroma({ version: "0.5.23", path: folder });
        key = await makeCollection(old, defaultPlace, "one", small);
        const many = Array.from({ length: 45 }, (_, at) => record(`m${at}`, at));
        await addRecords(old, defaultPlace, key, [...["a", "b", "c", "d"].map(record), ...many]);
      }
      const before = await numbersIn(folder);
      await using server = await startChroma({ version: "1.5.9", path: folder });
      expect(await numbersIn(folder)).toEqual(before);
      await writes(server, folder, key);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
