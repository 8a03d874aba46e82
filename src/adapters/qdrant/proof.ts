/**
 * Whether the server behind a gRPC port is the one behind the REST address. Both are asked about one collection, and must
 * say the same; before anything is written, a word that is put into the collection's metadata by REST must be seen by gRPC.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import type { CallOptions } from "../../store/port.ts";
import { abortError } from "../../util/abort.ts";
import { parseJson, sliceArray, sliceObject } from "../../util/json.ts";
import { decodePeers } from "../../wire/cluster.ts";
import { decodeDescription, decodeList, encodeEmpty, encodeName } from "../../wire/collections.ts";
import type { QdrantApi } from "./api.ts";
import type { GrpcPoints } from "./grpc.ts";
import type { GrpcClient } from "./grpc-client.ts";
import type { RestClient } from "./rest-client.ts";
import { describedState } from "./settings.ts";

/** Both roads, each as a client and as what is asked of a Qdrant. */
export interface Roads {
  readonly restClient: RestClient;
  readonly rest: QdrantApi;
  readonly grpcClient: GrpcClient;
  readonly grpc: GrpcPoints;
}

/** What is about to be done: a server that is written to is proven more strictly. */
export type Purpose = "read" | "write";

/** The key in a collection's metadata that holds the word for as long as it is looked for. */
const wordKey = "vecferry_probe";
/** A server that others write to, or a cluster whose peers are not of one mind yet, is asked again. */
const pausesMs = [0, 250, 1000];
const pageRows = 64;
/** How long the word may take to be taken away. */
const tidyMs = 2000;

/**
 * What of collection `name` the two roads say differently, as the end of a sentence; null = they lead to one server.
 * @throws E_COLLECTION_NOT_FOUND where REST has none, and what the calls throw
 */
export async function differenceOf(
  roads: Roads,
  name: string,
  purpose: Purpose,
  options: CallOptions,
): Promise<string | null> {
  let difference: string | null = null;
  for (const pause of pausesMs) {
    await wait(pause, options.signal);
    difference =
      (await inDescription(roads, name, options)) ??
      (purpose === "write" && roads.rest.notes
        ? await inWord(roads, name, options)
        : await inPoints(roads, name, options));
    if (difference === null) return null;
  }
  return difference;
}

/** Whether both have collections of the same names. Those that come and go between the calls say nothing. */
export async function sameNames(
  { rest, grpcClient }: Pick<Roads, "rest" | "grpcClient">,
  options: CallOptions,
): Promise<boolean> {
  for (const pause of pausesMs) {
    await wait(pause, options.signal);
    const before = await rest.list(options);
    const names = await grpcClient.send("Collections/List", encodeEmpty(), decodeList, options);
    const after = await rest.list(options);
    const ever = new Set([...before, ...after]);
    const seen = new Set(names);
    const lacking = before.filter((name) => after.includes(name) && !seen.has(name));
    if (lacking.length === 0 && names.every((name) => ever.has(name))) return true;
  }
  return false;
}

/** What a description says that both roads spell alike. */
const description = z.object({
  config: z.object({
    params: z.object({
      shard_number: z.number().nullish(),
      replication_factor: z.number().nullish(),
    }),
    hnsw_config: z
      .object({
        m: z.number().nullish(),
        ef_construct: z.number().nullish(),
        payload_m: z.number().nullish(),
      })
      .nullish(),
    metadata: z.record(z.string(), z.unknown()).nullish(),
  }),
});

function viewOf(name: string, text: string) {
  const parsed: unknown = parseJson(text);
  // The texts are each road's own spelling.
  const {
    status: _,
    points: __,
    note: ___,
    configuration: ____,
    schema: _____,
    index: ______,
    indexes,
    ...state
  } = describedState(name, parsed);
  const { params, hnsw_config, metadata } = description.parse(parsed).config;
  return {
    state,
    indexes: [...indexes].sort(),
    shards: params.shard_number ?? null,
    replicas: params.replication_factor ?? null,
    graph: [hnsw_config?.m, hnsw_config?.ef_construct, hnsw_config?.payload_m].map(
      (value) => value ?? null,
    ),
    metadata: { ...metadata, [wordKey]: null },
  };
}

