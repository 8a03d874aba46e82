/**
 * Which way a Qdrant server is spoken to: REST always answers for collections; points go by gRPC where a port for it answers
 * and is shown to be the same server's.
 */
import { encodeEmpty } from "../../wire/collections.ts";
import { decodeHealth } from "../../wire/health.ts";
import type { QdrantApi } from "./api.ts";
import { Choice } from "./choice.ts";
import { GrpcPoints } from "./grpc.ts";
import { GrpcClient } from "./grpc-client.ts";
import { type Roads, sameNames } from "./proof.ts";
import { connectRest, isSince } from "./rest.ts";
import { type QdrantOptions, RestClient } from "./rest-client.ts";
import { ServerApi } from "./server-api.ts";

/** Where a server is: its REST address, and the gRPC port that was named. */
export interface ServerAddress {
  /** `http(s)://host:port`. */
  readonly url: string;
  /** null or nothing = the one behind the REST port, where it answers; "off" = REST alone. */
  readonly grpcPort?: number | "off" | null | undefined;
}

/** How long a port that nobody named may take to answer: a firewall lets such a call hang. */
const guessTimeoutMs = 3_000;
/** Attempts at a port that was named. */
const namedAttempts = 3;
const portMax = 65_535;
/** The first minor version whose every patch knows vectors in the form that is written (`Vector.dense`, since 1.12.2). */
const grpcVersion = [1, 13] as const;

/**
 * Connects to a server by REST, and to its gRPC port where there is one.
 * @throws E_UNREACHABLE, E_TIMEOUT, E_NOT_QDRANT, E_NOT_SUPPORTED (older than 1.10), E_AUTH; of a gRPC port that was named also
 * E_CONFIG, where it is another server's, or no gRPC's
 */
export async function connectServer(
  address: ServerAddress,
  options: QdrantOptions,
): Promise<QdrantApi> {
  const restClient = new RestClient(address.url, options);
  try {
    const rest = await connectRest(restClient, options.signal);
    return await withGrpc(restClient, rest, address.grpcPort ?? null, options);
  } catch (error) {
    restClient.close();
    throw error;
  }
}

type Rest = Awaited<ReturnType<typeof connectRest>>;

async function withGrpc(
  restClient: RestClient,
  rest: Rest,
  wanted: number | "off" | null,
  options: QdrantOptions,
): Promise<QdrantApi> {
  const { protocol, hostname, port: text } = new URL(rest.address);
  const restPort = text === "" ? (protocol === "https:" ? 443 : 80) : Number(text);
  const port = typeof wanted === "number" ? wanted : restPort + 1;
  const choice = new Choice(rest.address, restPort, port, wanted !== null, options.onRoad);
  if (wanted === "off") {
    choice.rest("no gRPC is wanted");
    return rest;
  }
  if (!isSince(rest.version, grpcVersion)) {
    choice.rest(`gRPC is used with Qdrant 1.13 and newer, and this is ${rest.version}`);
    return rest;
  }
  if (port > portMax) {
    choice.rest(`there is no port ${port}`);
    return rest;
  }
  const grpcClient = new GrpcClient(`${protocol}//${hostname}:${port}`, options);
  const roads = { restClient, rest, grpcClient, grpc: new GrpcPoints(grpcClient, rest) };
  try {
    const difference = await greet(roads, rest.version, choice.named, options.signal);
    if (difference === null) return new ServerApi(roads, choice);
    choice.another(difference);
  } catch (error) {
    grpcClient.close();
    choice.failed(error);
    return rest;
  }
  grpcClient.close();
  return rest;
}

/** What the port says otherwise than REST does, before a collection is looked at; null = nothing. */
async function greet(
  roads: Roads,
  version: string,
  named: boolean,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const call = named
    ? { signal, attempts: namedAttempts }
    : { signal, attempts: 1, timeoutMs: guessTimeoutMs };
  const frame = encodeEmpty();
  const health = await roads.grpcClient.send("Qdrant/HealthCheck", frame, decodeHealth, call);
  if (!/qdrant/i.test(health.title)) return "it does not greet as Qdrant does";
  if (health.version !== version) return `it is a Qdrant ${health.version}, not ${version}`;
  const same = await sameNames(roads, signal === undefined ? {} : { signal });
  return same ? null : "it has other collections";
}
