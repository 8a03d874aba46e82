/** A repository that keeps nothing and tells what it was asked: for tests of what stands above one. */
import type { CollectionDescriptor, VectorRepository } from "../../src/repository/types.ts";

export interface Asked {
  readonly call: string;
  readonly given: readonly unknown[];
}

export interface RecordingOptions {
  readonly model?: string | null;
  readonly vectorSize?: number;
  /** Who has how many documents. */
  readonly tenants?: Readonly<Record<string, number>>;
}

/** The repository, and its calls in their order. Its one collection takes the model that it is first made with. */
export function recordingRepository(options: RecordingOptions = {}): {
  repository: VectorRepository;
  asked: Asked[];
} {
  const asked: Asked[] = [];
  const tenants = Object.entries(options.tenants ?? {});
  const descriptor: { -readonly [Key in keyof CollectionDescriptor]: CollectionDescriptor[Key] } = {
    name: "notes",
    vectorSize: options.vectorSize ?? 2,
    distance: "cosine",
    model: options.model ?? null,
    indexes: [],
  };
  const answers: Record<string, (...given: never[]) => unknown> = {
    describeCollection: () => ({ ...descriptor }),
    createCollectionOptimized: ({ model }: { model?: string }) => {
      descriptor.model ??= model ?? null;
      return { created: false };
    },
    bulkUpsertDocuments: (_: string, { documents }: { documents: unknown[] }) => ({
      totalProcessed: documents.length,
      failed: [],
    }),
    semanticSearchAdvanced: () => [],
    getDocuments: () => [],
    deleteDocuments: () => undefined,
    countDocuments: () => 7,
    discoverTenants: (_: string, limit: number) =>
      tenants.slice(0, limit).map(([tenantId, documentCount]) => ({ tenantId, documentCount })),
    getCollectionStatistics: (collectionName: string) => ({
      collectionName,
      tenantId: null,
      documentCount: tenants.reduce((sum, [, count]) => sum + count, 0),
      memoryUsageMb: 1,
      memoryFrom: "formula",
      avgQueryTimeMs: null,
    }),
  };
  const calls = Object.entries(answers).map(([call, answer]) => [
    call,
    async (...given: never[]) => {
      asked.push({ call, given });
      return answer(...given);
    },
  ]);
  const repository = {
    kind: "embedded",
    address: "nowhere",
    ...Object.fromEntries(calls),
    async *scanDocuments(...given: unknown[]) {
      asked.push({ call: "scanDocuments", given });
      yield { id: "1" };
      yield { id: "2" };
    },
    async [Symbol.asyncDispose]() {
      asked.push({ call: "dispose", given: [] });
    },
  } as unknown as VectorRepository;
  return { repository, asked };
}
