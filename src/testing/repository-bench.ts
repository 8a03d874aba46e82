/** A collection of documents to test on, made for one test and removed after it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type ErrorCode, VectorError } from "../errors.ts";
import type { DocumentMetadata } from "../repository/metadata.ts";
import type {
  BulkResult,
  BulkVectorOperation,
  NewDocument,
  QdrantCollectionConfig,
  SearchResult,
  VectorDocument,
  VectorRepository,
  VectorSearchRequest,
} from "../repository/types.ts";

/** What a store's own format cannot hold: documents with it must be named as failed, never dropped. */
export type RepositoryLack = "nested" | "lists" | "nulls";

export interface RepositorySuiteOptions {
  /** How the repository is called in the names of tests. */
  readonly name: string;
  /** Opens the repository. One that keeps its data is the same one every time. */
  readonly open: () => VectorRepository | Promise<VectorRepository>;
  /** Metadata that the store cannot hold, each kind with the reason. */
  readonly lacks?: Readonly<Partial<Record<RepositoryLack, string>>>;
}

export interface RepositoryBench {
  readonly repository: VectorRepository;
  /** The collection's name. */
  readonly collection: string;
  bulk(
    operationType: BulkVectorOperation["operationType"],
    tenantId: string,
    ...documents: BulkVectorOperation["documents"]
  ): Promise<BulkResult>;
  /** Upserts, all of which must be taken. */
  put(tenantId: string, ...documents: readonly NewDocument[]): Promise<void>;
  search(
    tenantId: string,
    queryEmbedding: readonly number[],
    more?: Partial<VectorSearchRequest>,
  ): Promise<SearchResult[]>;
  /** Everything of the tenant, by id. */
  all(tenantId: string, includeEmbeddings?: boolean): Promise<Map<string, VectorDocument>>;
}

export async function withRepository(
  { open }: RepositorySuiteOptions,
  config: Partial<QdrantCollectionConfig>,
  use: (bench: RepositoryBench) => Promise<void>,
): Promise<void> {
  await using repository = await open();
  const collection = `suite-${randomBytes(6).toString("hex")}`;
  await repository.createCollectionOptimized({ name: collection, vectorSize: 3, ...config });
  const bulk: RepositoryBench["bulk"] = (operationType, tenantId, ...documents) =>
    repository.bulkUpsertDocuments(collection, { operationType, tenantId, documents });
  try {
    await use({
      repository,
      collection,
      bulk,
      async put(tenantId, ...documents) {
        const result = await bulk("upsert", tenantId, ...documents);
        assert.deepEqual(result, { totalProcessed: documents.length, failed: [] });
      },
      search: (tenantId, queryEmbedding, more) =>
        repository.semanticSearchAdvanced({
          queryEmbedding,
          tenantId,
          collectionName: collection,
          ...more,
        }),
      async all(tenantId, includeEmbeddings = false) {
        const which = { tenantId, includeEmbeddings };
        const found = new Map<string, VectorDocument>();
        for await (const document of repository.scanDocuments(collection, which)) {
          assert.ok(!found.has(document.id), "no document comes twice");
          found.set(document.id, document);
        }
        return found;
      },
    });
  } finally {
    await repository.deleteCollection(collection);
  }
}

/** Fails unless `call` fails with `code`. */
export async function assertFails(
  call: Promise<unknown>,
  code: ErrorCode,
  field?: string,
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof VectorError, String(error));
    assert.equal(error.code, code, error.message);
    if (field !== undefined) assert.equal(error.details["field"], field);
    return true;
  });
}

/** The codes of what failed, by id. */
export function codesOf({ failed }: BulkResult): Record<string, string> {
  for (const { reason } of failed) assert.ok(reason.length > 10, reason);
  return Object.fromEntries(failed.map(({ id, code }) => [id, code]));
}

export function idsOf(results: readonly SearchResult[]): string[] {
  return results.map(({ document }) => document.id);
}

/** Each with an id of its own, and a vector of its own that is not zero. */
export function documents(
  count: number,
  metadata: (row: number) => DocumentMetadata = (row) => ({ row }),
): NewDocument[] {
  return Array.from({ length: count }, (_, row) => ({
    id: `document ${row}`,
    content: `text ${row}`,
    embedding: [row + 1, 1, Math.sin(row)],
    metadata: metadata(row),
  }));
}
