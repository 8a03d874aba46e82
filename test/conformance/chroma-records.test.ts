/** Chroma as a target of records: the suite on every version that can be had here, and on the stand-in for Chroma Cloud. */
import { afterAll, describe, expect, it } from "vitest";
import { openChromaCloudRecords, openChromaRecords } from "../../src/adapters/chroma/index.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import type { RecordTarget } from "../../src/store/record-target.ts";
import { recordTargetSuite } from "../../src/testing/index.ts";
import { batchOfRecords, record, recordSpec } from "../../src/testing/record-target-bench.ts";
import { makeCollection, newPlace, type Place } from "../support/chroma-fill.ts";
import {
  type ChromaServer,
  type ChromaVersion,
  chromaAvailable,
  startChroma,
} from "../support/chroma-server.ts";
import { cloudKey, moodyCloud } from "../support/cloud-scene.ts";

/** The newest and the oldest; those between where VECFERRY_ALL_CHROMAS=1 asks for them. */
const versions: readonly ChromaVersion[] =
  process.env["VECFERRY_ALL_CHROMAS"] === "1"
    ? ["1.5.9", "1.0.20", "0.6.3", "0.5.23", "0.4.24"]
    : ["1.5.9", "0.4.24"];

for (const version of versions) {
  const reason = chromaAvailable(version, true);
  if (reason !== null) {
    describe.skip(`Chroma ${version} as a target of records (${reason})`, () => {
      it("passes the suite", () => undefined);
    });
    continue;
  }
  const server = await startChroma({ version });
  afterAll(() => server[Symbol.asyncDispose]());
  const place = await newPlace(server);
  const open = () => openChromaRecords({ kind: "chroma", url: server.url, ...place });
  recordTargetSuite({ describe, it }, { name: `Chroma ${version}`, open });
  describe(`Chroma ${version}, beyond the suite`, () => beyond(version, server, place, open));
}

function beyond(
  version: ChromaVersion,
  server: ChromaServer,
  place: Place,
  open: () => Promise<RecordTarget>,
): void {
  const isNew = version.startsWith("1.");

  it("makes a collection as another was listed: settings, embedding function and metadata", async () => {
    await using store = await open();
    const configuration = JSON.stringify({
      embedding_function: { type: "known", name: "default", config: {} },
      hnsw: {
        space: "cosine",
        ef_construction: 150,
        ef_search: 50,
        max_neighbors: 20,
        resize_factor: 1.5,
        sync_threshold: 500,
      },
      spann: null,
    });
    const spec = recordSpec({ distance: "cosine", metadata: null, configuration });
    const { collection } = await store.ensure(spec);
    expect(collection.distance).toBe("cosine");
    expect(collection.metadata).toBe(isNew ? null : '{"hnsw:space":"cosine"}');
    if (isNew) {
      const kept: unknown = JSON.parse(collection.configuration ?? "null");
      expect(kept).toMatchObject(Object(JSON.parse(configuration)));
    }
    await store.drop(spec.name);
  });

  it("makes one whose source had its settings in its metadata, or settings that are none here", async () => {
    await using store = await open();
    const metadata = '{"hnsw:M":20,"hnsw:space":"ip"}';
    for (const configuration of [
      null,
      '{"hnsw_configuration":{"space":"l2","M":16}}',
      '{"hnsw":{"ef_search":-5}}',
    ]) {
      const spec = recordSpec({ distance: "ip", metadata, configuration });
      const { collection } = await store.ensure(spec);
      expect([collection.distance, collection.metadata]).toEqual(["ip", metadata]);
      await store.drop(spec.name);
    }
  });

  it("leaves a collection that another made as it is", async () => {
    await using store = await open();
    const spec = recordSpec();
    await makeCollection(server, place, spec.name, { mark: "another" });
    const { created, collection } = await store.ensure(spec);
    expect([created, collection.metadata]).toEqual([false, '{"mark":"another"}']);
    await store.drop(spec.name);
  });

  it("tells by its version which odd records it holds", async () => {
    await using store = await open();
    const { collection } = await store.ensure(recordSpec({ metadata: null }));
    const odd = [
      record(""),
      record("odd", { metadata: '{"#a":1}' }),
      record("list", { metadata: '{"a":[1]}' }),
    ];
    const failures = await store.faults(collection, batchOfRecords(odd));
    const named = failures.map(({ id, reason }) => `${id}: ${reason}`);
    const lists = version === "1.5.9" ? [] : ["list: rejected"];
    expect(named).toEqual(isNew ? [": id-refused", "odd: rejected", ...lists] : lists);
    const huge = record("huge", { document: "x".repeat(41 * 1024 * 1024) });
    const tooLarge = await store.faults(collection, batchOfRecords([huge]));
    expect(tooLarge.map(({ reason }) => reason)).toEqual(isNew ? ["too-large"] : []);
    await store.drop(collection.name);
  });
}

const newest = chromaAvailable("1.5.9", true);
describe("a collection that is dropped", () => {
  it.skipIf(newest !== null)("leaves no lists behind for records of others", async () => {
    await using server = await startChroma({ version: "1.5.9", env: {} });
    const place = await newPlace(server);
    await using store = await openChromaRecords({ kind: "chroma", url: server.url, ...place });
    const make = async (): Promise<CollectionInfo> => (await store.ensure(recordSpec())).collection;
    const [kept, dropped] = [await make(), await make()];
    const withMetadata = (metadata: string) =>
      batchOfRecords(["a", "b"].map((id) => record(id, { metadata })));
    await store.write(dropped, withMetadata('{"secret":["of another"]}'));
    await store.drop(dropped.name);
    await store.write(kept, withMetadata('{"n":1}'));
    const { batch } = await store.read(kept, ["a", "b"]);
    expect(batch.payload.metadata).toEqual(['{"n":1}', '{"n":1}']);
  });
});

if (newest !== null) {
  describe.skip(`Chroma Cloud's stand-in as a target of records (${newest})`, () => {
    it("passes the suite", () => undefined);
  });
} else {
  const server = await startChroma({ version: "1.5.9", env: {} });
  const cloud = await moodyCloud(server);
  afterAll(async () => {
    await cloud[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const open = () =>
    openChromaCloudRecords(
      { kind: "chroma-cloud", url: cloud.url, ...cloud.place },
      { chroma: { token: cloudKey } },
    );
  recordTargetSuite({ describe, it }, { name: "Chroma Cloud's stand-in", open });
  it("Chroma Cloud's quotas are known before a record is sent", async () => {
    await using store = await open();
    const { collection } = await store.ensure(recordSpec({ dimension: null }));
    const keys = Array.from({ length: 33 }, (_, at) => `"k${at}":1`).join(",");
    const over = [
      record("x".repeat(129)),
      record("document", { document: "x".repeat(16_385) }),
      record("uri", { uri: "x".repeat(257) }),
      record("keys", { metadata: `{${keys}}` }),
      record("key", { metadata: `{"${"k".repeat(37)}":1}` }),
      record("value", { metadata: `{"a":"${"v".repeat(4097)}"}` }),
    ];
    const failures = await store.faults(collection, batchOfRecords(over));
    expect(failures.map(({ reason }) => reason)).toEqual(over.map(() => "too-large"));
    const wide = record("wide", { vector: Array.from({ length: 4097 }, () => 1) });
    const [failure] = await store.faults(collection, batchOfRecords([wide]));
    expect(failure?.reason).toBe("too-large");
    await store.drop(collection.name);
  });
}
