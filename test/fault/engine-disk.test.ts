import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, it } from "vitest";
import { type Engine, openEngine, type RestRequest } from "../../src/engine/index.ts";
import { isVectorError } from "../../src/errors.ts";
import { programFile } from "../support/programs.ts";

const parent = mkdtempSync(join(tmpdir(), "vecferry-disk-"));
afterAll(() => rmSync(parent, { recursive: true, force: true }));
const asker = new URL("./engine-asker.ts", import.meta.url).pathname;
const rows = 50;
/** More than fits anywhere here. */
const batchesMax = 400;

/** `rows` points of about 3 KiB each. */
function upsertOf(batch: number): RestRequest {
  const points = Array.from({ length: rows }, (_unused, row) => ({
    id: batch * rows + row,
    vector: Array(64).fill(batch),
    payload: { batch, text: "x".repeat(2500) },
  }));
  const body = JSON.stringify({ points });
  return { operation: "upsertPoints", collection: "c", params: {}, body };
}

const creation: RestRequest = {
  operation: "createCollection",
  collection: "c",
  params: {},
  body: '{"vectors":{"size":64,"distance":"Dot"}}',
};

/** All points of the batches below `count` are there, and no other. */
async function expectBatches(engine: Engine, count: number): Promise<void> {
  expect(engine.damaged.size).toBe(0);
  const page = await engine.scroll("c", { limit: 100_000, withVector: true });
  expect(page.ids).toEqual(Array.from({ length: count * rows }, (_unused, id) => String(id)));
  const ends = page.payloads.map((payload) => JSON.parse(payload ?? "{}").batch);
  expect(ends).toEqual(page.ids.map((id) => Math.floor(Number(id) / rows)));
}

describe.skipIf(process.platform === "win32")("an engine whose files cannot grow", () => {
  it("refuses the write with an error, goes on answering, and has all before it and nothing of it", async () => {
    const folder = join(parent, "limited");
    const shell = 'ulimit -f 3000; exec "$0" "$@"';
    const child = spawn("bash", ["-c", shell, process.execPath, ...programFile(asker, folder)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (request: RestRequest): Promise<{ result?: string; error?: string }> => {
      child.stdin.write(`${JSON.stringify({ lane: 0, request })}\n`);
      return JSON.parse((await lines.next()).value ?? "{}");
    };
    await lines.next();
    await ask(creation);
    let batches = 0;
    let refused: string | undefined;
    for (; batches < batchesMax && refused === undefined; batches += 1)
      refused = (await ask(upsertOf(batches))).error;
    expect(refused).toBeDefined();
    const acknowledged = batches - 1;
    expect(acknowledged).toBeGreaterThan(2);
    const counted = await ask({
      operation: "countPoints",
      collection: "c",
      params: {},
      body: "{}",
    });
    expect(JSON.parse(counted.result ?? "{}")).toEqual({ count: acknowledged * rows });
    const gone = once(child, "close");
    child.kill("SIGKILL");
    await gone;
    await using engine = await openEngine(folder);
    await expectBatches(engine, acknowledged);
    await engine.ask(upsertOf(acknowledged));
    await expectBatches(engine, acknowledged + 1);
  }, 60_000);
});

/** A disk of 8 MiB at `path`; false where this user may not mount one. */
function mountDisk(path: string): boolean {
  mkdirSync(path);
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "none", path]).status === 0;
}

const disk = join(parent, "disk");
const mounted = process.platform === "linux" && process.getuid?.() === 0 && mountDisk(disk);

describe.skipIf(!mounted)("an engine on a full disk (needs root, to mount a small one)", () => {
  afterAll(() => void spawnSync("umount", [disk]));

  it("says so with E_DISK_FULL, whatever it was to write, and leaves nothing half written", async () => {
    const folder = join(disk, "data");
    const filler = join(disk, "filler");
    writeFileSync(filler, Buffer.alloc(1024 * 1024));
    let acknowledged = 0;
    {
      await using engine = await openEngine(folder);
      await engine.ask(creation);
      let fault: unknown = null;
      while (acknowledged < batchesMax && fault === null) {
        fault = await engine.ask(upsertOf(acknowledged)).then(
          () => null,
          (error: unknown) => error,
        );
        if (fault === null) acknowledged += 1;
      }
      expect(isVectorError(fault, "E_DISK_FULL")).toBe(true);
      await expectBatches(engine, acknowledged);
      const snapshot = {
        operation: "createSnapshot",
        collection: "c",
        params: {},
        body: null,
      } as const;
      await expect(engine.ask(snapshot)).rejects.toMatchObject({ code: "E_DISK_FULL" });
      expect(readdirSync(join(folder, "snapshots"), { recursive: true })).toEqual(["c"]);
      await expectBatches(engine, acknowledged);
    }
    {
      await using engine = await openEngine(folder);
      await expectBatches(engine, acknowledged);
      await expect(engine.deleteCollection("c")).rejects.toMatchObject({ code: "E_DISK_FULL" });
      await expectBatches(engine, acknowledged);
      rmSync(filler);
      expect(await engine.deleteCollection("c")).toBe(true);
      await engine.ask(creation);
      await engine.ask(upsertOf(0));
    }
    await using engine = await openEngine(folder);
    await expectBatches(engine, 1);
  }, 60_000);
});
