/** The HNSW index that is kept beside a collection's file: what stands there is taken, or built anew; it never makes an answer wrong. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { usearchAvailable } from "../support/usearch.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const usearch = usearchAvailable();
if (typeof usearch === "string") console.log(`Skipped: ${usearch}`);
const dimension = 16;
/** In four blocks of 1,024, of which the last has room. */
const rows = 4_000;
const limit = 10;
const name = "c";

describe.skipIf(typeof usearch === "string")(`a kept HNSW index (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const parent = mkdtempSync(join(tmpdir(), "vecferry-index-"));
  /** Closed as it should be, with its index. */
  const kept = join(parent, "kept");
  const before = process.env["VECFERRY_USEARCH"];
  let folders = 0;

  const vectors = (count: number): Float32Array =>
    Float32Array.from({ length: count * dimension }, () => random() - 0.5);

  async function write(engine: Engine, first: number, count: number): Promise<void> {
    const ids = Array.from({ length: count }, (_unused, at) => String(first + at));
    const column = { kind: "dense", dimension, data: vectors(count), present: null } as const;
    const points = { ids, payloads: ids.map(() => null), vectors: new Map([["", column]]) };
    await engine.upsert(name, points);
  }

  const indexed = async (engine: Engine): Promise<number> =>
    (await engine.getCollection(name)).indexed_vectors_count;

  const hnswFiles = (folder: string): string[] =>
    readdirSync(join(folder, "collections")).filter((file) => file.includes("hnsw"));

  function copy(of = kept): string {
    folders += 1;
    const folder = join(parent, String(folders));
    cpSync(of, folder, { recursive: true });
    rmSync(join(folder, "lock"), { force: true });
    return folder;
  }

  /** Each answer has exact scores of points that are there, in their order; gives how many of the nearest it has. */
  async function recall(engine: Engine): Promise<number> {
    let found = 0;
    const asked = 20;
    for (let at = 0; at < asked; at += 1) {
      const body = { query: [...vectors(1)], limit, with_vector: false };
      const ask = async (more: object) => {
        const text = JSON.stringify({ ...body, ...more });
        const question = { operation: "queryPoints", collection: name, params: {} } as const;
        return JSON.parse(await engine.ask({ ...question, body: text })).points;
      };
      const exact = await ask({ params: { exact: true } });
      const near = await ask({});
      expect(near).toHaveLength(exact.length);
      const scores = new Map(
        (await ask({ params: { exact: true }, limit: 200 })).map(
          ({ id, score }: { id: number; score: number }) => [id, score],
        ),
      );
      for (const { id, score } of near) expect(score).toBe(scores.get(id));
      const last = exact.at(-1).score;
      found += near.filter(({ score }: { score: number }) => score >= last).length / limit;
    }
    return found / asked;
  }

  beforeAll(async () => {
    if (typeof usearch !== "string") process.env["VECFERRY_USEARCH"] = usearch.path;
    await using engine = await openEngine(kept);
    await engine.createCollection(name, {
      vectors: { size: dimension, distance: "Cosine" },
      optimizers_config: { indexing_threshold: 100 },
    });
    await write(engine, 0, rows);
    const whole = () => hnswFiles(kept).some((file) => !file.endsWith(".partial"));
    await vi.waitUntil(whole, { timeout: 30_000 });
  }, 60_000);
  afterAll(() => {
    if (before === undefined) delete process.env["VECFERRY_USEARCH"];
    else process.env["VECFERRY_USEARCH"] = before;
    rmSync(parent, { recursive: true });
  });

  it("is there as soon as the folder is open, for its owner alone, and stays right under changes", async () => {
    const folder = copy();
    const [file = ""] = hnswFiles(folder);
    expect(statSync(join(folder, "collections", file)).mode & 0o777).toBe(0o600);
    await using engine = await openEngine(folder);
    expect(await indexed(engine)).toBe(rows);
    expect(await recall(engine)).toBeGreaterThan(0.95);
    await write(engine, rows - 500, 1000);
    await engine.deletePoints(name, { ids: ["1", "2", "3"] });
    expect(await recall(engine)).toBeGreaterThan(0.95);
    await expect.poll(() => indexed(engine), { timeout: 30_000 }).toBe(rows + 497);
    expect(await recall(engine)).toBeGreaterThan(0.95);
  });

  it("of before the last commits, as a kill leaves it, gives way to them", async () => {
    const folder = copy();
    {
      await using engine = await openEngine(folder);
      await write(engine, rows - 100, 50);
      await engine.deletePoints(name, { ids: ["3997", "3998", "3999"] });
      await write(engine, rows, 500);
    }
    const [file = ""] = hnswFiles(folder);
    cpSync(join(kept, "collections", file), join(folder, "collections", file));
    await using engine = await openEngine(folder);
    expect(await recall(engine)).toBeGreaterThan(0.95);
    await expect.poll(() => indexed(engine), { timeout: 30_000 }).toBe(rows + 500 - 3);
    expect(await recall(engine)).toBeGreaterThan(0.95);
  });

  it("that is torn, flipped or of another collection is built anew", async () => {
    const spoil: ((path: string) => void)[] = [
      (path) => truncateSync(path, Math.floor(random() * statSync(path).size)),
      (path) => {
        const bytes = readFileSync(path);
        const at = Math.floor(random() * bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
        writeFileSync(path, bytes);
      },
    ];
    for (const each of spoil) {
      const folder = copy();
      const [file = ""] = hnswFiles(folder);
      each(join(folder, "collections", file));
      await using engine = await openEngine(folder);
      expect(engine.damaged.size).toBe(0);
      expect(await indexed(engine)).toBeLessThan(rows);
      expect(await recall(engine)).toBeGreaterThan(0.95);
    }
    const folder = copy();
    const [file = ""] = hnswFiles(folder);
    {
      await using engine = await openEngine(folder);
      await engine.deletePoints(name, { filter: {} });
      await write(engine, 0, rows);
    }
    cpSync(join(kept, "collections", file), join(folder, "collections", file));
    await using engine = await openEngine(folder);
    expect(await indexed(engine)).toBeLessThan(rows);
    expect(await recall(engine)).toBeGreaterThan(0.95);
  });

  it("that was built otherwise is built anew", async () => {
    const folder = copy();
    await using engine = await openEngine(folder);
    await engine.updateCollection(name, { hnsw_config: { m: 8 } });
    expect(await indexed(engine)).toBeLessThan(rows);
    await expect.poll(() => indexed(engine), { timeout: 30_000 }).toBe(rows);
    expect(await recall(engine)).toBeGreaterThan(0.9);
  });

  it("goes with its collection, and so does what a kill left of writing it", async () => {
    const folder = copy();
    const [file = ""] = hnswFiles(folder);
    const partial = join(folder, "collections", `${file}.partial`);
    writeFileSync(partial, "begun");
    await using engine = await openEngine(folder);
    expect(existsSync(partial)).toBe(false);
    expect(hnswFiles(folder)).toEqual([file]);
    await engine.deleteCollection(name);
    expect(hnswFiles(folder)).toEqual([]);
  });
});