async function inDescription(
  roads: Roads,
  name: string,
  options: CallOptions,
): Promise<string | null> {
  const other = await describe(roads, name, options);
  const path = `/collections/${encodeURIComponent(name)}`;
  const own = await roads.restClient.send({ method: "GET", path, signal: options.signal });
  if (other === null) return `it has no collection "${name}"`;
  if (!isDeepStrictEqual(viewOf(name, own), viewOf(name, other)))
    return `it describes collection "${name}" otherwise`;
  const others = await grpcPeers(roads, name, options);
  const peers = others === null ? null : await restPeers(roads, path, options);
  const apart = peers !== null && !peers.some((peer) => others?.includes(peer));
  return apart ? "it is a peer of another cluster" : null;
}

/** The description by gRPC; null where the collection is not there. */
async function describe(
  { grpcClient }: Roads,
  name: string,
  options: CallOptions,
): Promise<string | null> {
  try {
    return await grpcClient.send("Collections/Get", encodeName(name), decodeDescription, options);
  } catch (error) {
    if (isVectorError(error, "E_COLLECTION_NOT_FOUND")) return null;
    throw error;
  }
}

/** Puts a new word into the metadata by REST, looks for it by gRPC, and takes it away again. */
async function inWord(roads: Roads, name: string, options: CallOptions): Promise<string | null> {
  const word = randomUUID();
  const path = `/collections/${encodeURIComponent(name)}`;
  const put = (value: string | null, signal: AbortSignal | undefined): Promise<string> => {
    const body = JSON.stringify({ metadata: { [wordKey]: value } });
    return roads.restClient.send({ method: "PATCH", path, body, signal });
  };
  try {
    await put(word, options.signal);
    const seen = await describe(roads, name, options);
    const metadata =
      seen === null ? null : description.parse(parseJson(seen)).config.metadata?.[wordKey];
    return metadata === word ? null : `a change of collection "${name}" is not seen there`;
  } catch (error) {
    // A key may write points and not the collection's metadata.
    if (isVectorError(error, "E_AUTH")) return inPoints(roads, name, options);
    throw error;
  } finally {
    // Also where the run is being interrupted; a word that stays is overwritten by the next one.
    await put(null, AbortSignal.timeout(tidyMs)).catch(() => undefined);
  }
}

async function inCount(
  { rest, grpc }: Roads,
  name: string,
  options: CallOptions,
): Promise<string | null> {
  const before = await rest.count(name, options);
  const counted = await grpc.count(name, options);
  const after = await rest.count(name, options);
  if (counted >= Math.min(before, after) && counted <= Math.max(before, after)) return null;
  return `it counts ${counted} points in collection "${name}", not ${after}`;
}

/** The exact count, and the first points with their vectors. */
async function inPoints(roads: Roads, name: string, options: CallOptions): Promise<string | null> {
  const { rest, grpc } = roads;
  const { vectors, pageRowsMax, countsExactly } = await rest.get(name, options);
  const miscounted = countsExactly ? await inCount(roads, name, options) : null;
  if (miscounted !== null) return miscounted;
  const page = {
    ...options,
    limit: Math.min(pageRows, pageRowsMax ?? pageRows),
    from: null,
    payload: false,
    vectors,
  };
  const [own, other] = [await rest.scroll(name, page), await grpc.scroll(name, page)];
  return isDeepStrictEqual(
    [own.points, own.vectors, own.next],
    [other.points, other.vectors, other.next],
  )
    ? null
    : `it has other points in collection "${name}"`;
}

/** The ids of a cluster's peers by REST; null where the server does not tell. */
async function restPeers(
  { restClient }: Roads,
  path: string,
  { signal }: CallOptions,
): Promise<string[] | null> {
  return told(async () => {
    const cluster = sliceObject(
      await restClient.send({ method: "GET", path: `${path}/cluster`, signal }),
    );
    const shards = sliceArray(cluster.get("remote_shards") ?? "[]").map(sliceObject);
    return [cluster, ...shards].flatMap((one) => one.get("peer_id") ?? []);
  });
}

function grpcPeers(roads: Roads, name: string, options: CallOptions): Promise<string[] | null> {
  const frame = encodeName(name);
  const method = "Collections/CollectionClusterInfo";
  return told(() => roads.grpcClient.send(method, frame, decodePeers, options));
}

/** Null where the server has no such call, keeps it from this key, or answers it in another form. */
async function told(ask: () => Promise<string[]>): Promise<string[] | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if (error instanceof VectorError && !error.retryable && error.code !== "E_ABORTED") return null;
    if (isVectorError(error, "E_BAD_RESPONSE")) return null;
    throw error;
  }
}

async function wait(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted) throw abortError(signal);
    throw error;
  }
}
