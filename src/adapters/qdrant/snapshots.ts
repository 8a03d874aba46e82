/** The snapshots of a Qdrant: of a server, of a cluster with each of its nodes, of Qdrant Cloud, or of an embedded one. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import { type CollectionSpec, defaultSettings } from "../../model/collection.ts";
import { missingCollection } from "../../store/missing-collection.ts";
import type { CallOptions, StoreIdentity } from "../../store/port.ts";
import type {
  RecoverOptions,
  SnapshotContent,
  SnapshotContents,
  SnapshotPlace,
  SnapshotStore,
  StandingState,
  StoredSnapshot,
} from "../../store/snapshots.ts";
import { canonicalJson } from "../../util/canonical.ts";
import { sliceArray, sliceObject } from "../../util/json.ts";
import { describedIndexes } from "./described.ts";
import type { QdrantOptions } from "./rest-client.ts";
import { assertSnapshotName, type Layout, type SnapshotDoor } from "./snapshot-door.ts";
import { openEmbeddedDoor } from "./snapshot-embedded.ts";
import { readContents } from "./snapshot-file.ts";
import { openServerDoor } from "./snapshot-server.ts";

/** Times that a node is asked who it is: behind one address that spreads its calls stand several. */
const greetings = 3;

const shardKeys = z.array(z.object({ key: z.string(), shards: z.int(), replicas: z.int() }));

/**
 * Opens the server at `url`, with the further nodes of its cluster.
 * @throws as `openQdrant`; E_CONFIG where two addresses lead to one node, one address to several, or a node is of another cluster
 */
