/** What every repository must do, whatever store is beneath it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { DocumentMetadata } from "../repository/metadata.ts";
import type { BulkVectorOperation, QdrantDistance } from "../repository/types.ts";
import type { TestKit } from "./kit.ts";
import {
  assertFails,
  codesOf,
  documents,
  type RepositoryLack,
  type RepositorySuiteOptions,
  withRepository,
} from "./repository-bench.ts";
import { repositorySearches } from "./repository-searches.ts";

/** Declares the tests. Every collection they make has a name of its own and is removed at the end. */
export function repositorySuite(kit: TestKit, options: RepositorySuiteOptions): void {
  kit.describe(`${options.name} as a repository`, () => {
    roundTrips(kit, options);
    metadataKinds(kit, options);
    embeddings(kit, options);
    operations(kit, options);
    refusals(kit, options);
    tenants(kit, options);
    collections(kit, options);
    repositorySearches(kit, options);
    endings(kit, options);
  });
}

const awkward: DocumentMetadata = {
  integer: 2,
  negative: -7,
  float: 2.5,
  third: 1 / 3,
  tiny: 5e-324,
  odd: 9_007_199_254_740_993n,
  min: -9_223_372_036_854_775_808n,
  yes: true,
  no: false,
  empty: "",
  text: "日本語 \u2028 'quotes' \"and\" \\ 🦀",
  "a.b c": "odd key",
};

