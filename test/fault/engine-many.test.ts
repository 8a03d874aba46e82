import { copyFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";

const collections = 200;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-many-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function fill(points: number): Promise<void> {
  await using engine = await openEngine(folder);
  await engine.createCollection("c0", { vectors: { size: 64, distance: "Dot" } });
  const ids = Array.from({ length: points }, (_unused, row) => String(row));
  const data = Float32Array.from({ length: points * 64 }, (_unused, at) => at % 7);
  await engine.upsert("c0", {
    ids,
    vectors: new Map([["", { kind: "dense", dimension: 64, data, present: null }]]),
    payloads: ids.map((id) => `{"n":${id}}`),
  });
}

/** Makes more collections of the one that there is, at once: one commit, not one each. */
function multiply(): void {
  const catalog = new DatabaseSync(join(folder, "engine.sqlite"));
  const file = String(catalog.prepare("SELECT file FROM collections").get()?.["file"]);
  const insert = catalog.prepare("INSERT INTO collections VALUES (?, ?, ?)");
  catalog.exec("BEGIN");
  for (let at = 1; at < collections; at += 1) {
    const name = `c${at}`;
    const copy = `${at}-${file}`;
    copyFileSync(join(folder, "collections", file), join(folder, "collections", copy));
    insert.run(name, copy, crc32(copy, crc32(name)));
  }
  catalog.exec("COMMIT");
  catalog.close();
}

/** Files of the folder that this process has open. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

describe("an engine", () => {
  it.skipIf(process.platform !== "linux")(
    `serves ${collections} collections, with descriptors for the latest used alone`,
    async () => {
      await fill(20);
      multiply();
      await using engine = await openEngine(folder);
      expect(engine.damaged.size).toBe(0);
      expect(openFiles()).toBeLessThan(10);
      const names = await engine.listCollections();
      expect(names).toHaveLength(collections);
      const counts = names.map((name) => engine.count(name));
      expect(new Set(await Promise.all(counts))).toEqual(new Set([20]));
      // More than are open at a time.
      const changed = names.slice(0, 80);
      const changes = changed.map((name) => engine.setPayload(name, { ids: ["3"] }, '{"m":1}'));
      await Promise.all(changes);
      const pages = changed.map((name) => engine.scroll(name, { limit: 20 }));
      for (const { payloads } of await Promise.all(pages))
        expect(payloads[3]).toBe('{"n":3,"m":1}');
      expect(openFiles()).toBeLessThan(140);
    },
    60_000,
  );

  it.skipIf(process.platform !== "linux")(
    "has no more descriptors for collections that were just made",
    async () => {
      await using engine = await openEngine(folder);
      for (let at = 0; at < 80; at += 1)
        await engine.createCollection(`c${at}`, { vectors: { size: 2, distance: "Dot" } });
      expect(openFiles()).toBeLessThan(140);
    },
    60_000,
  );

  it("that is at work ends within the time it is given, and has what it acknowledged", async () => {
    await fill(20_000);
    const engine = await openEngine(folder);
    await engine.setPayload("c0", { ids: ["3"] }, '{"m":1}');
    const vector = new Float32Array(64).fill(1);
    const must_not = [{ key: "n", range: { lt: -1 } }];
    const searches = Array.from({ length: 2000 }, () =>
      engine.search("c0", { vector, limit: 10, filter: { must_not } }).catch((error) => error.code),
    );
    const startedMs = performance.now();
    await engine.close({ withinMs: 200 });
    expect(performance.now() - startedMs).toBeLessThan(4000);
    expect(await searches.at(-1)).toBe("E_INTERNAL");
    await using again = await openEngine(folder);
    expect((await again.retrieve("c0", ["3"])).payloads).toEqual(['{"n":3,"m":1}']);
    expect(await again.count("c0")).toBe(20_000);
  }, 60_000);
});
