/** What a repository finds, in which order, and what its filters mean. */
import assert from "node:assert/strict";
import type { DocumentMetadata, MetadataFilter } from "../repository/metadata.ts";
import type { SearchResult, VectorSearchRequest } from "../repository/types.ts";
import type { TestKit } from "./kit.ts";
import {
  assertFails,
  documents,
  idsOf,
  type RepositorySuiteOptions,
  withRepository,
} from "./repository-bench.ts";

export function repositorySearches(kit: TestKit, options: RepositorySuiteOptions): void {
  scores(kit, options);
  filters(kit, options);
  reranking(kit, options);
  badRequests(kit, options);
}

const query = [1, 2, 2];
const nearby = [
  { id: "same", embedding: [1, 2, 2] },
  { id: "longer", embedding: [2, 4, 4.5] },
  { id: "aside", embedding: [2, 2, 1] },
  { id: "away", embedding: [-1, 0, -2] },
];
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
const similarities = {
  cosine: (a: readonly number[], b: readonly number[]) =>
    dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  dot,
  euclid: (a: readonly number[], b: readonly number[]) =>
    1 / (1 + Math.sqrt(a.reduce((sum, value, at) => sum + (value - (b[at] ?? 0)) ** 2, 0))),
} as const;

function scores({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("searches", () => {
    for (const distance of ["cosine", "dot", "euclid"] as const) {
      it(`find the most similar first under ${distance}, with the score as it is promised`, () =>
        withRepository(options, { distance }, async ({ put, search }) => {
          await put("a", ...nearby);
          const wanted = nearby
            .map(({ id, embedding }) => ({ id, score: similarities[distance](query, embedding) }))
            .sort((one, other) => other.score - one.score);
          const found = await search("a", query);
          assert.deepEqual(
            idsOf(found),
            wanted.map(({ id }) => id),
          );
          found.forEach(({ similarityScore }, at) => {
            const off = Math.abs(similarityScore - (wanted[at]?.score ?? 0));
            assert.ok(off < 1e-5, `${similarityScore} is not ${wanted[at]?.score}`);
          });
          const least = ((wanted[1]?.score ?? 0) + (wanted[2]?.score ?? 0)) / 2;
          const above = await search("a", query, { similarityThreshold: least });
          assert.deepEqual(idsOf(above), idsOf(found.slice(0, 2)));
          assert.equal((await search("a", query, { nResults: 3 })).length, 3);
        }));
    }

    it("give the embeddings only where they are asked for, and ten results unless it is said", () =>
      withRepository(options, {}, async ({ put, search }) => {
        await put("a", ...documents(12));
        const found = await search("a", query);
        assert.equal(found.length, 10);
        assert.ok(found.every(({ document }) => document.embedding === null));
        const [first] = await search("a", query, { includeEmbeddings: true });
        assert.equal(first?.document.embedding?.length, 3);
      }));

    it("are timed", () =>
      withRepository(options, {}, async ({ put, search, repository, collection }) => {
        const before = await repository.getCollectionStatistics(collection);
        assert.equal(before.avgQueryTimeMs, null);
        await put("a", ...documents(2));
        await search("a", query);
        const { avgQueryTimeMs, toJSON } = await repository.getCollectionStatistics(collection);
        assert.ok(avgQueryTimeMs !== null && avgQueryTimeMs > 0);
        const json: unknown = JSON.parse(JSON.stringify({ statistics: { toJSON } }));
        assert.ok(JSON.stringify(json).includes('"documentCount":2'));
      }));
  });
}

const rows: readonly DocumentMetadata[] = [
  { category: "technical", priority: "high", n: 2, f: 2.5, on: true },
  { category: "technical", priority: "low", n: 3, f: -2.5, on: false },
  { category: "legal", priority: "high", n: -2, f: 2, tenant_id: "b" },
  { category: "Technical", n: 9_007_199_254_740_993n, "odd key.x": 1 },
  {},
];

/** Each filter with the rows that it finds. */
const found: readonly [MetadataFilter, readonly number[]][] = [
  [{}, [0, 1, 2, 3, 4]],
  [{ category: "technical" }, [0, 1]],
  [{ category: "technical", priority: "high" }, [0]],
  [{ category: ["legal", "Technical"] }, [2, 3]],
  [{ n: 2 }, [0]],
  [{ f: 2 }, [2]],
  [{ f: 2.5 }, [0]],
  [{ n: 2.5 }, []],
  [{ n: [2, 3, 4] }, [0, 1]],
  [{ n: 9_007_199_254_740_993n }, [3]],
  [{ on: true }, [0]],
  [{ on: false }, [1]],
  [{ n: { gte: 2, lt: 3 } }, [0]],
  [{ n: { gt: 2.5, lt: 100 } }, [1]],
  [{ n: { gte: 2.5, lt: 100 } }, [1]],
  [{ n: { gt: -2.5, lte: 2 } }, [0, 2]],
  [{ f: { lt: 0 } }, [1]],
  [{ n: { $gt: 2 } }, [1, 3]],
  [{ category: { $ne: "technical" } }, [2, 3, 4]],
  [{ n: { $ne: 2 } }, [1, 2, 3, 4]],
  [{ priority: { $in: ["low", "none"] } }, [1]],
  [{ priority: { $nin: ["low", "none"] } }, [0, 2, 3, 4]],
  [{ tenant_id: "b" }, [2]],
  [{ tenant_id: { $ne: "b" } }, [0, 1, 3, 4]],
  [{ "odd key.x": 1 }, [3]],
  [{ nothing: "x" }, []],
  [{ $or: [{ priority: "low" }, { on: true }] }, [0, 1]],
  [{ $and: [{ category: "technical" }, { n: { $lt: 3 } }] }, [0]],
  [{ priority: "high", $or: [{ n: 2 }, { category: "legal" }] }, [0, 2]],
  [{ $or: [{ $and: [{ n: 2 }, { on: true }] }, { $or: [{ n: -2 }] }] }, [0, 2]],
];

function words(filter: object): string {
  return JSON.stringify(filter, (_, value) => (typeof value === "bigint" ? `${value}` : value));
}

function filters({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("filters", () => {
    it("find the same by search, count and scan, and another tenant's never", () =>
      withRepository(options, {}, async ({ put, search, repository, collection }) => {
        const all = documents(rows.length, (row) => rows[row] ?? {});
        await put("a", ...all);
        await put("b", ...all.map((document) => ({ ...document, content: "another's" })));
        for (const [metadataFilter, places] of found) {
          const wanted = places.map((row) => `document ${row}`);
          const which = { tenantId: "a", metadataFilter };
          const hits = await search("a", query, { metadataFilter });
          assert.deepEqual(idsOf(hits).sort(), wanted, words(metadataFilter));
          assert.ok(hits.every(({ document }) => document.content !== "another's"));
          const count = await repository.countDocuments(collection, which);
          assert.equal(count, wanted.length, words(metadataFilter));
          const scanned: string[] = [];
          for await (const { id } of repository.scanDocuments(collection, which)) scanned.push(id);
          assert.deepEqual(scanned.sort(), wanted, words(metadataFilter));
        }
      }));

    it("delete what they find, and nothing else", () =>
      withRepository(options, {}, async ({ put, all, repository, collection }) => {
        await put("a", ...documents(6, (row) => ({ row })));
        await put("b", ...documents(6, (row) => ({ row })));
        const metadataFilter = { row: { gte: 4 } };
        await repository.deleteDocuments(collection, { tenantId: "a", metadataFilter });
        assert.deepEqual([(await all("a")).size, (await all("b")).size], [4, 6]);
        const ids = ["document 0", "nothing"];
        await repository.deleteDocuments(collection, { tenantId: "a", ids });
        await repository.deleteDocuments(collection, { tenantId: "a", ids: [] });
        assert.deepEqual([(await all("a")).size, (await all("b")).size], [3, 6]);
        await repository.deleteDocuments(collection, { tenantId: "a", metadataFilter: {} });
        assert.deepEqual([(await all("a")).size, (await all("b")).size], [0, 6]);
      }));

    const lists = options.lacks?.lists;
    if (lists !== undefined) return;
    it("look into lists", () =>
      withRepository(options, {}, async ({ put, search }) => {
        await put(
          "a",
          ...documents(3, (row) => (row < 2 ? { tags: ["x", `${row}`], n: [row, 7] } : {})),
        );
        const ids = async (metadataFilter: MetadataFilter) =>
          idsOf(await search("a", query, { metadataFilter })).sort();
        assert.deepEqual(await ids({ tags: { $contains: "1" } }), ["document 1"]);
        assert.deepEqual(await ids({ n: { $contains: 7 } }), ["document 0", "document 1"]);
        const others = await ids({ tags: { $not_contains: "1" } });
        assert.deepEqual(others, ["document 0", "document 2"]);
      }));
  });
}

function reranking({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("rerank", () => {
    it("true finds the same where nothing is quantized", () =>
      withRepository(options, {}, async ({ put, search }) => {
        await put("a", ...documents(30));
        assert.deepEqual(await search("a", query, { rerank: true }), await search("a", query));
      }));

    it("mmr takes the nearest, then what is unlike it", () =>
      withRepository(options, {}, async ({ put, search }) => {
        await put(
          "a",
          { id: "nearest", embedding: [1, 0, 0] },
          { id: "its twin", embedding: [1, 0.001, 0] },
          { id: "different", embedding: [1, 0, 1] },
        );
        const ids = async (diversity: number) =>
          idsOf(await search("a", [1, 0, 0], { nResults: 2, rerank: { mmr: { diversity } } }));
        assert.deepEqual(await ids(0), ["nearest", "its twin"]);
        assert.deepEqual(await ids(0.7), ["nearest", "different"]);
        const [first] = await search("a", [1, 0, 0], { rerank: { mmr: { diversity: 1 } } });
        assert.deepEqual([first?.document.embedding, first?.document.tenantId], [null, "a"]);
      }));

    it("a function reorders what was found, and can add nothing", () =>
      withRepository(options, {}, async ({ put, search }) => {
        await put("a", ...documents(5));
        const plain = idsOf(await search("a", query));
        const turned = await search("a", query, {
          rerank: async (results) => results.toReversed(),
        });
        assert.deepEqual(idsOf(turned), plain.toReversed());
        const fewer = await search("a", query, { rerank: (results) => results.slice(0, 2) });
        assert.deepEqual(idsOf(fewer), plain.slice(0, 2));
        const twice = (results: readonly SearchResult[]) => [...results, ...results];
        await assertFails(search("a", query, { rerank: twice }), "E_INPUT");
        await assertFails(search("a", query, { rerank: () => 7 as never }), "E_INPUT", "rerank");
      }));
  });
}

const bad: readonly [Partial<Record<keyof VectorSearchRequest, unknown>>, string][] = [
  [{ nResults: 0 }, "search.nResults"],
  [{ nResults: 1.5 }, "search.nResults"],
  [{ similarityThreshold: Number.NaN }, "search.similarityThreshold"],
  [{ rerank: { mmr: { diversity: 2 } } }, "search.rerank.mmr.diversity"],
  [{ queryEmbedding: "text" }, "queryEmbedding"],
  [{ queryEmbedding: [1, Number.NaN, 1] }, "queryEmbedding[1]"],
  [{ queryEmbedding: [0, 0, 0] }, "queryEmbedding"],
  [{ metadataFilter: 7 }, "metadataFilter"],
  [{ metadataFilter: { a: undefined } }, "metadataFilter.a"],
  [{ metadataFilter: { a: { $near: 1 } } }, "metadataFilter.a.$near"],
  [{ metadataFilter: { a: [] } }, "metadataFilter.a.$in"],
  [{ metadataFilter: { a: { gte: "x" } } }, "metadataFilter.a.$gte"],
  [{ metadataFilter: { a: {} } }, "metadataFilter.a"],
  [{ metadataFilter: { $or: [] } }, "metadataFilter.$or"],
  [{ metadataFilter: { $not: { a: 1 } } }, "metadataFilter.$not"],
];

function badRequests({ describe, it }: TestKit, options: RepositorySuiteOptions): void {
  describe("bad requests", () => {
    it("are refused with the name of the field", () =>
      withRepository(options, {}, async ({ search }) => {
        for (const [more, field] of bad)
          await assertFails(search("a", query, more as never), "E_INPUT", field);
        await assertFails(search("a", query, { nResult: 3 } as never), "E_INPUT");
        for (const wrong of [[], [1, 2], [1, 2, 3, 4]])
          await assertFails(search("a", wrong), "E_DIMENSION");
      }));
  });
}
