/**
 * Makes test/fixtures/two-tenants.tar.gz: a small folder of a real Chroma 1.5.9, on which the commands of the pages are run.
 * Needs python3. Run with `node test/support/record-two-tenants.ts`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FixtureRecord } from "../../src/testing/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { addRecords, defaultPlace, makeCollection } from "./chroma-fill.ts";
import { startChroma } from "./chroma-server.ts";

const random = seededRandom(7);

function record(name: string, n: number): FixtureRecord {
  return {
    id: `${name}-${n}`,
    vector: Array.from({ length: 8 }, () => Math.fround(random() * 2 - 1)),
    document: `${name}, page ${n}`,
    uri: null,
    metadata: JSON.stringify({ page: n, even: n % 2 === 0, shelf: ["a", "b", "c"][n % 3] }),
  };
}

const folder = mkdtempSync(join(tmpdir(), "vecferry-record-"));
try {
  {
    await using server = await startChroma({ path: folder });
    for (const name of ["acme_docs", "globex_docs"]) {
      const configuration = { hnsw: { space: "cosine", sync_threshold: 40, batch_size: 20 } };
      const key = await makeCollection(server, defaultPlace, name, null, configuration);
      const records = Array.from({ length: 60 }, (_, n) => record(name, n));
      for (const start of [0, 20, 40])
        await addRecords(server, defaultPlace, key, records.slice(start, start + 20));
    }
  }
  const target = join(import.meta.dirname, "../fixtures/two-tenants.tar.gz");
  execFileSync("tar", ["-czf", target, "-C", folder, "."]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
