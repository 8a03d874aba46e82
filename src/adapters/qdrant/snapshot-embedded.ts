/** Snapshots of an embedded Qdrant, in this process. */
import { createReadStream } from "node:fs";
import { type Engine, openEngine, receiveFile } from "../../engine/index.ts";
import { isVectorError, VectorError } from "../../errors.ts";
import type { CallOptions } from "../../store/port.ts";
import type { RecoverOptions, SnapshotContent, StoredSnapshot } from "../../store/snapshots.ts";
import type { QdrantApi } from "./api.ts";
import { EmbeddedApi, refusable } from "./embedded.ts";
import { type Layout, type Owner, readStored, type SnapshotDoor } from "./snapshot-door.ts";

/** Opens the folder at `path`. @throws E_LOCKED, E_STORAGE, E_NOT_SUPPORTED, E_ABORTED */
export async function openEmbeddedDoor(path: string, options: CallOptions): Promise<SnapshotDoor> {
  return new EmbeddedDoor(await openEngine(path, options));
}

class EmbeddedDoor implements SnapshotDoor {
  readonly api: QdrantApi;
  readonly peers = new Map<string, string>();
  readonly peer = null;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.api = new EmbeddedApi(engine);
  }

  async layout(): Promise<Layout> {
    return { shards: 1, replicas: [{ shard: 0, local: true, active: true }], transfers: 0 };
  }

  query(collection: string, body: string, options: CallOptions): Promise<string> {
    const asked = { operation: "queryPoints", collection, params: {}, body } as const;
    return refusable(this.#engine.ask(asked, options));
  }

  retrieve(collection: string, body: string, options: CallOptions): Promise<string> {
    const asked = { operation: "retrievePoints", collection, params: {}, body } as const;
    return refusable(this.#engine.ask(asked, options));
  }

  async list(owner: Owner, options: CallOptions): Promise<StoredSnapshot[]> {
    return readStored(await this.#ask("listSnapshots", owner, {}, options));
  }

  async create(owner: Owner, options: CallOptions): Promise<StoredSnapshot> {
    const [made] = readStored(await this.#ask("createSnapshot", owner, {}, options));
    if (made !== undefined) return made;
    throw new VectorError("E_INTERNAL", "The engine does not name the snapshot made.");
  }

  async remove(owner: Owner, name: string, options: CallOptions): Promise<void> {
    await this.#ask("deleteSnapshot", owner, { snapshot_name: name }, options);
  }

  async download<Result>(
    owner: Owner,
    name: string,
    take: (pieces: AsyncIterable<Uint8Array>) => Promise<Result>,
    options: CallOptions,
  ): Promise<Result> {
    const path: unknown = JSON.parse(
      await this.#ask("locateSnapshot", owner, { snapshot_name: name }, options),
    );
    return take(createReadStream(String(path), options));
  }

  async upload(
    { collection }: Owner,
    { path, start, bytes }: SnapshotContent,
    { priority, sha256, signal }: RecoverOptions,
  ): Promise<void> {
    const pieces = createReadStream(path, { start, end: start + bytes - 1 });
    const received = await receiveFile(this.#engine.snapshots, pieces, signal);
    const params = { received, priority, ...(sha256 === null ? {} : { checksum: sha256 }) };
    const owner = { collection, shard: null };
    await this.#ask("recoverReceived", owner, params, signal === undefined ? {} : { signal });
  }

  async recover(
    { collection }: Owner,
    location: string,
    { priority, sha256, signal }: RecoverOptions,
  ): Promise<void> {
    const checksum = sha256 === null ? {} : { checksum: sha256 };
    const body = JSON.stringify({ location, priority, ...checksum });
    const asked = { operation: "recoverSnapshot", collection: collection ?? "", params: {}, body };
    await refusable(
      this.#engine.ask(
        { ...asked, operation: "recoverSnapshot" },
        signal === undefined ? {} : { signal },
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
  }

  async #ask(
    operation:
      | "listSnapshots"
      | "createSnapshot"
      | "deleteSnapshot"
      | "locateSnapshot"
      | "recoverReceived",
    { collection }: Owner,
    params: Record<string, string>,
    options: CallOptions,
  ): Promise<string> {
    const request = { operation, collection: collection ?? "", params, body: null };
    try {
      return await refusable(this.#engine.ask(request, options));
    } catch (error) {
      // An absent snapshot is a 404 of the engine's, as an absent collection is.
      if (!isVectorError(error, "E_REJECTED") || error.details["status"] !== 404) throw error;
      throw new VectorError("E_COLLECTION_NOT_FOUND", error.message, { cause: error });
    }
  }
}
