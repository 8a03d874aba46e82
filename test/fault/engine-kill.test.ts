import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { unnamed } from "../support/vector-columns.ts";

const kills = 10;
const rows = 50;
const dimension = 64;
const writer = new URL("./engine-writer.ts", import.meta.url).pathname;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vecferry-kill-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the writer and kills it `lifeMs` after it has opened; gives the batches that it was told are written. */
async function writeAndKill(first: number, lifeMs: number): Promise<number[]> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", writer, folder, String(first)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const acknowledged: number[] = [];
  const lines = createInterface({ input: child.stdout });
  const opened = once(lines, "line");
  lines.on("line", (line) => {
    if (line !== "open") acknowledged.push(Number(line));
  });
  await opened;
  await sleep(lifeMs);
  const gone = once(child, "close");
  child.kill("SIGKILL");
  await gone;
  return acknowledged;
}

async function expectWritten(engine: Engine, batch: number): Promise<void> {
  const ids = Array.from({ length: rows }, (_unused, row) => String(batch * rows + row));
  const found = await engine.retrieve("c", ids, { withVector: true });
  expect(found.ids).toEqual(ids);
  expect(found.payloads).toEqual(ids.map((id) => JSON.stringify({ batch, id })));
  const expected = Float32Array.from(
    { length: rows * dimension },
    (_unused, at) => batch + at / dimension,
  );
  expect(unnamed(found.vectors)).toEqual(expected);
}

describe("an engine that is killed while it writes", () => {
  it(`has every acknowledged point after each of ${kills} kills, and no half batch (seed ${seed})`, async () => {
    const next = seededRandom(seed);
    const acknowledged: number[] = [];
    for (let round = 0; round < kills; round += 1) {
      const first = (acknowledged.at(-1) ?? -1) + 10;
      acknowledged.push(...(await writeAndKill(first, next() * 400)));
      await using engine = await openEngine(folder);
      expect(engine.damaged.size).toBe(0);
      if (!(await engine.collectionExists("c"))) continue;
      for (const batch of acknowledged.slice(-20)) await expectWritten(engine, batch);
      const count = await engine.count("c");
      expect(count % rows).toBe(0);
      expect(count).toBeGreaterThanOrEqual(acknowledged.length * rows);
      const last = acknowledged.at(-1);
      if (last !== undefined) {
        expect(await engine.count("c", { must: [{ key: "batch", match: { value: last } }] })).toBe(
          rows,
        );
      }
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    await using engine = await openEngine(folder);
    for (const batch of acknowledged) await expectWritten(engine, batch);
  });
});
