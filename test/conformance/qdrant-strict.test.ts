import { describe, expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import { parseWhere } from "../../src/model/filter.ts";
import type { PointBatch } from "../../src/model/record.ts";
import { documentSpec, documentsOf, findNamed } from "../../src/testing/document-bench.ts";
import { batchOf, otherRun, rowsOf, testRun, testSpec } from "../../src/testing/target-records.ts";
import { everyPoint, everyShape, vectorBatch } from "../../src/testing/vector-points.ts";

const url = process.env["QDRANT_URL"] ?? "";
const apiKey = process.env["QDRANT_API_KEY"];

describe.skipIf(url === "")("a collection in strict mode (needs QDRANT_URL)", () => {
  it("is made again with its strict mode as it was described", async () => {
    await using store = await openQdrant({ url }, { apiKey });
    const spec = testSpec({ dimension: 0, sources: [], vectors: everyShape });
    await store.ensure(spec);
    await setStrict(spec.name, {
      enabled: true,
      max_query_limit: 40,
      upsert_max_batchsize: 4,
      unindexed_filtering_update: false,
      max_payload_index_count: 9,
      search_allow_exact: false,
      read_rate_limit: 50_000,
      sparse_config: { words: { max_length: 1000 } },
      multivector_config: { late: { max_vectors: 100 } },
    });
    const one = await findNamed(store, spec.name);
    const { configuration, schema } = one;
    const described = { configuration: configuration ?? "", schema: schema ?? "" };
    const again = { ...spec, name: testSpec().name, described };
    await store.ensure(again);
    const other = await findNamed(store, again.name);
    expect(JSON.parse(other.configuration ?? "")).toEqual(JSON.parse(configuration ?? ""));
    const batch = vectorBatch(everyPoint, everyShape);
    await store.write(again, batch);
    expect(await store.count(other)).toBe(everyPoint.length);
    for (const info of [one, other]) await store.remove(info, { everything: true });
  });

  it("is written, read and cleared within the bounds that it sets", async () => {
    await using store = await openQdrant({ url }, { apiKey });
    const spec = testSpec();
    await store.ensure(spec);
    await setStrict(spec.name, {
      enabled: true,
      upsert_max_batchsize: 50,
      max_query_limit: 40,
      unindexed_filtering_retrieve: false,
      unindexed_filtering_update: false,
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

  it("answers filters by what has an index, and deletes by others too", async () => {
    await using store = await openQdrant({ url }, { apiKey });
    const spec = documentSpec({ indexes: [{ key: "metadata.k", type: "keyword" }] });
    await store.ensure(spec);
    await setStrict(spec.name, {
      enabled: true,
      unindexed_filtering_retrieve: false,
      unindexed_filtering_update: false,
    });
    const metadata = ['{"k":"a","n":1}', '{"k":"b","n":2}', '{"k":"a","n":3}'];
    await store.write(
      spec,
      documentsOf(metadata.map((text, row) => ({ id: `d${row}`, tenant: "acme", metadata: text }))),
    );
    const info = await findNamed(store, spec.name);
    const where = (json: object) => ({ tenant: "acme", where: parseWhere(json) });
    expect(await store.count(info, where({ k: "a" }))).toBe(2);
    expect(await store.count(info, where({ k: { $ne: "a" } }))).toBe(1);
    await expect(store.count(info, where({ n: 1 }))).rejects.toThrow(/index/i);
    await store.remove(info, where({ k: "b" }));
    expect(await store.count(info, { tenant: "acme" })).toBe(2);
    await store.remove(info, { tenant: "acme", where: null });
    expect(await store.count(info)).toBe(0);
    await store.remove(info, { everything: true });
  });
});

async function setStrict(name: string, settings: object): Promise<void> {
  const { status } = await fetch(`${url}/collections/${name}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", ...(apiKey ? { "api-key": apiKey } : {}) },
    body: JSON.stringify({ strict_mode_config: settings }),
  });
  expect(status).toBe(200);
}
