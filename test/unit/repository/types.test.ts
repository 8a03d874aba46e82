/** What compiles and what does not. `tsc` judges this file; the run only sees that the values are what they are said to be. */
import { describe, expect, expectTypeOf, it } from "vitest";
import type {
  BulkVectorOperation,
  DocumentMetadata,
  MetadataFilter,
  NewDocument,
  QdrantCollectionConfig,
  SearchResult,
  VectorDocument,
  VectorRepository,
  VectorSearchRequest,
} from "../../../src/index.ts";

/** An interface, as applications write them: it has no index signature. */
interface Article {
  readonly category: "technical" | "legal";
  readonly priority: string;
  readonly year: number;
  readonly draft?: boolean;
  readonly tags: readonly string[];
  readonly size: bigint | null;
}
type Filter = MetadataFilter<Article>;

describe("a filter typed by the metadata", () => {
  it("takes equality, lists, ranges and operators of what the key holds", () => {
    const filters: Filter[] = [
      {},
      { category: "technical", priority: "high" },
      { category: ["technical", "legal"] },
      { year: 2024, draft: true, size: 1n },
      { year: { gte: 2020, lt: 2025 } },
      { year: { $gt: 2020 }, category: { $ne: "legal" } },
      { priority: { $in: ["a", "b"] }, draft: { $nin: [true] } },
      { tags: { $contains: "x" } },
      { $or: [{ tags: { $not_contains: "x" } }, { $and: [{ year: 1 }] }], year: 2 },
    ];
    expect(filters).toHaveLength(9);
  });

  it("does not take a misspelt key", () => {
    // @ts-expect-error: the key is category
    const filter: Filter = { categroy: "technical" };
    // @ts-expect-error: also within $or
    const inner: Filter = { $or: [{ categroy: "technical" }] };
    expect([filter, inner]).toHaveLength(2);
  });

  it("does not take a misspelt operator, nor one that joins", () => {
    // @ts-expect-error: it is $gte
    const operator: Filter = { year: { $get: 2020 } };
    // @ts-expect-error: it is gte
    const bound: Filter = { year: { get: 2020 } };
    // @ts-expect-error: it is $or
    const join: Filter = { $xor: [{ year: 1 }] };
    expect([operator, bound, join]).toHaveLength(3);
  });

  it("does not take a value that the key cannot have", () => {
    // @ts-expect-error: no category of that name
    const unknown: Filter = { category: "tecnical" };
    // @ts-expect-error: a year is a number
    const text: Filter = { year: "2024" };
    // @ts-expect-error: in a list too
    const list: Filter = { category: ["technical", "other"] };
    // @ts-expect-error: texts have no order
    const order: Filter = { priority: { $gt: "a" } };
    // @ts-expect-error: nor a range
    const range: Filter = { priority: { gte: "a" } };
    // @ts-expect-error: a list is looked into by $contains
    const member: Filter = { tags: "x" };
    // @ts-expect-error: and only a list is
    const contains: Filter = { priority: { $contains: "x" } };
    expect([unknown, text, list, order, range, member, contains]).toHaveLength(7);
  });

  it("of any metadata takes any key, and no operator that there is not", () => {
    const any: MetadataFilter = { whatever: 1, other: { $contains: "x" }, $or: [{ a: 1 }] };
    // @ts-expect-error: there is no $near
    const operator: MetadataFilter = { whatever: { $near: 1 } };
    expect([any, operator]).toHaveLength(2);
  });
});

describe("the calls of a repository", () => {
  it("give documents of the metadata they were asked for", () => {
    type Search = typeof search;
    const search = (repository: VectorRepository) =>
      repository.semanticSearchAdvanced<Article>({
        collectionName: "articles",
        tenantId: "a",
        queryEmbedding: [1, 2],
        metadataFilter: { year: { gte: 2020 } },
        rerank: (results) => {
          expectTypeOf(results).toEqualTypeOf<readonly SearchResult<Article>[]>();
          return results;
        },
      });
    expectTypeOf<Awaited<ReturnType<Search>>>().toEqualTypeOf<SearchResult<Article>[]>();
    expectTypeOf<SearchResult<Article>["document"]>().toEqualTypeOf<VectorDocument<Article>>();
    expectTypeOf<VectorDocument["metadata"]>().toEqualTypeOf<DocumentMetadata>();
    expectTypeOf<VectorDocument["createdAt"]>().toEqualTypeOf<string | null>();
  });

  it("cannot be written without a tenant", () => {
    // @ts-expect-error: tenantId is missing
    const search: VectorSearchRequest = { collectionName: "c", queryEmbedding: [1] };
    // @ts-expect-error: tenantId is missing
    const bulk: BulkVectorOperation = { operationType: "upsert", documents: [] };
    // @ts-expect-error: tenantId is missing
    const which: Parameters<VectorRepository["countDocuments"]>[1] = {};
    // @ts-expect-error: tenantId is missing
    const gone: Parameters<VectorRepository["deleteDocuments"]>[1] = { ids: ["1"] };
    expect([search, bulk, which, gone]).toHaveLength(4);
  });

  it("know the operations, distances and kinds of quantization", () => {
    expectTypeOf<BulkVectorOperation["operationType"]>().toEqualTypeOf<
      "insert" | "upsert" | "update" | "delete"
    >();
    expectTypeOf<QdrantCollectionConfig["distance"]>().toEqualTypeOf<
      "cosine" | "euclid" | "dot" | undefined
    >();
    // @ts-expect-error: there is no such kind
    const kind: QdrantCollectionConfig["quantizationConfig"] = { type: "half" };
    const metadata: Omit<Article, "category"> = { priority: "", year: 1, tags: [], size: null };
    // @ts-expect-error: the metadata is of another shape
    const wrong: NewDocument<Article> = { id: "1", embedding: [1], metadata };
    expect([kind, wrong]).toHaveLength(2);
  });
});
