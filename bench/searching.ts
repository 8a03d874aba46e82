/** Who is asked for the same answers, and how long each takes. */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { QdrantVectorStore } from "@langchain/qdrant";
import { QdrantClient } from "@qdrant/js-client-rest";
import { queryBytes } from "../src/adapters/qdrant/rest-points.ts";
import { tenantPointId } from "../src/model/point-id.ts";
import { QdrantRepository } from "../src/repositories.ts";
import { createVectorService } from "../src/repository/service.ts";
import { GrpcChannel } from "../src/util/grpc.ts";
import { HttpClient } from "../src/util/http.ts";
import { decodePlainAnswer, encodeQuery } from "../src/wire/query.ts";
import { apiKey, grpcUrl } from "./server.ts";
import { collectionName, limit, type ServiceQuery, tenants } from "./service-data.ts";

/** Asks one query; gives the ids that were found, or null where it does not read them. */
export interface Contestant extends AsyncDisposable {
  readonly what: string;
  /** The one beside which it is measured. */
  readonly beside?: string;
  ask(query: number): Promise<readonly string[] | null>;
}

const key = apiKey === "" ? {} : { apiKey };
const filterOf = (tenant: string) => ({ must: [{ key: "tenant_id", match: { value: tenant } }] });

/** The service and what it is measured by. The bare request twice: how far it is from itself is what the measurement leaves open. */
export function contestants(url: string, queries: readonly ServiceQuery[]): Contestant[] {
  const [grpc, rest] = ["bare request by gRPC", "bare request by REST"];
  return [
    bareGrpc("bytes alone", url, queries),
    bareGrpc("bare request", url, queries),
    { ...bareGrpc("bare request", url, queries), what: `${grpc}, again`, beside: grpc },
    { ...service("VectorService by gRPC", url, queries, grpcPort(url)), beside: grpc },
    bareRest("bytes alone", url, queries),
    bareRest("bare request", url, queries),
    { ...bareRest("bare request", url, queries), what: `${rest}, again`, beside: rest },
    { ...service("VectorService by REST", url, queries, "off"), beside: rest },
  ];
}

/** What else an application might use. */
export function peers(url: string, queries: readonly ServiceQuery[]): Contestant[] {
  return [restClient(url, queries), langChain(url, queries)];
}

export function grpcPort(url: string): number {
  return Number(new URL(grpcUrl(url)).port);
}

/**
 * The bare request is what an application would write that has no library between itself and the server but the codec: it makes
 * the request's bytes out of the query's vector and the tenant's name, sends them over the same kind of connection, and has the
 * answer's points with their payloads as JavaScript objects, the ids read out of them. Each of these is done by the quickest means
 * there is here, which are those that the service has too. It keeps no tenant apart, checks nothing, tries nothing again, and
 * knows neither metadata nor dates nor errors. `bytes alone` is not even that: bytes that were ready before the clock started, and
 * an answer that nobody reads, which no application can use; it stands beside the others as what the road itself costs.
 */
type Bare = "bare request" | "bytes alone";

function bareGrpc(what: Bare, url: string, queries: readonly ServiceQuery[]): Contestant {
  const metadata = apiKey === "" ? {} : { "api-key": apiKey };
  const channel = new GrpcChannel(grpcUrl(url), { metadata });
  const frameOf = ({ tenant, vector }: ServiceQuery) =>
    encodeQuery(collectionName, { vector, limit, filter: filterOf(tenant) });
  const frames = what === "bytes alone" ? queries.map(frameOf) : [];
  return {
    what: `${what} by gRPC`,
    ask: async (at) => {
      const query = queries[at];
      const frame = frames[at] ?? (query && frameOf(query)) ?? new Uint8Array();
      const { body } = await channel.call("/qdrant.Points/Query", frame);
      if (body === null) throw new Error("no answer");
      if (what === "bytes alone") return null;
      return idsOf(decodePlainAnswer(body, [], (payload) => payload)?.plain ?? []);
    },
    [Symbol.asyncDispose]: async () => channel.close(),
  };
}

function bareRest(what: Bare, url: string, queries: readonly ServiceQuery[]): Contestant {
  const headers = apiKey === "" ? {} : { "api-key": apiKey };
  const client = new HttpClient({ headers, connectionsMax: 32 });
  const address = `${url.replace(/\/$/, "")}/collections/${collectionName}/points/query`;
  const bodyOf = ({ tenant, vector }: ServiceQuery) =>
    queryBytes(
      vector,
      `,"limit":${limit},"with_payload":true,"with_vector":false,"filter":${JSON.stringify(filterOf(tenant))}}`,
    );
  const bodies = what === "bytes alone" ? queries.map(bodyOf) : [];
  return {
    what: `${what} by REST`,
    ask: async (at) => {
      const query = queries[at];
      const body = bodies[at] ?? (query && bodyOf(query));
      const answer = await client.request({ method: "POST", url: address, body });
      if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
      if (what === "bytes alone") return null;
      const { points }: { points: { payload: object }[] } = JSON.parse(answer.text).result;
      return idsOf(points.map(({ payload }) => payload));
    },
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

function idsOf(payloads: readonly object[]): string[] {
  return payloads.map((payload) => Object(Object(payload)["_vecferry"])["id"]);
}

function service(
  what: string,
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
      return idsOf(points.map(({ payload }) => payload ?? {}));
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
