import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Engine, openEngine, type RestOperation } from "../../src/engine/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";

/** More of them: FLIPS=1000 npx vitest run test/fault/engine-damage.test.ts */
const flips = Number(process.env["FLIPS"] ?? 6);
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const parent = mkdtempSync(join(tmpdir(), "vecferry-damage-"));
/** Closed as it should be; left as a kill leaves it; the one that is hurt. */
const [closed, killed, folder] = [
  join(parent, "closed"),
  join(parent, "killed"),
  join(parent, "hurt"),
];
/** The file of the collection 'hurt'. */
let file: string;
let expected: { [name: string]: unknown };

async function ask(engine: Engine, operation: RestOperation, collection: string, body: unknown) {
  const asked = { operation, collection, params: {}, body: JSON.stringify(body) };
  return JSON.parse(await engine.ask(asked));
}

async function fill(engine: Engine, name: string): Promise<void> {
  await ask(engine, "createCollection", name, {
    vectors: {
      one: { size: 8, distance: "Dot" },
      many: { size: 2, distance: "Dot", multivector_config: { comparator: "max_sim" } },
    },
    sparse_vectors: { words: {} },
    metadata: { made: "here" },
  });
  await ask(engine, "createPayloadIndex", name, { field_name: "n", field_schema: "integer" });
  for (let first = 0; first < 300; first += 50) {
    const points = Array.from({ length: 50 }, (_unused, at) => {
      const id = first + at;
      const vector = {
        one: Array(8).fill(id),
        many: [[id, 1]],
        words: { indices: [id], values: [2] },
      };
      return { id, vector, payload: { n: id, text: `number ${id}` } };
    });
    await ask(engine, "upsertPoints", name, { points });
  }
}

/** All that a collection answers. */
async function contents(engine: Engine, name: string): Promise<unknown> {
  const must = [{ key: "n", range: { gte: 100 } }];
  return {
    description: await engine.getCollection(name),
    page: await ask(engine, "scrollPoints", name, { limit: 1000, with_vector: true }),
    counted: await engine.count(name, { must }),
  };
}

function flip(path: string, at: number, bit = 0): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(path, bytes);
}

