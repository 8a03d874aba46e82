/** What adding the same documents takes: by the service, by the bulk path of a migration, and by others. */
import { Document } from "@langchain/core/documents";
import { QdrantClient } from "@qdrant/js-client-rest";
import { tenantPointId } from "../src/model/point-id.ts";
import { defaultVector, type PointBatch } from "../src/model/record.ts";
import { QdrantRepository } from "../src/repositories.ts";
import { createVectorService } from "../src/repository/service.ts";
import type { DocumentStore } from "../src/store/documents.ts";
import { stores } from "../src/stores.ts";
import { documentSpec } from "../src/testing/document-bench.ts";
import { each, type Measured, timed } from "./measured.ts";
import { grpcPort, langChainStore } from "./searching.ts";
import { apiKey } from "./server.ts";
import { embeddingOf, type ServiceData } from "./service-data.ts";

export type Adder = (url: string, name: string, data: ServiceData) => Promise<Measured>;

const batchRows = 1000;
const inFlight = 3;
const key = apiKey === "" ? {} : { apiKey };

/** Each writes into a new collection, made as the repository makes one. */
export const adders: readonly { readonly what: string; readonly add: Adder }[] = [
  { what: "bulk path", add: addInBulk },
  { what: "VectorService by gRPC", add: addByService },
  { what: "@qdrant/js-client-rest as it comes", add: addByClient },
  { what: "LangChain.js QdrantVectorStore", add: addByLangChain },
];

async function addByService(url: string, name: string, data: ServiceData): Promise<Measured> {
  await using repository = new QdrantRepository({ url, grpcPort: grpcPort(url), ...key });
  const services = Array.from(data.documents, ([tenantId, documents]) => ({
    service: createVectorService(repository, { tenantId, collection: name }),
    documents,
  }));
  await repository.listCollections();
  return await timed(async () => {
    let rows = 0;
    for (const { service, documents } of services) {
      const { totalProcessed, failed } = await service.addDocuments(documents);
      if (failed.length > 0) throw new Error(JSON.stringify(failed[0]));
      rows += totalProcessed;
    }
    return rows;
  });
}

/** Batches that are ready before the clock starts, as many in flight as a migration has. */
async function addInBulk(url: string, name: string, data: ServiceData): Promise<Measured> {
  await using store = await openStore(url);
  const spec = documentSpec({ name, dimension: data.dimension, distance: "cosine" });
  const batches = Array.from(data.documents, ([tenant]) => batchesOf(data, tenant)).flat();
  await store.collections({ names: [name] });
  return await timed(() =>
    each(batches, store.capabilities.concurrency, async (batch) => {
      await store.write(spec, batch);
      return batch.ids.length;
    }),
  );
}

export function openStore(url: string): Promise<DocumentStore> {
  const address = { kind: "qdrant" as const, url, grpcPort: grpcPort(url) };
  return stores.documents.qdrant(address, { qdrant: key });
}

function batchesOf({ documents, dimension }: ServiceData, tenant: string): PointBatch[] {
  const own = documents.get(tenant) ?? [];
  return parts(own).map((some) => {
    const none = (): null[] => some.map(() => null);
    const data = new Float32Array(some.length * dimension);
    some.forEach((document, row) => {
      const vector = embeddingOf(document);
      const norm = Math.hypot(...vector);
      data.set(
        vector.map((component) => component / norm),
        row * dimension,
      );
    });
    return {
      ids: some.map(({ id }) => id),
      vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
      payload: {
        documents: some.map(({ content }) => content ?? null),
        uris: none(),
        metadata: some.map(({ metadata }) => JSON.stringify(metadata ?? {})),
      },
      placement: {
        points: some.map(({ id }) => tenantPointId(tenant, id)),
        tenants: some.map(() => tenant),
        norms: new Float64Array(some.length).fill(Number.NaN),
        runs: none(),
        collections: none(),
        rest: none(),
        createdAt: some.map(() => "2026-01-01T00:00:00.000Z"),
      },
    };
  });
}

function parts<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / batchRows) }, (_, part) =>
    items.slice(part * batchRows, (part + 1) * batchRows),
  );
}

async function addByClient(url: string, name: string, data: ServiceData): Promise<Measured> {
  const client = new QdrantClient({ url, ...key });
  const batches = Array.from(data.documents, ([tenant, documents]) =>
    parts(documents).map((some) =>
      some.map((document) => ({
        id: tenantPointId(tenant, document.id),
        vector: Array.from(embeddingOf(document)),
        payload: {
          document: document.content,
          metadata: document.metadata,
          tenant_id: tenant,
          _vecferry: { id: document.id },
        },
      })),
    ),
  ).flat();
  return await timed(() =>
    each(batches, inFlight, async (points) => {
      await client.upsert(name, { wait: true, points });
      return points.length;
    }),
  );
}

async function addByLangChain(url: string, name: string, data: ServiceData): Promise<Measured> {
  const store = langChainStore(url, name);
  const batches = Array.from(data.documents, ([tenant, documents]) =>
    parts(documents).map((some) => ({
      vectors: some.map((document) => Array.from(embeddingOf(document))),
      documents: some.map(
        ({ content, metadata }) =>
          new Document({ pageContent: content ?? "", metadata: metadata ?? {} }),
      ),
      options: {
        ids: some.map(({ id }) => tenantPointId(tenant, id)),
        customPayload: some.map(() => ({ tenant_id: tenant })),
      },
    })),
  ).flat();
  return await timed(() =>
    each(batches, inFlight, async ({ vectors, documents, options }) => {
      await store.addVectors(vectors, documents, options);
      return vectors.length;
    }),
  );
}
