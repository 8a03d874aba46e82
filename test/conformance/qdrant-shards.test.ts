/** Shards that points are put into by hand: read, made and written at real clusters, and refused where there are none. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEmbedded, openQdrant } from "../../src/adapters/qdrant/store.ts";
import type { CollectionInfo, CollectionSpec } from "../../src/model/collection.ts";
import { digestPoints } from "../../src/model/digest.ts";
import type { PointBatch } from "../../src/model/record.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { findCollection, scanAll } from "../../src/testing/target-bench.ts";
import { testSpec } from "../../src/testing/target-records.ts";
import { type QdrantCluster, qdrantBinary, startCluster } from "../support/qdrant-cluster.ts";

const name = "regions";
/** A text of digits is another key than the number. */
const keys = [
  { key: '"eu"', shards: 2, replicas: 2 },
  { key: "7", shards: 1, replicas: 1 },
  { key: '"7"', shards: 1, replicas: 1 },
];
const spec = testSpec({
  name,
  dimension: 2,
  distance: "ip",
  sources: [],
  shardKeys: keys,
  replicas: 2,
});

/** The first point stands in every shard. */
function batchIn(shard: string, first: number, vector: number): PointBatch {
  const points = ["1", ...Array.from({ length: 120 }, (_, row) => String(first + row))];
  const none = (): null[] => points.map(() => null);
  return {
    ids: points,
    vectors: new Map([
      [
        "",
        {
          kind: "dense",
          dimension: 2,
          data: Float32Array.from(points.flatMap((_, row) => [vector, row])),
          present: null,
        },
      ],
    ]),
    payload: { documents: none(), uris: none(), metadata: none() },
    placement: {
      points,
      tenants: none(),
      norms: new Float64Array(points.length).fill(Number.NaN),
      runs: none(),
      collections: none(),
      rest: points.map(() => `{"shard":${shard}}`),
      shards: points.map(() => shard),
    },
  };
}

const batches = keys.map(({ key }, at) => batchIn(key, 1000 * (at + 1), at));

/** Digests by shard and point. */
function digests(...given: readonly PointBatch[]): object {
  return Object.fromEntries(
    given.flatMap((batch) => {
      const bytes = Buffer.from(digestPoints(batch));
      return batch.placement.points.map((point, row) => [
        `${batch.placement.shards?.[row]} ${point}`,
        bytes.toString("hex", row * 16, row * 16 + 16),
      ]);
    }),
  );
}

async function describedFrom(store: TargetStore): Promise<CollectionInfo> {
  const info = await findCollection(store, name);
  expect(info.shardKeys).toEqual(keys);
  return info;
}

describe.skipIf(qdrantBinary === null)(
  "shards that points are put into by hand (QDRANT_BINARY)",
  () => {
    let cluster: QdrantCluster;
    let other: QdrantCluster;

    beforeAll(async () => {
      cluster = await startCluster(2);
      other = await startCluster(1);
    }, 120_000);
    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
      await other?.[Symbol.asyncDispose]();
    });

    const open = ({ urls: [url = ""], grpcPorts: [port = 0] }: QdrantCluster, road: string) =>
      openQdrant({ url, grpcPort: road === "grpc" ? port : "off" });

    it.each(["grpc", "rest"])("are made, written and read whole, by %s", async (road) => {
      await using store = await open(cluster, road);
      await store.ensure(spec);
      for (const batch of batches) await store.write(spec, batch);
      const info = await describedFrom(store);
      const found = await scanAll(store, info, 50);
      expect(digests(...found)).toEqual(digests(...batches));
      const { batch } = await store.read(info, ["1", "1003"]);
      expect(batch.placement.points.sort()).toEqual(["1", "1", "1", "1003"]);
      // A plain client sees each point in the shard that it was put into.
      const asked = { limit: 1000, shard_key: 7 };
      const page = await cluster.call<{ points: { id: number }[] }>(
        1,
        "POST",
        `/collections/${name}/points/scroll`,
        asked,
      );
      expect(page.points.map(({ id }) => id)).toEqual([1, ...range(2000)]);
      await store.remove(info, { everything: true });
    });

    it.each(["grpc", "rest"])("arrive at another cluster as they were, by %s", async (road) => {
      await using source = await open(cluster, road);
      await source.ensure(spec);
      for (const batch of batches) await source.write(spec, batch);
      const info = await describedFrom(source);
      await using target = await open(other, road);
      const { configuration, schema, shardKeys = [] } = info;
      const described = { configuration: configuration ?? "", schema: schema ?? "" };
      const same: CollectionSpec = { ...spec, described, shardKeys };
      // Made by a run that was killed before it had made all shards.
      await target.ensure({ ...same, shardKeys: shardKeys.slice(0, 1) });
      expect(await target.ensure(same)).toEqual({ created: false });
      for await (const batch of source.scan(info)) await target.write(same, batch);
      const there = await findCollection(target, name);
      expect(there.shardKeys?.map(({ key }) => key)).toEqual(keys.map(({ key }) => key));
      expect(there.shardKeys?.map(({ shards }) => shards)).toEqual(
        keys.map(({ shards }) => shards),
      );
      expect(digests(...(await scanAll(target, there)))).toEqual(digests(...batches));
      await target.remove(there, { everything: true });
      await source.remove(info, { everything: true });
    });
  },
);

function range(first: number): number[] {
  return Array.from({ length: 120 }, (_, row) => first + row);
}

const url = process.env["QDRANT_URL"];
const apiKey = process.env["QDRANT_API_KEY"];

const alone: Readonly<Record<string, () => Promise<TargetStore>>> = {
  "the embedded Qdrant": () => openEmbedded(":memory:"),
  ...(url
    ? { "a server that stands alone": () => openQdrant({ url }, apiKey ? { apiKey } : {}) }
    : {}),
};

describe("where no shards can be made by hand", () => {
  it.each(Object.entries(alone))(
    "%s refuses the collection, and has none afterwards",
    async (_, open) => {
      await using store = await open();
      const own = { ...spec, name: testSpec().name };
      await expect(store.ensure(own)).rejects.toMatchObject({ code: "E_NOT_SUPPORTED" });
      expect((await store.collections()).map((info) => info.name)).not.toContain(own.name);
    },
  );
});
