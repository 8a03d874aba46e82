import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import { createServer, type QdrantApp } from "../../../../src/server/index.ts";

let folder: string;
let engine: Engine;
let app: QdrantApp;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-alias-"));
  await open();
  for (const name of ["ants", "bees"]) {
    await engine.createCollection(name, { vectors: { size: 2, distance: "Dot" } });
    await ask("PUT", `/collections/${name}/points?wait=true`, {
      points: [{ id: name.length, vector: [1, 2], payload: { of: name } }],
    });
  }
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<void> {
  engine = await openEngine(folder);
  app = createServer(engine);
}

async function ask(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; result?: unknown; error?: string }> {
  const answer = await app.request(`http://localhost${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { result, status } = JSON.parse(await answer.text());
  return { status: answer.status, result, error: status.error };
}

const change = (...actions: object[]) => ask("POST", "/collections/aliases", { actions });
const create = (alias_name: string, collection_name: string) => ({
  create_alias: { alias_name, collection_name },
});
const remove = (alias_name: string) => ({ delete_alias: { alias_name } });
const rename = (old_alias_name: string, new_alias_name: string) => ({
  rename_alias: { old_alias_name, new_alias_name },
});

/** All aliases, as `alias>collection`. */
async function aliases(path = "/aliases"): Promise<string[]> {
  const { result } = await ask("GET", path);
  const { aliases: list } = result as {
    aliases: { alias_name: string; collection_name: string }[];
  };
  return list.map(({ alias_name, collection_name }) => `${alias_name}>${collection_name}`);
}

describe("aliases", () => {
  it("are made, pointed anew, renamed, listed and deleted in one list of changes, and stay in the folder", async () => {
    expect(await change(create("x", "ants"), create("y", "ants"))).toMatchObject({ result: true });
    expect(
      await change(remove("y"), create("x", "bees"), create("z", "ants"), rename("z", "w")),
    ).toMatchObject({ status: 200 });
    expect(await aliases()).toEqual(["w>ants", "x>bees"]);
    expect(await aliases("/collections/bees/aliases")).toEqual(["x>bees"]);
    expect(await aliases("/collections/none/aliases")).toEqual([]);
    expect(await change()).toMatchObject({ status: 200, result: true });
    expect(await change(remove("none"))).toMatchObject({ status: 200, result: true });
    await engine.close();
    await open();
    expect(await aliases()).toEqual(["w>ants", "x>bees"]);
    await change(remove("w"), remove("x"));
    expect(await aliases()).toEqual([]);
  });

  it("are refused in Qdrant's words, and then none of the list is done", async () => {
    const first = create("first", "ants");
    for (const [action, status, error] of [
      [create("x", "none"), 404, "Not found: Collection `none` doesn't exist!"],
      [create("x", "first"), 404, "Not found: Collection `first` doesn't exist!"],
      [create("bees", "ants"), 409, "Wrong input: Collection `bees` already exists!"],
      [create("x\0y", "ants"), 422, 'Validation error: alias name cannot contain "\\0" char'],
      [rename("none", "x"), 404, "Not found: Alias none does not exists!"],
      [
        { create_alias: { alias_name: "x" } },
        400,
        /^Format error in JSON body: data did not match/,
      ],
      [{ other: {} }, 400, /^Format error in JSON body: data did not match/],
    ] as const) {
      const refused = await change(first, action);
      expect(refused.status).toBe(status);
      expect(refused.error).toMatch(error);
      expect(await aliases()).toEqual([]);
    }
    expect((await ask("POST", "/collections/aliases", {})).status).toBe(400);
  });

  it("stand wherever a collection's name may", async () => {
    await change(create("x", "ants"));
    const found = { result: { exists: true } };
    expect(await ask("GET", "/collections/x/exists")).toMatchObject(found);
    expect(await ask("GET", "/collections/x")).toMatchObject({ result: { points_count: 1 } });
    expect(await ask("PATCH", "/collections/x", { metadata: { a: 1 } })).toMatchObject({
      result: true,
    });
    const points = [{ id: 9, vector: [3, 4], payload: { of: "x" } }];
    expect((await ask("PUT", "/collections/x/points?wait=true", { points })).status).toBe(200);
    const index = { field_name: "of", field_schema: "keyword" };
    expect((await ask("PUT", "/collections/x/index?wait=true", index)).status).toBe(200);
    const query = { query: [1, 1], limit: 5 };
    const { result } = await ask("POST", "/collections/x/points/query", query);
    expect(result).toMatchObject({ points: [{ id: 9 }, { id: 4 }] });
    expect(await ask("POST", "/collections/ants/points/query", query)).toMatchObject({ result });
    expect(
      (await ask("POST", "/collections/x/points/delete?wait=true", { points: [9] })).status,
    ).toBe(200);
    expect(await engine.count("ants")).toBe(1);
    expect((await ask("POST", "/collections/x/snapshots")).status).toBe(200);
    expect((await ask("GET", "/collections/ants/snapshots")).result).toHaveLength(1);
  });

  it("keep a collection from their name, are no collection to delete, and go with theirs", async () => {
    await change(create("x", "bees"));
    expect(
      await ask("PUT", "/collections/x", { vectors: { size: 2, distance: "Dot" } }),
    ).toMatchObject({
      status: 400,
      error:
        "Wrong input: Can't create collection with name x. Alias with the same name already exists",
    });
    expect(await ask("DELETE", "/collections/x")).toMatchObject({ status: 200, result: false });
    expect(await engine.listCollections()).toEqual(["ants", "bees"]);
    expect(await ask("DELETE", "/collections/bees")).toMatchObject({ result: true });
    expect(await aliases()).toEqual([]);
    expect((await ask("GET", "/collections/x")).status).toBe(404);
  });
});
