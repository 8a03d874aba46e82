/** What compiles with a service and what does not: the compiler reads the `@ts-expect-error` lines, and fails on one too many. */
import { describe, expectTypeOf, it } from "vitest";
import type {
  Connection,
  LangChainVectorStore,
  SearchResult,
  VectorDocument,
  VectorService,
} from "../../../src/index.ts";

interface Note {
  readonly category: "technical" | "sales";
  readonly year: number;
  readonly tags: readonly string[];
}

/** Read by the compiler alone. */
function compiled(connection: Connection, notes: VectorService<Note>): unknown[] {
  return [
    connection.tenant<Note>("acme", { collection: "notes" }),
    notes.semanticSearch({
      queryEmbedding: [1],
      metadataFilter: { category: "sales", year: { gte: 1 } },
    }),
    notes.semanticSearch({
      query: "looms",
      metadataFilter: { $or: [{ year: 1 }, { tags: { $contains: "a" } }] },
    }),
    notes.addDocuments([
      { id: "1", content: "x", metadata: { category: "sales", year: 1, tags: [] } },
    ]),
    // @ts-expect-error A service is of a tenant.
    connection.tenant(),
    // @ts-expect-error A search is for something.
    notes.semanticSearch({ nResults: 1 }),
    // @ts-expect-error It is for one thing.
    notes.semanticSearch({ query: "x", queryEmbedding: [1] }),
    // @ts-expect-error The tenant is the service's.
    notes.semanticSearch({ queryEmbedding: [1], tenantId: "globex" }),
    // @ts-expect-error No metadata has this key.
    notes.count({ metadataFilter: { categori: "sales" } }),
    // @ts-expect-error There is no such operator.
    notes.count({ metadataFilter: { year: { $gtt: 1 } } }),
    // @ts-expect-error No category is called so.
    notes.scan({ metadataFilter: { category: "tecnical" } }),
    // @ts-expect-error Something must say which.
    notes.delete({}),
    // @ts-expect-error Metadata has all of its keys.
    notes.addDocuments([{ id: "1", embedding: [1], metadata: { category: "sales" } }]),
    // @ts-expect-error A document is the service's tenant's.
    notes.addDocuments([{ id: "1", embedding: [1], tenantId: "globex" }]),
    // @ts-expect-error Nothing leads beneath.
    notes.repository,
  ];
}

describe("a service's types", () => {
  it("are those of its metadata", () => {
    expectTypeOf(compiled).toBeFunction();
    expectTypeOf<ReturnType<VectorService<Note>["get"]>>().resolves.toEqualTypeOf<
      VectorDocument<Note>[]
    >();
    expectTypeOf<ReturnType<VectorService<Note>["semanticSearch"]>>().resolves.toEqualTypeOf<
      SearchResult<Note>[]
    >();
    expectTypeOf<LangChainVectorStore>().toHaveProperty("asRetriever");
  });
});
