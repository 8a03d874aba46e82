import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HybridVectorService, QdrantRepository, type VectorRepository } from "../../src/index.ts";
import { programFile } from "../support/programs.ts";

/** Kills for a longer proof: VECFERRY_KILLS. */
const kills = Number(process.env["VECFERRY_KILLS"] || 2);
const seed = Number(process.env["VECFERRY_SEED"] || Date.now() % 1_000_000);
const folder = mkdtempSync(join(tmpdir(), "vecferry-hybrid-kill-"));

afterAll(() => rmSync(folder, { recursive: true }));

const addresses = ["qdrant", "other"].map((name) => `embedded:${join(folder, name)}`);

async function contentsOf(repository: VectorRepository) {
  const found: Record<string, unknown> = {};
  for await (const one of repository.scanDocuments("notes", {
    tenantId: "acme",
    includeEmbeddings: true,
  })) {
    found[one.id] = [one.content, one.createdAt, one.embedding && [...one.embedding]];
  }
  return found;
}

/** Runs the writer and kills it `afterMs` after its first write. @returns the number of its last write */
async function killed(afterMs: number): Promise<number> {
  const writer = join(import.meta.dirname, "../support/hybrid-writer.ts");
  const child = spawn(process.execPath, programFile(writer, ...addresses, join(folder, "queue")), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let last = -1;
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (last < 0) setTimeout(() => child.kill("SIGKILL"), afterMs);
    last = Number(text.trim().split("\n").at(-1));
  });
  const signal = await new Promise((resolve) => child.on("exit", (_, by) => resolve(by)));
  expect(signal, words).toBe("SIGKILL");
  return last;
}

describe("a process that writes to both stores", () => {
  it(
    `leaves both alike however it is killed, once what waits was told (seed ${seed})`,
    async () => {
      for (const url of addresses) {
        await using repository = new QdrantRepository({ url });
        await repository.createCollectionOptimized({
          name: "notes",
          vectorSize: 3,
          distance: "dot",
        });
      }
      for (let kill = 0; kill < kills; kill += 1) {
        const last = await killed(((seed * (kill + 7)) % 997) / 3);
        expect(last).toBeGreaterThanOrEqual(0);
        const [qdrant, other] = addresses.map((url) => new QdrantRepository({ url }));
        if (qdrant === undefined || other === undefined) throw new Error("two stores");
        await using hybrid = await HybridVectorService.open({
          qdrant,
          other,
          queue: join(folder, "queue"),
        });
        const { stores } = await hybrid.catchUp();
        expect(stores).toMatchObject({
          qdrant: { waiting: 0, refused: 0 },
          other: { waiting: 0, refused: 0 },
        });
        const contents = await contentsOf(qdrant);
        expect(Object.keys(contents).length).toBeGreaterThan(0);
        expect(await contentsOf(other)).toEqual(contents);
      }
    },
    20_000 + kills * 5000,
  );
});
