/** What doctor measures, at real searches: of the embedded Qdrant's server always, of a Qdrant where QDRANT_URL is set. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { examine, only } from "../support/doctor-scene.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

const dimension = 32;

async function about(place: QdrantPlace, name: string) {
  const apiKey = place.headers["api-key"];
  const qdrant = apiKey === undefined ? {} : { apiKey };
  const findings = await examine({ target: `${place.url}?grpc=off`, qdrant });
  return findings.filter(({ collection }) => collection === name);
}

describe.each(qdrantKinds)("doctor at $name", ({ skip, strict, start }) => {
  it.skipIf(skip)("counts the points that name no tenant, whoever wrote them", async () => {
    await using place = await start();
    const name = place.unique("doctor-tenants");
    await place.call("PUT", `/collections/${name}`, { vectors: { size: 2, distance: "Dot" } });
    const points = ["a", "b", undefined].map((tenant_id, id) => ({
      id,
      vector: [1, id],
      payload: { tenant_id, text: "x" },
    }));
    await place.call("PUT", `/collections/${name}/points?wait=true`, { points });
    const findings = await about(place, name);
    expect(only(findings, "tenant-missing").evidence).toMatchObject({ without: 1, looked: 3 });
    expect(findings.map(({ code }) => code)).toContain("tenant-unindexed");
  });

  it.skipIf(skip || !strict)("finds a graph that is too thin by its recall", async () => {
    await using place = await start();
    const name = place.unique("doctor-recall");
    const thin = { m: 2, ef_construct: 4, full_scan_threshold: 10 };
    await place.call("PUT", `/collections/${name}`, {
      vectors: { size: dimension, distance: "Euclid" },
      hnsw_config: thin,
      optimizers_config: { indexing_threshold: 10, default_segment_number: 1 },
    });
    const seed = 7;
    const random = seededRandom(seed);
    const vector = () => Array.from({ length: dimension }, () => random() - 0.5);
    const points = Array.from({ length: 4_000 }, (_, id) => ({ id, vector: vector() }));
    await place.call("PUT", `/collections/${name}/points?wait=true`, { points });
    await untilIndexed(place, name);
    const codes = (await about(place, name)).map(({ code }) => code);
    expect(
      codes.filter((code) => code.startsWith("recall-")),
      `seed ${seed}`,
    ).toHaveLength(1);
  });
});

async function untilIndexed(place: QdrantPlace, name: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const state = await place.call<{ status: string; indexed_vectors_count: number }>(
      "GET",
      `/collections/${name}`,
    );
    if (state.status === "green" && state.indexed_vectors_count > 0) return;
    await sleep(100);
  }
  throw new Error(`${name} was not indexed in time.`);
}
