import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FaissCollection } from "../../../../src/adapters/faiss/collection.ts";
import { type Row, toRows } from "../../../../src/adapters/faiss/row.ts";
import { batchOf, testSpec } from "../../../../src/testing/target-records.ts";
import { Turns } from "../../../../src/util/turns.ts";

const disk = vi.hoisted(() => ({ isIll: false }));
vi.mock("../../../../src/util/disk.ts", async (original) => {
  const real = await original<typeof import("../../../../src/util/disk.ts")>();
  const syncFolder = async (path: string): Promise<void> => {
    if (disk.isIll) throw Object.assign(new Error("EIO"), { code: "EIO" });
    await real.syncFolder(path);
  };
  return { ...real, syncFolder };
});

const spec = testSpec({ name: "docs", dimension: 2, distance: "l2" });
const parent = mkdtempSync(join(tmpdir(), "vecferry-faiss-collection-"));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

let folder: string;
let folders = 0;
beforeEach(async () => {
  disk.isIll = false;
  folders += 1;
  folder = join(parent, String(folders));
  await FaissCollection.make(folder, spec);
});

const rowsOf = (...ids: string[]): Promise<Row[]> =>
  toRows(spec.name, batchOf(ids.map((id) => ({ id, vector: [1, 2] }))), spec, new Turns());

/** As a process that comes after a kill finds it. */
async function idsThere(): Promise<string[]> {
  const copy = `${folder}.copy`;
  cpSync(folder, copy, { recursive: true });
  await using found = await FaissCollection.open(copy, spec.name);
  return found.table.all().map(({ id }) => id);
}

describe("a collection of FAISS files", () => {
  it("that could not be dropped keeps all that was written", async () => {
    await using collection = await FaissCollection.open(folder, spec.name);
    await collection.put(await rowsOf("1", "2"), "upsert", undefined);
    const away = async (): Promise<void> => {
      throw new Error("It cannot go.");
    };
    await expect(collection.drop(away, undefined)).rejects.toThrow("It cannot go.");
    await collection.put(await rowsOf("3"), "upsert", undefined);
    expect(await idsThere()).toEqual(["1", "2", "3"]);
  });

  it("takes nothing once it is closed, for another process may have it then", async () => {
    await using collection = await FaissCollection.open(folder, spec.name);
    await collection.put(await rowsOf("1"), "upsert", undefined);
    await collection[Symbol.asyncDispose]();
    const files = readdirSync(folder);
    const late = collection.put(await rowsOf("2"), "upsert", undefined);
    await expect(late).rejects.toMatchObject({ code: "E_CLOSED" });
    expect(readdirSync(folder)).toEqual(files);
  });

  it("takes nothing once it is not known which manifest is on the disk, and loses nothing", async () => {
    await using collection = await FaissCollection.open(folder, spec.name);
    await collection.put(await rowsOf("1"), "upsert", undefined);
    disk.isIll = true;
    const fitted = collection.fit({ ...spec, model: "other" }, undefined);
    await expect(fitted).rejects.toMatchObject({ code: "E_STORAGE" });
    disk.isIll = false;
    const late = collection.put(await rowsOf("2"), "upsert", undefined);
    await expect(late).rejects.toMatchObject({ code: "E_STORAGE" });
    await collection[Symbol.asyncDispose]();
    expect(await idsThere()).toEqual(["1"]);
  });

  it("has of two new records with one id the last", async () => {
    await using collection = await FaissCollection.open(folder, spec.name);
    const [one] = await rowsOf("1");
    if (one === undefined) throw new Error("There is no row.");
    const rows = ["first", "last"].map((document) => ({ ...one, document }));
    await collection.put(rows, "insert", undefined);
    expect(collection.table.get(one.point)?.document).toBe("last");
  });
});