export async function openServerSnapshots(
  url: string,
  nodes: readonly string[],
  options: QdrantOptions,
): Promise<SnapshotStore> {
  const doors: SnapshotDoor[] = [];
  try {
    for (const each of [url, ...nodes]) doors.push(await openServerDoor(each, options));
    await assertOneCluster(doors, options);
    return new QdrantSnapshots("qdrant", doors);
  } catch (error) {
    for (const door of doors) await door[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens the embedded Qdrant at `path`. @throws E_LOCKED, E_STORAGE, E_NOT_SUPPORTED, E_ABORTED */
export async function openEmbeddedSnapshots(
  path: string,
  options: CallOptions,
): Promise<SnapshotStore> {
  return new QdrantSnapshots("embedded", [await openEmbeddedDoor(path, options)]);
}

async function assertOneCluster(
  doors: readonly SnapshotDoor[],
  { signal, ...options }: QdrantOptions,
): Promise<void> {
  const seen = new Map<string, string>();
  for (const { api, peer, peers } of doors) {
    if (peer === null || peers.size < 2) {
      if (doors.length === 1) return;
      throw new VectorError("E_CONFIG", `${api.address} is no node of a cluster.`, {
        next: "Leave --node away.",
      });
    }
    const twin = seen.get(peer);
    if (twin !== undefined) {
      throw new VectorError("E_CONFIG", `${api.address} and ${twin} are the same node (${peer}).`, {
        next: "Give each node by an address of its own: --node http://node-2:6333.",
      });
    }
    seen.set(peer, api.address);
    if (doors[0]?.peers.has(peer) !== true)
      throw new VectorError("E_CONFIG", `${api.address} is a node of another cluster.`);
    for (let count = 0; count < greetings; count += 1) {
      const again = await openServerDoor(api.address, { ...options, signal });
      await again[Symbol.asyncDispose]();
      if (again.peer === peer) continue;
      throw new VectorError(
        "E_CONFIG",
        `${api.address} leads to more than one node of the cluster.`,
        {
          next: "Give the address of each node itself, not of what spreads the calls: --node http://node-2:6333.",
        },
      );
    }
  }
}

class QdrantSnapshots implements SnapshotStore {
  readonly identity: StoreIdentity;
  readonly nodes: readonly string[];
  readonly cluster: boolean;
  readonly #doors: readonly SnapshotDoor[];
  readonly #first: SnapshotDoor;

  constructor(
    kind: "qdrant" | "embedded",
    doors: readonly [SnapshotDoor] | readonly SnapshotDoor[],
  ) {
    const [first] = doors;
    if (first === undefined) throw new VectorError("E_INTERNAL", "A store has a node.");
    this.#doors = doors;
    this.#first = first;
    this.cluster = first.peers.size > 1;
    this.nodes = doors.map(({ api }) => api.address);
    const { address, version } = first.api;
    this.identity = { kind, address, tenant: null, database: null, version };
  }

  collections(options: CallOptions = {}): Promise<string[]> {
    return this.#first.api.list(options);
  }

  async aliases(options: CallOptions = {}): Promise<Map<string, string>> {
    const aliases = (await this.#first.api.aliases(options)) ?? [];
    return new Map(aliases.map(({ alias, collection }) => [alias, collection]));
  }

  async setAlias(alias: string, collection: string, options: CallOptions = {}): Promise<void> {
    await this.#first.api.createAlias({ alias, collection }, options);
  }

  async places(
    collection: string | null,
    options: CallOptions = {},
  ): Promise<readonly (readonly SnapshotPlace[])[]> {
    if (!this.cluster) {
      if (collection !== null)
        await this.#named(collection, this.#first.api.get(collection, options));
      return [[{ collection, shard: null, node: 0 }]];
    }
    if (collection === null) {
      this.#assertAllNodes();
      return this.#doors.map((_, node) => [{ collection, shard: null, node }]);
    }
    const layouts = await this.#layouts(collection, options);
    const shards = new Set(layouts.flatMap(({ replicas }) => replicas.map(({ shard }) => shard)));
    return [...shards]
      .sort((one, other) => one - other)
      .map((shard) => {
        const nodes = layouts.flatMap(({ replicas }, node) =>
          replicas
            .filter((one) => one.local && one.shard === shard)
            .map(({ active }) => ({ node, active })),
        );
        nodes.sort(
          (one, other) => Number(other.active) - Number(one.active) || one.node - other.node,
        );
        if (nodes.length === 0) throw this.#lacking(`shard ${shard} of "${collection}"`);
        return nodes.map(({ node }) => ({ collection, shard, node }));
      });
  }

  async list(place: SnapshotPlace, options: CallOptions = {}): Promise<StoredSnapshot[]> {
    const all = await this.#door(place).list(place, options);
    return all.sort((one, other) =>
      (one.createdAt ?? "") === (other.createdAt ?? "")
        ? other.name.localeCompare(one.name)
        : (other.createdAt ?? "").localeCompare(one.createdAt ?? ""),
    );
  }

  create(place: SnapshotPlace, options: CallOptions = {}): Promise<StoredSnapshot> {
    return this.#door(place).create(place, options);
  }

  async remove(place: SnapshotPlace, name: string, options: CallOptions = {}): Promise<void> {
    assertSnapshotName(name, "E_INPUT");
    await this.#door(place).remove(place, name, options);
  }

  async download<Result>(
    place: SnapshotPlace,
    name: string,
    take: (pieces: AsyncIterable<Uint8Array>) => Promise<Result>,
    options: CallOptions = {},
  ): Promise<Result> {
    assertSnapshotName(name, "E_INPUT");
    try {
      return await this.#door(place).download(place, name, take, options);
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
      const { collection } = place;
      const whose = collection === null ? "" : ` of "${collection}"`;
      throw new VectorError(
        "E_NO_SNAPSHOT",
        `${this.nodes[place.node] ?? ""} has no snapshot "${name}"${whose}.`,
        { cause: error },
      );
    }
  }

  contents(path: string, { signal }: CallOptions = {}): Promise<SnapshotContents> {
    return readContents(path, this.identity.kind === "embedded", signal);
  }

  upload(place: SnapshotPlace, content: SnapshotContent, options: RecoverOptions): Promise<void> {
    return this.#door(place).upload(place, content, options);
  }

  recover(place: SnapshotPlace, location: string, options: RecoverOptions): Promise<void> {
    return this.#door(place).recover(place, location, options);
  }

  async state(collection: string, options: CallOptions = {}): Promise<StandingState | null> {
    try {
      const state = await this.#first.api.get(collection, options);
      const { configuration, schema } = state;
      const keys = state.sharded ? await this.#first.api.shardKeys(collection, options) : [];
      const layouts = await this.#layouts(collection, options);
      const settled = layouts.every(
        ({ replicas, transfers }) => transfers === 0 && replicas.every(({ active }) => active),
      );
      const points: number[] = [];
      for (const { api } of this.#doors) points.push(await api.count(collection, options));
      return {
        description: `{"configuration":${configuration},"schema":${schema},"shardKeys":${JSON.stringify(keys)}}`,
        points,
        settled,
      };
    } catch (error) {
      if (isVectorError(error, "E_COLLECTION_NOT_FOUND")) return null;
      throw error;
    }
  }

  async make(collection: string, description: string, options: CallOptions = {}): Promise<void> {
    const parts = sliceObject(description);
    const configuration = parts.get("configuration") ?? "";
    const schema = parts.get("schema") ?? "{}";
    const spec = asDescribed(collection, { configuration, schema });
    const { api } = this.#first;
    const keys = shardKeys.parse(JSON.parse(parts.get("shardKeys") ?? "[]"));
    await api.create(spec, "", options);
    // In their order, so that their shards have the numbers again that they had.
    for (const key of keys) await api.createShardKey(collection, key, options);
    for (const index of describedIndexes(spec, schema))
      await api.createIndex(collection, index, options);
  }

  async drop(collection: string, options: CallOptions = {}): Promise<void> {
    await this.#first.api.drop(collection, options);
  }

  async sample(
    collection: string,
    limit: number,
    options: CallOptions = {},
  ): Promise<Map<string, string>> {
    const body = `{"query":{"sample":"random"},"limit":${limit},"with_payload":true,"with_vector":true}`;
    try {
      const answer = await this.#first.query(collection, body, options);
      return digestsOf(sliceObject(answer).get("points") ?? "[]");
    } catch (error) {
      // A server of before 1.11, or one whose strict mode forbids it.
      if (isVectorError(error, "E_REJECTED")) return new Map();
      throw error;
    }
  }

  async digests(
    collection: string,
    ids: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map();
    const body = `{"ids":[${ids.join(",")}],"with_payload":true,"with_vector":true}`;
    return digestsOf(await this.#first.retrieve(collection, body, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const door of this.#doors) await door[Symbol.asyncDispose]();
  }

  #door({ node }: SnapshotPlace): SnapshotDoor {
    return this.#doors[node] ?? this.#first;
  }

  async #layouts(collection: string, options: CallOptions): Promise<Layout[]> {
    const layouts: Layout[] = [];
    for (const door of this.#doors)
      layouts.push(await this.#named(collection, door.layout(collection, options)));
    return layouts;
  }

  #assertAllNodes(): void {
    if (this.#doors.length < this.#first.peers.size) throw this.#lacking("all of it");
  }

  /** A node that was not named. */
  #lacking(what: string): VectorError {
    const named = new Set(this.#doors.map(({ peer }) => peer));
    const others = [...this.#first.peers].filter(([peer]) => !named.has(peer));
    const list = others.map(([peer, uri]) => `${peer} (${uri} among themselves)`).join(", ");
    return new VectorError(
      "E_CONFIG",
      `${this.identity.address} is one node of a cluster of ${this.#first.peers.size}, and the nodes that are named do not hold ${what}. Not named: ${list}.`,
      {
        next: "Name every node by its REST address: --node http://node-2:6333 --node http://node-3:6333.",
      },
    );
  }

  async #named<Result>(collection: string, call: Promise<Result>): Promise<Result> {
    try {
      return await call;
    } catch (error) {
      if (!isVectorError(error, "E_COLLECTION_NOT_FOUND")) throw error;
      throw missingCollection(this.identity.address, collection, await this.collections(), error);
    }
  }
}

/** The digest of each point of a JSON array, by its id. */
function digestsOf(points: string): Map<string, string> {
  const digests = new Map<string, string>();
  for (const text of sliceArray(points)) {
    const point = sliceObject(text);
    const held = ["payload", "vector"].map((key) => canonicalJson(point.get(key) ?? "null"));
    const digest = createHash("sha256").update(held.join("\n")).digest("hex").slice(0, 32);
    digests.set((point.get("id") ?? "null").trim(), digest);
  }
  return digests;
}

/** What is described is made; nothing else of this is looked at. */
function asDescribed(
  name: string,
  described: { readonly configuration: string; readonly schema: string },
): CollectionSpec {
  return {
    name,
    described,
    dimension: 0,
    distance: "cosine",
    layout: "vecferry",
    tenanted: false,
    ...defaultSettings,
    sources: [],
  };
}
