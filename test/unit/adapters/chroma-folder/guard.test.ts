import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../../../src/adapters/chroma-folder/index.ts";
import { isVectorError, type VectorError } from "../../../../src/errors.ts";
import { fileList, temporaryFolder, unpackRecorded } from "../../../support/fixtures.ts";

async function refusal(path: string, options = {}): Promise<VectorError> {
  try {
    await using _store = await openChromaFolder(path, options);
  } catch (error) {
    if (isVectorError(error)) return error;
    throw error;
  }
  throw new Error("the folder was opened");
}

describe("a path that is no folder of Chroma", () => {
  it("a path that is not there, and a file, are E_NO_FOLDER", async () => {
    await using folder = await temporaryFolder();
    expect((await refusal(join(folder.path, "nowhere"))).code).toBe("E_NO_FOLDER");
    writeFileSync(join(folder.path, "file"), "x");
    expect((await refusal(join(folder.path, "file"))).code).toBe("E_NO_FOLDER");
  });

  it("a folder without chroma.sqlite3, or with a folder of that name, is E_NO_FOLDER", async () => {
    await using folder = await temporaryFolder();
    expect((await refusal(folder.path)).code).toBe("E_NO_FOLDER");
    mkdirSync(join(folder.path, "chroma.sqlite3"));
    expect((await refusal(folder.path)).code).toBe("E_NO_FOLDER");
  });

  it("what is no SQLite file, an empty file and another application's database are E_NOT_CHROMA", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "chroma.sqlite3");
    writeFileSync(path, "hello, I am no database at all".repeat(100));
    expect((await refusal(folder.path)).code).toBe("E_NOT_CHROMA");
    writeFileSync(path, "");
    expect((await refusal(folder.path)).code).toBe("E_NOT_CHROMA");
    const other = new DatabaseSync(path);
    other.exec("create table notes (id integer)");
    other.close();
    expect((await refusal(folder.path)).code).toBe("E_NOT_CHROMA");
  });
});

describe("a layout that is not known", () => {
  it("0.3's parquet files are E_FOLDER_LAYOUT", async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, "chroma-embeddings.parquet"), "PAR1");
    const error = await refusal(folder.path);
    expect(error.code).toBe("E_FOLDER_LAYOUT");
    expect(error.message).toContain("0.3");
  });

  it.each([
    ["sysdb", 11],
    ["metadb", 7],
    ["embeddings_queue", 3],
    ["sysdb", 3],
    ["metadb", 2],
  ])("%s %i is E_FOLDER_LAYOUT with the number", async (directory, version) => {
    await using folder = await unpackRecorded("1.5.9");
    const database = new DatabaseSync(join(folder.path, "chroma.sqlite3"));
    database
      .prepare("delete from migrations where dir = ? and version >= ?")
      .run(directory, version);
    database
      .prepare(
        "insert into migrations (dir, version, filename, sql, hash) values (?, ?, '', '', '')",
      )
      .run(directory, version);
    database.close();
    const before = fileList(folder.path);
    const error = await refusal(folder.path);
    expect(error.code).toBe("E_FOLDER_LAYOUT");
    expect(error.message).toContain(`${directory} ${version}`);
    expect(error.details).toMatchObject({ directory, version });
    expect(fileList(folder.path)).toEqual(before);
  });

  it("a database with Chroma's tables but no list of migrations is E_FOLDER_LAYOUT", async () => {
    await using folder = await unpackRecorded("1.5.9");
    const database = new DatabaseSync(join(folder.path, "chroma.sqlite3"));
    database.exec("drop table migrations");
    database.close();
    expect((await refusal(folder.path)).code).toBe("E_FOLDER_LAYOUT");
  });
});

describe("tenants and databases", () => {
  it("an unknown one is E_TENANT_NOT_FOUND and the message names those that exist", async () => {
    await using folder = await unpackRecorded("1.5.9");
    for (const options of [
      { tenant: "acne" },
      { database: "prd" },
      { tenant: "acme", database: "default_database" },
    ]) {
      const error = await refusal(folder.path, options);
      expect(error.code).toBe("E_TENANT_NOT_FOUND");
      expect(error.message).toContain("acme/prod");
      expect(error.message).toContain("default_tenant/default_database");
    }
  });

  it("a scope lists its own collections, and two of one name are two collections", async () => {
    await using folder = await unpackRecorded("1.5.9");
    await using all = await openChromaFolder(folder.path);
    const named = (await all.collections()).filter(({ name }) => name === "awkward");
    expect(new Set(named.map(({ key }) => key)).size).toBe(2);
    await using acme = await openChromaFolder(folder.path, { tenant: "acme" });
    expect((await acme.collections()).map(({ tenant, name }) => [tenant, name])).toEqual([
      ["acme", "awkward"],
    ]);
    expect(acme.identity).toMatchObject({ kind: "chroma-folder", tenant: "acme", database: null });
    await using prod = await openChromaFolder(folder.path, { database: "prod" });
    expect(await prod.collections()).toHaveLength(1);
  });
});

describe("a store's life", () => {
  it("a closed store is E_CLOSED, an aborted call E_ABORTED, a collection that is gone E_COLLECTION_NOT_FOUND", async () => {
    await using folder = await unpackRecorded("1.5.9");
    const store = await openChromaFolder(folder.path);
    const [collection] = await store.collections();
    if (collection === undefined) throw new Error("no collection");
    const signal = AbortSignal.abort();
    await expect(store.read(collection, ["x"], { signal })).rejects.toMatchObject({
      code: "E_ABORTED",
    });
    await expect(openChromaFolder(folder.path, { signal })).rejects.toMatchObject({
      code: "E_ABORTED",
    });
    const gone = { ...collection, key: "00000000-0000-4000-8000-000000000000" };
    await expect(store.count(gone)).rejects.toMatchObject({ code: "E_COLLECTION_NOT_FOUND" });
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await expect(store.collections()).rejects.toMatchObject({ code: "E_CLOSED" });
  });
});
