/** Snapshots of one node of a Qdrant server, by REST. */
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import type { CallOptions } from "../../store/port.ts";
import type { RecoverOptions, SnapshotContent, StoredSnapshot } from "../../store/snapshots.ts";
import { systemClock } from "../../util/clock.ts";
import type { StreamedBody } from "../../util/http.ts";
import type { QdrantApi } from "./api.ts";
import { connectRest } from "./rest.ts";
import { type QdrantOptions, RestClient } from "./rest-client.ts";
import { type Layout, type Owner, readStored, type SnapshotDoor } from "./snapshot-door.ts";

/** A server says nothing while it makes a snapshot or takes one in: so long it may be at it. */
const patienceMs = 3_600_000;
/** Where the answer was lost on its way, the list is looked at so often. */
const lookEveryMs = 2_000;

const clusterState = z.looseObject({
  peer_id: z.number().optional(),
  peers: z.record(z.string(), z.looseObject({ uri: z.string() })).optional(),
});
const replica = z.looseObject({ shard_id: z.number(), state: z.string() });
const collectionCluster = z.looseObject({
  shard_count: z.number(),
  local_shards: z.array(replica),
  remote_shards: z.array(replica),
  shard_transfers: z.array(z.unknown()).optional(),
});

/** Opens the node at `url`. @throws as opening the server does */
export async function openServerDoor(url: string, options: QdrantOptions): Promise<SnapshotDoor> {
  const client = new RestClient(url, options);
  const patient = new RestClient(url, { ...options, timeoutMs: patienceMs });
  try {
    const api = await connectRest(client, options.signal);
    const cluster = await client.send({ method: "GET", path: "/cluster", signal: options.signal });
    const { peers = {} } = clusterState.parse(JSON.parse(cluster));
    // The number has more digits than a JavaScript number may hold.
    const [, peer = null] = /"peer_id"\s*:\s*(\d+)/.exec(cluster) ?? [];
    const known = new Map(Object.entries(peers).map(([id, { uri }]) => [id, uri]));
    return new ServerDoor(api, known, peer, client, patient);
  } catch (error) {
    client.close();
    patient.close();
    throw error;
  }
}

class ServerDoor implements SnapshotDoor {
  readonly api: QdrantApi;
  readonly peers: ReadonlyMap<string, string>;
  readonly peer: string | null;
  readonly #client: RestClient;
  readonly #patient: RestClient;

  constructor(
    api: QdrantApi,
    peers: ReadonlyMap<string, string>,
    peer: string | null,
    client: RestClient,
    patient: RestClient,
  ) {
    this.api = api;
    this.peers = peers;
    this.peer = peer;
    this.#client = client;
    this.#patient = patient;
  }

  async layout(collection: string, { signal }: CallOptions): Promise<Layout> {
    const path = `${pathOf(collection)}/cluster`;
    const text = await this.#client.send({ method: "GET", path, signal });
    const { data, error } = collectionCluster.safeParse(JSON.parse(text));
    if (data === undefined) {
      const where = `GET ${this.#client.url}${path}`;
      throw new VectorError("E_BAD_RESPONSE", `${where}: the answer is not in Qdrant's form.`, {
        cause: error,
      });
    }
    const of = (local: boolean) => (one: z.infer<typeof replica>) => ({
      shard: one.shard_id,
      local,
      active: one.state === "Active",
    });
    return {
      shards: data.shard_count,
      replicas: [...data.local_shards.map(of(true)), ...data.remote_shards.map(of(false))],
      transfers: data.shard_transfers?.length ?? 0,
    };
  }

