import { describe, expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import type { PointBatch } from "../../src/model/record.ts";
import { batchOf, otherRun, rowsOf, testRun, testSpec } from "../../src/testing/target-records.ts";

const url = process.env["QDRANT_URL"] ?? "";
const apiKey = process.env["QDRANT_API_KEY"];

describe.skipIf(url === "")("a collection in strict mode (needs QDRANT_URL)", () => {
  it("is written, read and cleared within the bounds that it sets", async () => {
    await using store = await openQdrant({ url }, { apiKey });
    const spec = testSpec();
    await store.ensure(spec);
    await fetch(`${url}/collections/${spec.name}`, {
      method: "PATCH",
      headers: { "content-type": "application/json", ...(apiKey ? { "api-key": apiKey } : {}) },
      body: JSON.stringify({
        strict_mode_config: {
          enabled: true,
          upsert_max_batchsize: 50,
          max_query_limit: 40,
          unindexed_filtering_retrieve: false,
          unindexed_filtering_update: false,
        },
      }),
    });
    const records = Array.from({ length: 230 }, (_, row) => ({
      id: `row ${row}`,
      vector: [row, 1, 2],
      run: row % 2 === 0 ? testRun : otherRun,
      collection: row % 4 === 0 ? "a" : "b",
    }));
    await store.write(spec, batchOf(records));
    const info = (await store.collections()).find(({ name }) => name === spec.name);
    if (info === undefined) throw new Error("no collection");
    const stored = async () => {
      const batches: PointBatch[] = [];
      for await (const batch of store.scan(info)) batches.push(batch);
      return rowsOf(...batches);
    };
    expect(await stored()).toEqual(rowsOf(batchOf(records)));
    await store.remove(info, { run: testRun, collection: "a" });
    const left = records.filter(({ run, collection }) => run !== testRun || collection !== "a");
    expect(await stored()).toEqual(rowsOf(batchOf(left)));
    await store.remove(info, { everything: true });
  });
});