/** Changes the database at `path` by SQL, checkpointed. */
function change(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

async function expectHurt(words = "Collection hurt is damaged"): Promise<void> {
  await using engine = await openEngine(folder);
  expect([...engine.damaged.keys()]).toEqual(["hurt"]);
  expect(engine.damaged.get("hurt")).toContain(words);
  await expect(engine.count("hurt")).rejects.toMatchObject({ code: "E_STORAGE" });
  expect(await contents(engine, "sound")).toEqual(expected["sound"]);
}

beforeAll(async () => {
  {
    await using engine = await openEngine(closed);
    for (const name of ["sound", "hurt"]) await fill(engine, name);
    const actions = [{ create_alias: { collection_name: "hurt", alias_name: "alias" } }];
    await ask(engine, "updateAliases", "", { actions });
    expected = { sound: await contents(engine, "sound"), hurt: await contents(engine, "hurt") };
    cpSync(closed, killed, { recursive: true });
    rmSync(join(killed, "lock"));
  }
  const catalog = new DatabaseSync(join(closed, "engine.sqlite"));
  const row = catalog.prepare("SELECT file FROM collections WHERE name = 'hurt'").get();
  catalog.close();
  file = join(folder, "collections", String(row?.["file"]));
}, 120_000);
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(closed, folder, { recursive: true });
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

describe("a damaged file of a collection is named, and the others are served", () => {
  it.each([
    ["cut in half", () => truncateSync(file, readFileSync(file).length / 2)],
    ["emptied", () => truncateSync(file, 0)],
    ["missing", () => rmSync(file)],
    ["no database", () => writeFileSync(file, "no database, not at all ".repeat(1000))],
    ["of another format", () => change(file, "UPDATE meta SET value = '9' WHERE key = 'format'")],
    [
      "with a changed payload",
      () => change(file, `UPDATE points SET payload = '{"n":7}' WHERE slot = 5`),
    ],
    [
      "with a changed id",
      () =>
        change(file, "UPDATE points SET id = X'0100000000000000000000000000000FFF' WHERE slot = 5"),
    ],
    [
      "with a changed configuration",
      () =>
        change(file, "UPDATE meta SET value = replace(value, 'here', 'hare') WHERE key = 'config'"),
    ],
    [
      "with a changed vector",
      () => change(file, "UPDATE vectors SET data = zeroblob(length(data)) WHERE name = 'one'"),
    ],
    [
      "with a changed multivector",
      () => change(file, "UPDATE vectors SET data = zeroblob(length(data)) WHERE name = 'many'"),
    ],
    [
      "with a changed sparse vector",
      () => change(file, "UPDATE vectors SET data = zeroblob(length(data)) WHERE name = 'words'"),
    ],
    [
      "with vectors of another name",
      () => change(file, "UPDATE vectors SET name = 'tow' WHERE name = 'one'"),
    ],
    [
      "with vectors in another place",
      () => change(file, "UPDATE vectors SET block = block + 1 WHERE name = 'one'"),
    ],
    ["with a changed payload index", () => change(file, "UPDATE fields SET path = 'm'")],
    [
      "with a changed row of the catalog",
      () =>
        change(
          join(folder, "engine.sqlite"),
          "UPDATE collections SET file = 'x.sqlite' WHERE name = 'hurt'",
        ),
    ],
  ])("%s", async (_what, damage) => {
    damage();
    const files = readdirSync(join(folder, "collections"));
    await expectHurt("");
    // Nothing is taken away, and nothing is made, before somebody has looked.
    expect(readdirSync(join(folder, "collections"))).toEqual(files);
  });

  it(
    `with a flipped bit anywhere it is named, or all the same whole (${flips} flips, seed ${seed})`,
    async () => {
      const next = seededRandom(seed);
      const size = readFileSync(file).length;
      for (let count = 0; count < flips; count += 1) {
        cpSync(closed, folder, { recursive: true });
        const [at, bit] = [Math.floor(next() * size), Math.floor(next() * 8)];
        flip(file, at, bit);
        await using engine = await openEngine(folder);
        const named = engine.damaged.has("hurt");
        const found = named ? expected["hurt"] : await contents(engine, "hurt");
        expect({ at, bit, found }).toEqual({ at, bit, found: expected["hurt"] });
        expect(await engine.count("sound")).toBe(300);
      }
    },
    20_000 + flips * 10_000,
  );

  it("with a flipped bit in what its log committed before the last", async () => {
    rmSync(folder, { recursive: true });
    cpSync(killed, folder, { recursive: true });
    const log = readFileSync(`${file}-wal`);
    expect(log.length).toBeGreaterThan(100_000);
    {
      await using engine = await openEngine(folder);
      expect(await contents(engine, "hurt")).toEqual(expected["hurt"]);
    }
    for (const at of [5, 32 + 2, 32 + 9, 32 + 17, 32 + 24 + 100, log.length >> 1]) {
      cpSync(killed, folder, { recursive: true });
      flip(`${file}-wal`, at);
      await expectHurt("log");
    }
  }, 120_000);
});

describe("a damaged catalog", () => {
  const catalog = join(folder, "engine.sqlite");

  it.each([
    ["emptied", () => truncateSync(catalog, 0)],
    ["cut in half", () => truncateSync(catalog, readFileSync(catalog).length / 2)],
    ["missing", () => rmSync(catalog)],
    ["no database", () => writeFileSync(catalog, "no database ".repeat(5000))],
    ["with a changed alias", () => change(catalog, "UPDATE aliases SET collection = 'sound'")],
  ])("%s is refused by name, and no collection's file is taken away", async (_what, damage) => {
    damage();
    const files = readdirSync(join(folder, "collections"));
    await expect(openEngine(folder)).rejects.toMatchObject({
      code: "E_STORAGE",
      message: expect.stringContaining("engine.sqlite"),
    });
    expect(readdirSync(join(folder, "collections"))).toEqual(files);
  });
});