  query(collection: string, body: string, { signal }: CallOptions): Promise<string> {
    return this.#client.send({
      method: "POST",
      path: `${pathOf(collection)}/points/query`,
      body,
      signal,
    });
  }

  retrieve(collection: string, body: string, { signal }: CallOptions): Promise<string> {
    return this.#client.send({
      method: "POST",
      path: `${pathOf(collection)}/points`,
      body,
      signal,
    });
  }

  async list(owner: Owner, { signal }: CallOptions): Promise<StoredSnapshot[]> {
    return readStored(await this.#client.send({ method: "GET", path: snapshots(owner), signal }));
  }

  async create(owner: Owner, options: CallOptions): Promise<StoredSnapshot> {
    const before = new Set((await this.list(owner, options)).map(({ name }) => name));
    const endMs = performance.now() + patienceMs;
    try {
      const path = `${snapshots(owner)}?wait=true`;
      const text = await this.#patient.send({
        method: "POST",
        path,
        signal: options.signal,
        attempts: 1,
      });
      const [made] = readStored(text);
      if (made !== undefined) return made;
    } catch (error) {
      // Only a proxy that gave up leaves the server at work; asked again, it would make a second one.
      if (!isVectorError(error, "E_TIMEOUT")) throw error;
      while (performance.now() < endMs) {
        const all = await this.list(owner, options);
        const found = all.find(({ name, sha256 }) => !before.has(name) && sha256 !== null);
        if (found !== undefined) return found;
        await systemClock.sleep(lookEveryMs, options.signal);
      }
      throw error;
    }
    throw new VectorError("E_BAD_RESPONSE", `${this.#client.url} does not name the snapshot made.`);
  }

  async remove(owner: Owner, name: string, { signal }: CallOptions): Promise<void> {
    const path = `${snapshots(owner)}/${encodeURIComponent(name)}?wait=true`;
    try {
      await this.#client.send({ method: "DELETE", path, signal });
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
    }
  }

  async download<Result>(
    owner: Owner,
    name: string,
    take: (pieces: AsyncIterable<Uint8Array>) => Promise<Result>,
    { signal }: CallOptions,
  ): Promise<Result> {
    const path = `${snapshots(owner)}/${encodeURIComponent(name)}`;
    const asked = { method: "GET", path, signal } as const;
    return this.#client.stream(asked, ({ pieces }) => take(pieces));
  }

  async upload(
    owner: Owner,
    content: SnapshotContent,
    { priority, sha256, signal }: RecoverOptions,
  ): Promise<void> {
    const query = new URLSearchParams({ wait: "true", priority });
    if (sha256 !== null) query.set("checksum", sha256);
    const path = `${snapshots(owner)}/upload?${query}`;
    const asked = { method: "POST", path, body: multipart(content), signal } as const;
    await final(this.#patient.stream(asked, (answer) => answer.whole()));
  }

  async recover(
    owner: Owner,
    location: string,
    { priority, sha256, signal }: RecoverOptions,
  ): Promise<void> {
    const checksum = sha256 === null ? {} : { checksum: sha256 };
    const body = JSON.stringify({ location, priority, ...checksum });
    const path = `${snapshots(owner)}/recover?wait=true`;
    await final(this.#patient.send({ method: "PUT", path, body, signal, attempts: 1 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#patient.close();
    await this.api[Symbol.asyncDispose]();
  }
}

/** The server answers 500 to a snapshot that it cannot take in, and nothing changes by asking again. */
async function final(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (isVectorError(error, "E_SERVER")) {
      throw new VectorError("E_REJECTED", error.message, { cause: error, details: error.details });
    }
    if (!isVectorError(error, "E_AUTH")) throw error;
    throw new VectorError("E_AUTH", error.message, {
      cause: error,
      next: "Give a key that may manage the whole server: --qdrant-api-key-file. Where the server must not fetch from addresses, download the snapshot and give its file.",
      details: error.details,
    });
  }
}

function pathOf(collection: string): string {
  return `/collections/${encodeURIComponent(collection)}`;
}

function snapshots({ collection, shard }: Owner): string {
  if (collection === null) return "/snapshots";
  return `${pathOf(collection)}${shard === null ? "" : `/shards/${shard}`}/snapshots`;
}

/** A file as the part `snapshot` of a form (RFC 7578). */
function multipart({ path, start, bytes }: SnapshotContent): StreamedBody {
  const boundary = randomUUID();
  const name = basename(path).replaceAll(/[^A-Za-z0-9._-]/g, "_");
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="snapshot"; filename="${name}"\r\n` +
      "content-type: application/octet-stream\r\n\r\n",
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: head.length + bytes + tail.length,
    async *pieces() {
      yield head;
      if (bytes > 0) yield* createReadStream(path, { start, end: start + bytes - 1 });
      yield tail;
    },
  };
}
