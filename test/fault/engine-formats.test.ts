/** Folders that earlier versions of vecferry wrote, each left by a kill, and what those versions answered from them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePointKey } from "../../src/engine/collection/point-key.ts";
import { openEngine, type RestOperation } from "../../src/engine/index.ts";
import { type UnpackedFolder, unpack } from "../support/fixtures.ts";
import { programFile } from "../support/programs.ts";

const fixtures = join(import.meta.dirname, "../fixtures/engine");

interface RecordedVectors {
  readonly dimension: number;
  /** float32, little-endian, base64. */
  readonly data: string;
  readonly present: string | null;
}

interface Recorded {
  readonly description: string;
  readonly ids: string[];
  readonly payloads: (string | null)[];
  readonly vectors: { readonly [name: string]: RecordedVectors };
}

/** What REST answered of a collection. */
interface Answers {
  readonly description: string;
  readonly page: object;
}

function answersOf(format: string) {
  const bytes = readFileSync(join(fixtures, format, "answers.json.gz"));
  return JSON.parse(gunzipSync(bytes).toString());
}

describe("a folder of format-1", () => {
  const format = "format-1";
  const recorded: { [name: string]: Recorded } = answersOf(format);
  let folder: UnpackedFolder;
  beforeAll(async () => {
    folder = await unpack(join(fixtures, format, "folder.tar.gz"));
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  // The first opening finds the logs of a kill, the second what the first made of them.
  it.each(["first", "second"])("has everything in it at the %s opening", async () => {
    await using engine = await openEngine(folder.path);
    expect(engine.damaged.size).toBe(0);
    expect(await engine.listCollections()).toEqual(Object.keys(recorded));
    for (const [name, { description, ids, payloads, vectors }] of Object.entries(recorded)) {
      const { points_count, config, payload_schema } = JSON.parse(description);
      expect(await engine.getCollection(name)).toMatchObject({
        points_count,
        payload_schema,
        config: {
          params: { vectors: config.params.vectors },
          ...("metadata" in config ? { metadata: config.metadata } : {}),
        },
      });
      const page = await engine.scroll(name, { limit: 1000, withVector: true });
      expect(page.ids).toEqual(ids);
      expect(page.payloads).toEqual(payloads);
      expect([...page.vectors.keys()].sort()).toEqual(Object.keys(vectors).sort());
      for (const [vector, column] of page.vectors) {
        if (column.kind !== "dense") throw new TypeError(vector);
        const { buffer, byteOffset, byteLength } = column.data;
        expect({
          dimension: column.dimension,
          data: Buffer.from(buffer, byteOffset, byteLength).toString("base64"),
          present: column.present === null ? null : [...column.present].join(""),
        }).toEqual(vectors[vector]);
      }
    }
  });

  it("finds by its payload indexes, and takes more", async () => {
    await using engine = await openEngine(folder.path);
    const must = [
      { key: "city", match: { value: "東京" } },
      { key: "n", range: { lt: 60 } },
    ];
    const expected = (recorded["ants"]?.payloads ?? []).filter((payload) => {
      const { city, n } = JSON.parse(payload ?? "{}");
      return city === "東京" && n < 60;
    });
    expect(expected.length).toBeGreaterThan(10);
    expect(await engine.count("ants", { must })).toBe(expected.length);
    const data = Float32Array.from({ length: 8 }, (_unused, at) => at);
    await engine.upsert("ants", {
      ids: ["1000000"],
      vectors: new Map([["", { kind: "dense", dimension: 8, data, present: null }]]),
      payloads: ['{"city":"東京","n":1}'],
    });
    expect(await engine.count("ants", { must })).toBe(expected.length + 1);
    expect((await engine.search("ants", { vector: data, limit: 1 })).ids).toEqual(["1000000"]);
  });
});

// Since format 2 the answers are recorded as REST has them.
describe.each(readdirSync(fixtures).filter((format) => format !== "format-1"))(
  "a folder of %s",
  (format) => {
    it("has everything in it at the first opening, and at the second", async () => {
      const { aliases, collections } = answersOf(format);
      await using folder = await unpack(join(fixtures, format, "folder.tar.gz"));
      for (let opening = 0; opening < 2; opening += 1) {
        await using engine = await openEngine(folder.path);
        const ask = async (operation: RestOperation, collection: string, body: string | null) =>
          JSON.parse(await engine.ask({ operation, collection, params: {}, body }));
        expect(engine.damaged.size).toBe(0);
        expect(await ask("listAliases", "", null)).toEqual({ aliases });
        expect(await engine.listCollections()).toEqual(Object.keys(collections));
        for (const [name, { description, page }] of Object.entries<Answers>(collections)) {
          const { points_count, config, payload_schema } = JSON.parse(description);
          const { params, metadata = undefined } = config;
          expect(await engine.getCollection(name)).toMatchObject({
            points_count,
            payload_schema,
            config: { params, ...(metadata === undefined ? {} : { metadata }) },
          });
          const body = JSON.stringify({ limit: 1000, with_vector: true });
          expect(await ask("scrollPoints", name, body)).toEqual(page);
        }
      }
    });
  },
);

/** Adds points to the first collection of a folder of format 1, as that format keeps them. */
function enlarge(folder: string, rows: number): void {
  const catalog = new DatabaseSync(join(folder, "engine.sqlite"));
  const ants = catalog.prepare("SELECT file FROM collections WHERE name = 'ants'").get();
  catalog.close();
  const database = new DatabaseSync(join(folder, "collections", String(ants?.["file"])));
  const insert = database.prepare("INSERT INTO points VALUES (?, ?, ?)");
  database.exec("BEGIN");
  for (let row = 0; row < rows; row += 1) {
    const key = encodePointKey({ kind: 1, a: 0, b: 0, c: 0, d: 1_000_000 + row });
    insert.run(1000 + row, key, `{"city":"Rom","text":"${"x".repeat(500)}"}`);
  }
  database.exec("COMMIT");
  database.close();
}

describe("a folder of format 1 that is brought to the newest", () => {
  const kills = 6;
  const rows = 30_000;
  const asker = new URL("./engine-asker.ts", import.meta.url).pathname;
  const parent = mkdtempSync(join(tmpdir(), "vecferry-upgrade-"));
  const [old, folder] = [join(parent, "old"), join(parent, "folder")];
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  /** Opens the folder in a process of its own, and kills it `lifeMs` after its start, or once it is open; gives how long that took. */
  async function openAndKill(lifeMs: number): Promise<number> {
    rmSync(folder, { recursive: true, force: true });
    cpSync(old, folder, { recursive: true });
    const startedMs = performance.now();
    const child = spawn(process.execPath, programFile(asker, folder), {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await Promise.race([once(child.stdout, "data"), sleep(lifeMs)]);
    const tookMs = performance.now() - startedMs;
    const gone = once(child, "close");
    child.kill("SIGKILL");
    await gone;
    return tookMs;
  }

  it(`is the old or the new after each of ${kills} kills amid it, with everything in it`, async () => {
    await using unpacked = await unpack(join(fixtures, "format-1/folder.tar.gz"));
    cpSync(unpacked.path, old, { recursive: true });
    enlarge(old, rows);
    const wholeMs = await openAndKill(60_000);
    for (let kill = 0; kill < kills; kill += 1) {
      await openAndKill((wholeMs * (kill + 1)) / kills);
      await using engine = await openEngine(folder);
      expect([...engine.damaged]).toEqual([]);
      expect(await engine.listCollections()).toEqual(["ants", "bees", "empty", "none"]);
      expect(await engine.count("ants")).toBe(300 + rows);
      const must = [{ key: "city", match: { value: "Rom" } }];
      expect(await engine.count("ants", { must })).toBe(rows);
    }
  }, 240_000);
});