function roundTrips({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("documents", () => {
    it("come back as they were, each type of metadata with its digits", () =>
      withRepository(options, {}, async ({ put, repository, collection }) => {
        const id = "ä/ '🦀' \u0000";
        const createdAt = "2024-02-29T12:00:00.500Z";
        const embedding = [1, 2, 3];
        await put("a", { id, content: "x\u0000y", embedding, metadata: awkward, createdAt });
        const which = { tenantId: "a", ids: [id] };
        const [document] = await repository.getDocuments(collection, which);
        assert.deepEqual(document, {
          id,
          content: "x\u0000y",
          embedding: null,
          metadata: awkward,
          createdAt,
          collectionName: collection,
          tenantId: "a",
        });
      }));

    it("may have no text, no metadata and no date, and are dated now unless it is said", () =>
      withRepository(options, {}, async ({ put, all }) => {
        const before = Date.now();
        await put(
          "a",
          { id: "now", embedding: [1, 2, 3] },
          { id: "none", content: null, embedding: [1, 2, 3], metadata: {}, createdAt: null },
          { id: "empty", content: "", embedding: [1, 2, 3], createdAt: new Date(0) },
        );
        const found = await all("a");
        const [now, none, empty] = ["now", "none", "empty"].map((id) => found.get(id));
        assert.deepEqual([now?.content, now?.metadata], [null, {}]);
        const at = Date.parse(now?.createdAt ?? "");
        assert.ok(at >= before && at <= Date.now(), now?.createdAt ?? "no date");
        assert.deepEqual([none?.content, none?.metadata, none?.createdAt], [null, {}, null]);
        assert.deepEqual([empty?.content, empty?.createdAt], ["", "1970-01-01T00:00:00.000Z"]);
      }));

    it("are got in the order that is asked for, without those that are not there", () =>
      withRepository(options, {}, async ({ put, repository, collection }) => {
        await put("a", ...documents(5));
        const ids = ["document 3", "nothing", "document 0"];
        const found = await repository.getDocuments(collection, { tenantId: "a", ids });
        assert.deepEqual(
          found.map(({ id }) => id),
          ["document 3", "document 0"],
        );
      }));

    it("come by the thousand in many batches, and are scanned each once", () =>
      withRepository(options, {}, async ({ bulk, put, all, repository, collection }) => {
        await put("a", ...documents(2500));
        await put("b", ...documents(3));
        const found = await all("a");
        assert.equal(found.size, 2500);
        assert.deepEqual(found.get("document 2499")?.metadata, { row: 2499 });
        assert.equal(await repository.countDocuments(collection, { tenantId: "a" }), 2500);
        const gone = documents(2400).map(({ id }) => ({ id }));
        assert.deepEqual(await bulk("delete", "a", ...gone), { totalProcessed: 2400, failed: [] });
        assert.equal((await all("a")).size, 100);
      }));
  });
}

const kinds: readonly [RepositoryLack, DocumentMetadata][] = [
  ["nulls", { kept: 1, nothing: null }],
  ["lists", { kept: 1, texts: ["a", "b"], numbers: [1, 2.5], flags: [true] }],
  ["nested", { kept: 1, inner: { deep: [{ deeper: "x", n: 1 }] } }],
];

function metadataKinds({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("metadata", () => {
    for (const [kind, metadata] of kinds) {
      const reason = options.lacks?.[kind];
      if (reason === undefined) {
        it(`of ${kind} comes back as it was`, () =>
          withRepository(options, {}, async ({ put, all }) => {
            await put("a", { id: "one", embedding: [1, 2, 3], metadata });
            assert.deepEqual((await all("a")).get("one")?.metadata, metadata);
          }));
        continue;
      }
      it(`of ${kind} is refused with its document's name: ${reason}`, () =>
        withRepository(options, {}, async ({ bulk, all }) => {
          const embedding = [1, 2, 3];
          const result = await bulk(
            "upsert",
            "a",
            { id: "before", embedding },
            { id: "bad", embedding, metadata },
            { id: "after", embedding },
          );
          assert.equal(result.totalProcessed, 2);
          assert.deepEqual(codesOf(result), { bad: "E_REJECTED" });
          assert.deepEqual([...(await all("a")).keys()].sort(), ["after", "before"]);
        }));
    }
  });
}

/** Steps of float32 from one number to another. */
function ulps(one: number, other: number): number {
  const ordinal = (value: number): number => {
    const [bits = 0] = new Int32Array(Float32Array.of(value).buffer);
    return bits < 0 ? -(bits & 0x7f_ff_ff_ff) : bits;
  };
  return Math.abs(ordinal(one) - ordinal(other));
}

function embeddings({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("embeddings", () => {
    for (const distance of ["cosine", "dot", "euclid"] as const) {
      const close = distance === "cosine" ? "to within 3 ulp" : "to the bit";
      it(`come back as they were given under ${distance}, ${close}`, () =>
        withRepository(options, { distance, vectorSize: 8 }, async (bench) => {
          const given = Array.from({ length: 200 }, (_, row) => {
            const length = 10 ** ((row % 13) - 6);
            return Float32Array.from({ length: 8 }, () => (Math.random() - 0.5) * length);
          });
          await bench.put("a", ...given.map((embedding, row) => ({ id: `${row}`, embedding })));
          const found = await bench.all("a", true);
          const [query = []] = given.map((vector) => [...vector]);
          const [hit] = await bench.search("a", query, { nResults: 1, includeEmbeddings: true });
          for (const { id, embedding } of [...found.values(), ...(hit ? [hit.document] : [])]) {
            const wanted = given[Number(id)] ?? [];
            assert.equal(embedding?.length, 8);
            const off = [...(embedding ?? [])].map((value, at) => ulps(value, wanted[at] ?? 0));
            assert.ok(Math.max(...off) <= (distance === "cosine" ? 3 : 0), `${id}: ${off}`);
          }
        }));
    }
  });
}

function operations({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  const [one, two, three] = documents(3);
  describe("bulk operations", () => {
    it("insert what is not there, and name what is", () =>
      withRepository(options, {}, async ({ bulk, all }) => {
        await bulk("insert", "a", { ...one, id: "1" });
        const changed = { ...two, id: "1", content: "changed" };
        const result = await bulk("insert", "a", changed, { ...three, id: "2" });
        assert.equal(result.totalProcessed, 1);
        assert.deepEqual(codesOf(result), { "1": "E_DOCUMENT_EXISTS" });
        const found = await all("a");
        assert.deepEqual([found.get("1")?.content, found.size], ["text 0", 2]);
      }));

    it("update what is there, with the date of its making, and name what is not", () =>
      withRepository(options, {}, async ({ bulk, put, all }) => {
        const createdAt = "2020-01-01T00:00:00.000Z";
        await put("a", { id: "1", embedding: [1, 2, 3], createdAt });
        const changed = { id: "1", content: "changed", embedding: [3, 2, 1] };
        const result = await bulk("update", "a", changed, { ...changed, id: "2" });
        assert.equal(result.totalProcessed, 1);
        assert.deepEqual(codesOf(result), { "2": "E_DOCUMENT_NOT_FOUND" });
        const found = await all("a");
        assert.equal(found.size, 1);
        assert.deepEqual(
          [found.get("1")?.content, found.get("1")?.createdAt],
          ["changed", createdAt],
        );
      }));

    it("upsert both, whole: nothing of the older document stays", () =>
      withRepository(options, {}, async ({ put, all }) => {
        await put("a", { id: "1", content: "old", embedding: [1, 2, 3], metadata: { old: 1 } });
        await put("a", { id: "1", embedding: [3, 2, 1], metadata: { new: 1 } });
        const found = await all("a");
        assert.equal(found.size, 1);
        assert.deepEqual([found.get("1")?.content, found.get("1")?.metadata], [null, { new: 1 }]);
      }));

    it("delete what is named, whether it is there or not", () =>
      withRepository(options, {}, async ({ bulk, put, all }) => {
        await put("a", ...documents(3));
        const result = await bulk("delete", "a", { id: "document 1" }, { id: "nothing" });
        assert.deepEqual(result, { totalProcessed: 2, failed: [] });
        assert.deepEqual([...(await all("a")).keys()].sort(), ["document 0", "document 2"]);
      }));

    it("of nothing do nothing", () =>
      withRepository(options, {}, async ({ bulk }) => {
        for (const operation of ["insert", "upsert", "update", "delete"] as const)
          assert.deepEqual(await bulk(operation, "a"), { totalProcessed: 0, failed: [] });
      }));
  });
}

function refusals({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("refusals", () => {
    it("name each document that cannot be taken, and take all others", () =>
      withRepository(options, {}, async ({ bulk, all }) => {
        const embedding = [1, 2, 3];
        const bad: BulkVectorOperation["documents"] = [
          { id: "of another", embedding, tenantId: "b" },
          { id: "elsewhere", embedding, collectionName: "another" },
          { id: "short", embedding: [1, 2] },
          { id: "long", embedding: [1, 2, 3, 4] },
          { id: "empty", embedding: [] },
          { id: "nan", embedding: [1, Number.NaN, 0] },
          { id: "infinite", embedding: [1, 1e39, 0] },
          { id: "zero", embedding: [0, 0, 0] },
          { id: "no number", embedding, metadata: { x: Number.NaN } },
          { id: "half \ud800", embedding },
          { id: "half text", content: "\udc00", embedding },
          { id: "twice", embedding },
          { id: "twice", embedding: [3, 2, 1] },
        ];
        const result = await bulk("upsert", "a", { id: "good", embedding }, ...bad);
        assert.equal(result.totalProcessed, 2);
        assert.deepEqual(codesOf(result), {
          "of another": "E_TENANT",
          elsewhere: "E_INPUT",
          short: "E_DIMENSION",
          long: "E_DIMENSION",
          empty: "E_DIMENSION",
          nan: "E_INPUT",
          infinite: "E_INPUT",
          zero: "E_INPUT",
          "no number": "E_INPUT",
          "half \ud800": "E_INPUT",
          "half text": "E_INPUT",
          twice: "E_INPUT",
        });
        assert.deepEqual([...(await all("a")).keys()].sort(), ["good", "twice"]);
        assert.equal((await all("b")).size, 0);
      }));

    it("of a call without a tenant, of one that is blank, and of what is no operation", () =>
      withRepository(options, {}, async ({ bulk, search, repository, collection }) => {
        for (const tenantId of ["", " \t", undefined as never, 7 as never]) {
          await assertFails(bulk("upsert", tenantId, ...documents(1)), "E_TENANT");
          await assertFails(search(tenantId, [1, 2, 3]), "E_TENANT");
          await assertFails(repository.countDocuments(collection, { tenantId }), "E_TENANT");
          const which = { tenantId, ids: ["1"] };
          await assertFails(repository.getDocuments(collection, which), "E_TENANT");
          await assertFails(repository.deleteDocuments(collection, which), "E_TENANT");
        }
        await assertFails(bulk("merge" as never, "a"), "E_INPUT", "operation.operationType");
        const nameless = { embedding: [1, 2, 3] } as never;
        await assertFails(bulk("upsert", "a", nameless), "E_INPUT", "operation.documents.0.id");
        await assertFails(repository.deleteDocuments(collection, { tenantId: "a" }), "E_INPUT");
      }));
  });
}

function tenants({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("tenants", () => {
    it("may use the same ids, and do not meet", () =>
      withRepository(options, {}, async ({ put, bulk, search, all, repository, collection }) => {
        const names = ["a", "A", "a*", '"a"', "テナント", "a,b"];
        for (const name of names) await put(name, { id: "1", content: name, embedding: [1, 2, 3] });
        await bulk("delete", "A", { id: "1" });
        await repository.deleteDocuments(collection, { tenantId: "a*", metadataFilter: {} });
        for (const name of names) {
          const wanted = name === "A" || name === "a*" ? [] : [name];
          const found = await all(name);
          assert.deepEqual(
            [...found.values()].map(({ content }) => content),
            wanted,
          );
          const results = await search(name, [1, 2, 3], {
            metadataFilter: { $or: [{ x: 1 }, { x: { $ne: 1 } }] },
          });
          assert.deepEqual(
            results.map(({ document }) => document.content),
            wanted,
          );
        }
      }));

    it("are found in the data, the greatest first, and counted", () =>
      withRepository(options, {}, async ({ put, repository, collection }) => {
        await put("small", ...documents(2));
        await put("great", ...documents(7));
        await put("middle", ...documents(4));
        const found = await repository.discoverTenants(collection, 2);
        assert.deepEqual(found, [
          { tenantId: "great", documentCount: 7 },
          { tenantId: "middle", documentCount: 4 },
        ]);
        const all = await repository.getCollectionStatistics(collection);
        const one = await repository.getCollectionStatistics(collection, "great");
        assert.deepEqual([all.documentCount, one.documentCount], [13, 7]);
        assert.ok(one.memoryUsageMb > 0 && one.memoryUsageMb < all.memoryUsageMb);
      }));
  });
}

function collections({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("collections", () => {
    it("are made once, described, listed, and refused where they differ", () =>
      withRepository(
        options,
        { model: "m1", distance: "dot" },
        async ({ repository, collection }) => {
          const config = { name: collection, vectorSize: 3, distance: "dot" as QdrantDistance };
          assert.deepEqual(await repository.createCollectionOptimized(config), { created: false });
          const { name, vectorSize, distance, model } =
            await repository.describeCollection(collection);
          assert.deepEqual([name, vectorSize, distance, model], [collection, 3, "dot", "m1"]);
          assert.ok((await repository.listCollections()).includes(collection));
          const create = (more: object) =>
            repository.createCollectionOptimized({ ...config, ...more });
          await assertFails(create({ vectorSize: 4 }), "E_SCHEMA_CONFLICT");
          await assertFails(create({ distance: "cosine" }), "E_SCHEMA_CONFLICT");
          await assertFails(create({ model: "m2" }), "E_MODEL");
          await assertFails(create({ vectorSize: 0 }), "E_INPUT", "config.vectorSize");
          await assertFails(create({ profil: "latency" }), "E_INPUT");
        },
      ));

    it("take the name of the model when it is first said", () =>
      withRepository(options, {}, async ({ repository, collection }) => {
        const config = { name: collection, vectorSize: 3, model: "m1" };
        assert.deepEqual(await repository.createCollectionOptimized(config), { created: false });
        assert.equal((await repository.describeCollection(collection)).model, "m1");
      }));
  });
}

function endings({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("ends", () => {
    it("a collection that is not there is an error, and nothing to be deleted", async () => {
      await using repository = await options.open();
      const name = `suite-${randomBytes(6).toString("hex")}`;
      const request = { collectionName: name, tenantId: "a", queryEmbedding: [1] };
      await assertFails(repository.semanticSearchAdvanced(request), "E_COLLECTION_NOT_FOUND");
      await assertFails(repository.countDocuments(name, request), "E_COLLECTION_NOT_FOUND");
      await assertFails(repository.describeCollection(name), "E_COLLECTION_NOT_FOUND");
      await repository.deleteCollection(name);
    });

    it("an aborted call ends, and so does one after the closing", () =>
      withRepository(options, {}, async ({ repository, collection }) => {
        const signal = AbortSignal.abort();
        const which = { tenantId: "a" };
        const call = repository.countDocuments(collection, which, { signal });
        await assertFails(call, "E_ABORTED");
        const other = await options.open();
        await other[Symbol.asyncDispose]();
        await assertFails(other.countDocuments(collection, which), "E_CLOSED");
      }));
  });
}
