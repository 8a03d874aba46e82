/** Who is asked for the same answers, and how long each takes. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { QdrantVectorStore } from "@langchain/qdrant";
import { QdrantClient } from "@qdrant/js-client-rest";
import { vectorText } from "../src/adapters/qdrant/rest-points.ts";
import { tenantPointId } from "../src/model/point-id.ts";
import { QdrantRepository } from "../src/repositories.ts";
import { createVectorService } from "../src/repository/service.ts";
import { GrpcChannel } from "../src/util/grpc.ts";
import { HttpClient } from "../src/util/http.ts";
import { encodeQuery } from "../src/wire/query.ts";
import { apiKey, grpcUrl } from "./server.ts";
import { collectionName, limit, type ServiceQuery, tenants } from "./service-data.ts";

/** Asks one query; gives the ids that were found, or null where it does not read them. */
export interface Contestant extends AsyncDisposable {
  readonly what: string;
  /** Who has the same road and reads nothing. */
  readonly bare?: string;
  ask(query: number): Promise<readonly string[] | null>;
}

const key = apiKey === "" ? {} : { apiKey };
const filterOf = (tenant: string) => ({ must: [{ key: "tenant_id", match: { value: tenant } }] });

export function contestants(url: string, queries: readonly ServiceQuery[]): Contestant[] {
  return [
    bareGrpc(url, queries),
    service("VectorService by gRPC", "bare request by gRPC", url, queries, grpcPort(url)),
    bareRest(url, queries),
    service("VectorService by REST", "bare request by REST", url, queries, "off"),
    restClient(url, queries),
    langChain(url, queries),
  ];
}

export function grpcPort(url: string): number {
  return Number(new URL(grpcUrl(url)).port);
}

/** The bytes that the service sends, sent by the channel that it sends them by; the answer's bytes are not looked at. */
function bareGrpc(url: string, queries: readonly ServiceQuery[]): Contestant {
  const metadata = apiKey === "" ? {} : { "api-key": apiKey };
  const channel = new GrpcChannel(grpcUrl(url), { metadata });
  const frames = queries.map(({ tenant, vector }) =>
    encodeQuery(collectionName, { vector, limit, filter: filterOf(tenant) }),
  );
  return {
    what: "bare request by gRPC",
    ask: async (at) => {
      const { status } = await channel.call("/qdrant.Points/Query", frames[at] ?? new Uint8Array());
      if (status !== 0) throw new Error(`gRPC status ${status}`);
      return null;
    },
    [Symbol.asyncDispose]: async () => channel.close(),
  };
}

function bareRest(url: string, queries: readonly ServiceQuery[]): Contestant {
  const headers = apiKey === "" ? {} : { "api-key": apiKey };
  const client = new HttpClient({ headers, connectionsMax: 32 });
  const address = `${url.replace(/\/$/, "")}/collections/${collectionName}/points/query`;
  const bodies = queries.map(
    ({ tenant, vector }) =>
      `{"query":${vectorText(vector, 0, vector.length)},"limit":${limit},"with_payload":true,"with_vector":false,"filter":${JSON.stringify(filterOf(tenant))}}`,
  );
  return {
    what: "bare request by REST",
    ask: async (at) => {
      const { status } = await client.request({ method: "POST", url: address, body: bodies[at] });
      if (status !== 200) throw new Error(`HTTP ${status}`);
      return null;
    },
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

function service(
  what: string,
  bare: string,
  url: string,
  queries: readonly ServiceQuery[],
  port: number | "off",
): Contestant {
  const repository = new QdrantRepository({ url, grpcPort: port, ...key });
  const services = new Map(
    tenants.map((tenantId) => [
      tenantId as string,
      createVectorService(repository, { tenantId, collection: collectionName }),
    ]),
  );
  return {
    what,
    bare,
    ask: async (at) => {
      const { tenant = "", vector = [] } = queries[at] ?? {};
      const request = { queryEmbedding: vector, nResults: limit };
      const results = (await services.get(tenant)?.semanticSearch(request)) ?? [];
      return results.map(({ document }) => document.id);
    },
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}

/** The official client as it comes. Its vectors are lists of numbers before the clock starts. */
function restClient(url: string, queries: readonly ServiceQuery[]): Contestant {
  const client = new QdrantClient({ url, ...key });
  const lists = queries.map(({ vector }) => Array.from(vector));
  return {
    what: "@qdrant/js-client-rest as it comes",
    ask: async (at) => {
      const { points } = await client.query(collectionName, {
        query: lists[at] ?? [],
        limit,
        filter: filterOf(queries[at]?.tenant ?? ""),
        with_payload: true,
      });
      return points.map(({ payload }) => Object(payload?.["_vecferry"])["id"]);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** It is never asked for an embedding. */
const noEmbeddings: EmbeddingsInterface = {
  embedDocuments: () => Promise.reject(new Error("no embeddings")),
  embedQuery: () => Promise.reject(new Error("no embeddings")),
};

/** LangChain's store over the same points, whose keys it is told. */
export function langChainStore(url: string, name: string): QdrantVectorStore {
  return new QdrantVectorStore(noEmbeddings, {
    url,
    ...key,
    collectionName: name,
    contentPayloadKey: "document",
    metadataPayloadKey: "metadata",
  });
}

function langChain(url: string, queries: readonly ServiceQuery[]): Contestant {
  const store = langChainStore(url, collectionName);
  const names = new Map(
    queries.flatMap(({ tenant, truth }) =>
      [...truth].map((id) => [tenantPointId(tenant, id), id] as const),
    ),
  );
  const lists = queries.map(({ vector }) => Array.from(vector));
  return {
    what: "LangChain.js QdrantVectorStore",
    ask: async (at) => {
      const tenant = queries[at]?.tenant ?? "";
      const results = await store.similaritySearchVectorWithScore(
        lists[at] ?? [],
        limit,
        filterOf(tenant),
      );
      // It answers the ids of points.
      return results.map(([{ id }]) => names.get(id ?? "") ?? "");
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
