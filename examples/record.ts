/**
 * Makes `chroma.tar.gz`, the demo's folder: a real Chroma 1.5.9 writes it through its HTTP API. Needs python3 and the
 * shared data; the demo itself needs neither. Run with `node examples/record.ts`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { type BenchRecord, benchRecords } from "../bench/data.ts";
import { startChroma } from "../test/support/chroma-server.ts";

/** Sections of Debian and how many of their packages are taken. Vectors are flushed by 500: the rest stays in the queue. */
const collections = { debian_admin: 760, debian_games: 720, debian_science: 620 };
const syncThreshold = 500;
const batchRows = 100;

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return await response.json();
}

const records = new Map<string, BenchRecord[]>(Object.keys(collections).map((name) => [name, []]));
for await (const record of benchRecords(60_000, 384)) {
  records.get(`debian_${record.metadata["section"]}`)?.push(record);
}

const folder = mkdtempSync(path.join(tmpdir(), "vecferry-record-"));
try {
  {
    await using server = await startChroma({ path: folder });
    const base = `${server.url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
    for (const [name, count] of Object.entries(collections)) {
      const configuration = { hnsw: { space: "cosine", sync_threshold: syncThreshold } };
      const { id } = z
        .looseObject({ id: z.string() })
        .parse(await post(base, { name, configuration }));
      const rows = records.get(name)?.slice(0, count) ?? [];
      for (let start = 0; start < rows.length; start += batchRows) {
        const batch = rows.slice(start, start + batchRows);
        await post(`${base}/${id}/add`, {
          ids: batch.map((row) => row.id),
          embeddings: batch.map(({ vector }) => [...vector]),
          documents: batch.map(({ document }) => document),
          metadatas: batch.map(({ metadata }) => metadata),
        });
      }
    }
  }
  execFileSync("tar", ["-czf", path.join(import.meta.dirname, "chroma.tar.gz"), "-C", folder, "."]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
