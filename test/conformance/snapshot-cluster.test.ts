/** Snapshots of a real cluster: every shard, with replicas, onto what stands there and onto nothing; and into a single server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openServerSnapshots } from "../../src/adapters/qdrant/index.ts";
import { createSnapshots } from "../../src/migrate/snapshots/create.ts";
import { recoverSnapshots } from "../../src/migrate/snapshots/recover.ts";
import { type QdrantCluster, qdrantBinary, startCluster } from "../support/qdrant-cluster.ts";

const rows = 500;
const shards = 4;
const name = "docs";
const context = { signal: new AbortController().signal, onStep: () => undefined };
const recovery = {
  collections: null,
  renames: new Map<string, string>(),
  priority: "snapshot",
  sha256: null,
  dryRun: false,
  waitMs: 60_000,
} as const;

describe.skipIf(qdrantBinary === null)("snapshots of a cluster (QDRANT_BINARY)", () => {
  let cluster: QdrantCluster;
  let folder: string;

  beforeAll(async () => {
    cluster = await startCluster(3);
    folder = mkdtempSync(join(tmpdir(), "vecferry-cluster-set-"));
    const vectors = { size: 2, distance: "Dot" };
    const body = { vectors, shard_number: shards, replication_factor: 2 };
    await cluster.call(0, "PUT", `/collections/${name}`, body);
    const index = { field_name: "id", field_schema: "integer" };
    await cluster.call(0, "PUT", `/collections/${name}/index?wait=true`, index);
    const points = Array.from({ length: rows }, (_, id) => ({
      id,
      vector: [id, 1],
      payload: { id },
    }));
    await cluster.call(0, "PUT", `/collections/${name}/points?wait=true`, { points });
  }, 120_000);

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = () => {
    const [first = "", ...others] = cluster.urls;
    return openServerSnapshots(first, others, {});
  };
  const counts = () =>
    Promise.all(
      cluster.urls.map(async (_, node) => {
        const path = `/collections/${name}/points/count`;
        return (await cluster.call<{ count: number }>(node, "POST", path, { exact: true })).count;
      }),
    );

  it("asks for every node, and for each of them once", async () => {
    const [first = "", second = ""] = cluster.urls;
    await using alone = await openServerSnapshots(first, [], {});
    const request = { collections: null, storage: true, folder: null, keep: false };
    await expect(createSnapshots(alone, request, context)).rejects.toMatchObject({
      code: "E_CONFIG",
    });
    await expect(openServerSnapshots(first, [second, second], {})).rejects.toMatchObject({
      code: "E_CONFIG",
    });
  });

  it("bring back every shard and every replica", async () => {
    await using store = await open();
    const to = join(folder, "set");
    const request = { collections: [name], storage: false, folder: to, keep: false };
    const set = await createSnapshots(store, request, context);
    expect(set.snapshots[0]?.files.map(({ shard }) => shard)).toEqual([0, 1, 2, 3]);
    expect(set.snapshots[0]?.points).toEqual({ min: rows, max: rows });

    const all = { filter: {} };
    await cluster.call(0, "POST", `/collections/${name}/points/delete?wait=true`, all);
    const over = await recoverSnapshots(store, { ...recovery, from: to, overwrite: true }, context);
    expect(over).toMatchObject({
      exit: 0,
      recovered: [{ replaced: 0, points: rows, differing: [] }],
    });
    expect(await counts()).toEqual([rows, rows, rows]);

    await cluster.call(0, "DELETE", `/collections/${name}`);
    const anew = await recoverSnapshots(
      store,
      { ...recovery, from: to, overwrite: false },
      context,
    );
    expect(anew).toMatchObject({ exit: 0, recovered: [{ replaced: null, points: rows }] });
    expect(await counts()).toEqual([rows, rows, rows]);
    const { config, payload_schema } = await cluster.call<{
      config: { params: object };
      payload_schema: object;
    }>(1, "GET", `/collections/${name}`);
    expect(config.params).toMatchObject({ shard_number: shards, replication_factor: 2 });
    expect(payload_schema).toMatchObject({ id: { data_type: "integer" } });
  }, 120_000);

  it("make shard keys again, with each point in its own", async () => {
    const path = "/collections/keyed";
    const vectors = { size: 2, distance: "Dot" };
    await cluster.call(0, "PUT", path, { vectors, sharding_method: "custom", shard_number: 2 });
    for (const [at, shard_key] of ["eu", 7].entries()) {
      await cluster.call(0, "PUT", `${path}/shards`, { shard_key });
      const points = Array.from({ length: 50 }, (_, id) => ({ id: at * 50 + id, vector: [id, 1] }));
      await cluster.call(0, "PUT", `${path}/points?wait=true`, { shard_key, points });
    }
    await using store = await open();
    const to = join(folder, "keyed");
    const request = { collections: ["keyed"], storage: false, folder: to, keep: false };
    await createSnapshots(store, request, context);
    await cluster.call(0, "DELETE", path);
    const back = await recoverSnapshots(
      store,
      { ...recovery, from: to, overwrite: false },
      context,
    );
    expect(back).toMatchObject({ exit: 0, recovered: [{ points: 100, differing: [] }] });
    for (const shard_key of ["eu", 7])
      expect(
        await cluster.call(1, "POST", `${path}/points/count`, { exact: true, shard_key }),
      ).toEqual({ count: 50 });
  }, 120_000);

  it("go into a single server too; a single server's do not go into a cluster", async () => {
    await using single = await startCluster(1);
    await using store = await openServerSnapshots(single.urls[0] ?? "", [], {});
    const from = join(folder, "set");
    const back = await recoverSnapshots(store, { ...recovery, from, overwrite: false }, context);
    expect(back).toMatchObject({ exit: 0, recovered: [{ points: rows, differing: [] }] });
    const to = join(folder, "single");
    await createSnapshots(
      store,
      { collections: null, storage: false, folder: to, keep: false },
      context,
    );
    await using target = await open();
    const request = { ...recovery, from: to, overwrite: true };
    await expect(recoverSnapshots(target, request, context)).rejects.toMatchObject({
      code: "E_SNAPSHOT_FORMAT",
    });
    expect(await counts()).toEqual([rows, rows, rows]);
  }, 120_000);
});
