import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../src/adapters/chroma-folder/index.ts";
import { isVectorError } from "../../src/errors.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import type { SourceStore } from "../../src/store/port.ts";
import { chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { temporaryFolder } from "../support/fixtures.ts";

const missing = chromaAvailable("1.5.9", true);
const records = 1200;
const batchSize = 40;
const seconds = 12;
/** A machine that does something else beside may need longer for as many writes and reads. */
const secondsMax = 90;
const writesWanted = 50;
const rowsWanted = 500;

/** Vector and metadata name the record and the version of its last write: a torn, stale or neighbour's vector is seen. */
function body(ids: readonly number[], version: number): object {
  return {
    ids: ids.map((n) => `id-${n}`),
    embeddings: ids.map((n) => [n, version, -n, version * 2]),
    metadatas: ids.map((n) => ({ n, version })),
  };
}

async function post(url: string, json: object): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(json),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

/** Upserts, deletes and adds again without pause; counts the calls. */
async function writeUntil(base: string, seen: { writes: number }, isOver: () => boolean) {
  for (let version = 1; !isOver(); version += 1) {
    const first = (version * 7 * batchSize) % records;
    const ids = Array.from({ length: batchSize }, (_, i) => (first + i * 3) % records);
    if (version % 4 === 0) await post(`${base}/delete`, { ids: ids.map((n) => `id-${n}`) });
    await post(`${base}/upsert`, body(ids, version));
    seen.writes += 1;
  }
}

/** Reads `keys` once: how many rows were right; throws on one that is wrong. */
async function readOnce(store: SourceStore, collection: CollectionInfo, keys: string[]) {
  const { batch, failures } = await store.read(collection, keys);
  expect(failures).toEqual([]);
  const column = denseVector(batch);
  batch.ids.forEach((id, row) => {
    const { n, version } = JSON.parse(batch.payload.metadata[row] ?? "{}");
    expect(id).toBe(`id-${n}`);
    const vector = [...(column?.data.subarray(row * 4, row * 4 + 4) ?? [])];
    expect(vector).toEqual([n, version, 0 - n, version * 2].map(Math.fround));
  });
  return batch.ids.length;
}

describe("a folder that a real server writes to all the while", () => {
  it.skipIf(missing !== null)(
    `${missing === null ? "" : `skipped: ${missing}: `}gives whole records of one moment or E_FOLDER_IN_USE, never a wrong one, and disturbs no write`,
    async () => {
      await using folder = await temporaryFolder();
      await using server = await startChroma({ version: "1.5.9", path: folder.path });
      const root = `${server.url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
      const made = await post(root, {
        name: "busy",
        configuration: { hnsw: { sync_threshold: 200 } },
      });
      const base = `${root}/${(made as { id: string }).id}`;
      const all = Array.from({ length: records }, (_, n) => n);
      await post(`${base}/add`, body(all, 0));
      await using store = await openChromaFolder(folder.path);
      const [collection] = await store.collections();
      if (collection === undefined) throw new Error("no collection");

      const seen = { writes: 0, rows: 0, refused: 0 };
      const begun = Date.now();
      const isOver = (): boolean => {
        const passed = (Date.now() - begun) / 1000;
        const enough = seen.writes > writesWanted && seen.rows > rowsWanted;
        return passed > (enough ? seconds : secondsMax);
      };
      const writing = writeUntil(base, seen, isOver);
      for (let reads = 0; !isOver(); reads += 1) {
        const first = (reads * 137) % (records - 200);
        const keys = all.slice(first, first + 200).map((n) => `id-${n}`);
        try {
          seen.rows += await readOnce(store, collection, keys);
        } catch (error) {
          if (!isVectorError(error, "E_FOLDER_IN_USE")) throw error;
          seen.refused += 1;
        }
        await sleep(5);
      }
      await writing;
      console.log(`${seen.rows} rows right, ${seen.refused} reads refused, ${seen.writes} writes`);
      expect(seen.writes).toBeGreaterThan(writesWanted);
      expect(seen.rows).toBeGreaterThan(rowsWanted);

      await sleep(2500);
      expect(
        await readOnce(
          store,
          collection,
          all.map((n) => `id-${n}`),
        ),
      ).toBe(records);
    },
    180_000,
  );
});
