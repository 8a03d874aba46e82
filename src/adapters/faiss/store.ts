/** FAISS files as a store: a folder of collections, each an index file of faiss with the documents beside it. All is held in memory. */
import { join, resolve } from "node:path";
import { VectorError } from "../../errors.ts";
import { type CollectionInfo, type CollectionSpec, parseNote } from "../../model/collection.ts";
import { parseWhere } from "../../model/filter.ts";
import type { PointBatch } from "../../model/record.ts";
import { asRecords } from "../../model/whole-payload.ts";
import {
  type CollectionsOptions,
  type DocumentCollection,
  type DocumentCountOptions,
  type DocumentHit,
  type DocumentScanOptions,
  type DocumentSearchOptions,
  type DocumentSelector,
  type DocumentStore,
  type DocumentWriteOptions,
  largestFirst,
  type TenantCount,
} from "../../store/documents.ts";
import { missingCollection } from "../../store/missing-collection.ts";
import type {
  CallOptions,
  Capabilities,
  IdsOptions,
  ReadOptions,
  ReadResult,
  ScanOptions,
  StoreIdentity,
} from "../../store/port.ts";
import { orAborted, throwIfAborted } from "../../util/abort.ts";
import { parsePlainObject } from "../../util/json.ts";
import { acquireLock } from "../../util/lock.ts";
import { Slots } from "../../util/slots.ts";
import { sortedInTurns, Turns } from "../../util/turns.ts";
import { FaissCollection } from "./collection.ts";
import {
  assertFolderName,
  listCollections,
  lockFile,
  makeCollection,
  removeCollection,
  removeLeftovers,
} from "./folder.ts";
import { byPoint, comparePoints, normalized, type Row, toRows } from "./row.ts";
import { chosen, nearest, type Wanted } from "./search.ts";

/** Rows a batch of a scan, and ids a chunk, unless fewer are asked for. */
const scanRows = 5_000;

/**
 * Opens a folder of FAISS collections, which is made where it is not there; no other process opens it meanwhile.
 * @throws E_LOCKED; E_FOLDER_LAYOUT for a `metadata.pkl` (with the lines of Python that convert it) and whatever else is none of
 * its files; E_CONFIG
 */
export async function openFaiss(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<DocumentStore> {
  throwIfAborted(options.signal);
  const root = resolve(path);
  // Before anything is made in a folder that is another's.
  await listCollections(root);
  const lock = await acquireLock(join(root, lockFile), `the FAISS folder ${root}`);
  try {
    await removeLeftovers(root);
    return new FaissStore(root, lock, await listCollections(root));
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

class FaissStore implements DocumentStore {
  readonly identity: StoreIdentity;
  readonly capabilities: Capabilities = {
    batchSizeMax: null,
    bodyBytesMax: null,
    concurrency: 2,
    live: false,
    where: true,
    vectorUlps: 0,
    notes: true,
  };
  readonly #root: string;
  readonly #lock: AsyncDisposable;
  /** Each is opened when it is first asked for; null until then. */
  readonly #collections: Map<string, Promise<FaissCollection> | null>;
  /** Collections are made one after the other. */
  readonly #making = new Slots(1);
  #closed = false;

  constructor(root: string, lock: AsyncDisposable, names: readonly string[]) {
    this.#root = root;
    this.#lock = lock;
    this.#collections = new Map(names.map((name) => [name, null]));
    this.identity = { kind: "faiss", address: root, tenant: null, database: null, version: null };
  }

  async collections(options: CollectionsOptions = {}): Promise<DocumentCollection[]> {
    const { names, memory = false, signal } = options;
    this.#begin(signal);
    const found: DocumentCollection[] = [];
    for (const name of [...this.#collections.keys()].sort()) {
      if (names !== undefined && !names.includes(name)) continue;
      const { info, memoryBytes } = await this.#open(name, signal);
      found.push(memory ? { ...info, memoryBytes } : info);
    }
    return found;
  }

  async count(collection: CollectionInfo, options: DocumentCountOptions = {}): Promise<number> {
    const { tenant, where, mark, signal } = options;
    const { table } = await this.#collection(collection.name, signal);
    const rows = table.all(tenant);
    const wanted = { where, run: mark?.run, collection: mark?.collection };
    if (where === undefined && mark === undefined) return rows.length;
    return (await chosen(rows, wanted, new Turns(signal))).length;
  }

  async *ids(collection: CollectionInfo, options: IdsOptions = {}): AsyncGenerator<string[]> {
    const { where, limit = Number.POSITIVE_INFINITY, chunk = scanRows, signal } = options;
    const { table } = await this.#collection(collection.name, signal);
    const wanted = where === undefined ? {} : { where: parseWhere(where) };
    const rows = await this.#sorted(table.all(), wanted, signal);
    const end = Math.min(rows.length, limit);
    for (let start = 0; start < end; start += chunk) {
      this.#begin(signal);
      yield rows.slice(start, Math.min(end, start + chunk)).map(({ point }) => point);
    }
  }

  async read(
    collection: CollectionInfo,
    keys: readonly string[],
    options: ReadOptions = {},
  ): Promise<ReadResult<PointBatch>> {
    const { vectors = true, signal } = options;
    const found = await this.#collection(collection.name, signal);
    const rows: Row[] = [];
    const absent: string[] = [];
    for (const key of new Set(keys)) {
      const row = found.table.get(key);
      if (row === undefined) absent.push(key);
      else rows.push(row);
    }
    return { batch: found.batchOf(rows, vectors, collection.note), absent, failures: [] };
  }

  async *scan(
    collection: CollectionInfo,
    options: ScanOptions & DocumentScanOptions = {},
  ): AsyncGenerator<PointBatch> {
    const { vectors = true, batchSize = scanRows, tenant, where, from, to, signal } = options;
    const found = await this.#collection(collection.name, signal);
    const sorted = await this.#sorted(found.table.all(tenant), { where }, signal);
    const rows = sorted.filter(({ point }) => isWithin(point, from, to));
    for (let start = 0; start < rows.length; start += batchSize) {
      this.#begin(signal);
      yield found.batchOf(rows.slice(start, start + batchSize), vectors, collection.note);
    }
  }

  async search(
    collection: CollectionInfo,
    vector: Float32Array,
    options: DocumentSearchOptions,
  ): Promise<DocumentHit[]> {
    const { limit, tenant, documents = true, metadata = false, vectors = false, signal } = options;
    const { name } = collection;
    const { table, dimension, distance } = await this.#collection(name, signal);
    if (vector.length !== dimension)
      throw new VectorError(
        "E_REJECTED",
        `Collection "${name}" is searched by vectors of ${dimension} components, not of ${vector.length}.`,
        { details: { collection: name, dimension } },
      );
    const query = distance === "cosine" ? normalized(vector) : vector;
    const { where, filter, collection: source } = options;
    const wanted = { where, filter, collection: source, limit, distance };
    const found = await nearest(table.all(tenant), query, wanted, new Turns(signal));
    return found.map(({ row, distance: far }) => ({
      id: row.id,
      point: row.point,
      distance: far,
      document: documents ? row.document : null,
      tenant: metadata ? row.tenant : null,
      metadata: metadata ? parsePlainObject(row.metadata ?? "null") : null,
      createdAt: metadata ? row.createdAt : null,
      norm: metadata ? row.norm : Number.NaN,
      vector: vectors ? row.vector.slice() : null,
    }));
  }

  async ensure(spec: CollectionSpec, options: CallOptions = {}): Promise<{ created: boolean }> {
    const { signal } = options;
    this.#begin(signal);
    const { name, vectors, shardKeys } = spec;
    assertFolderName(name);
    if (vectors !== undefined || shardKeys !== undefined)
      throw new VectorError(
        "E_NOT_SUPPORTED",
        `Collection "${name}" has vectors or shards that a FAISS index cannot hold.`,
        { details: { collection: name } },
      );
    return await this.#making.run(async () => {
      this.#begin(signal);
      if (this.#collections.has(name)) {
        await (await this.#open(name, signal)).fit(spec, signal);
        return { created: false };
      }
      await makeCollection(this.#root, name, (folder) => FaissCollection.make(folder, spec));
      this.#collections.set(name, null);
      return { created: true };
    }, signal);
  }

  async write(
    spec: CollectionSpec,
    batch: PointBatch,
    options: DocumentWriteOptions = {},
  ): Promise<void> {
    const { mode = "upsert", signal } = options;
    const collection = await this.#collection(spec.name, signal);
    // Payloads that come whole are kept as the records that they are.
    const layout = parseNote(spec.name, collection.info.note)?.layout;
    const read = layout === undefined ? batch : asRecords(batch, layout);
    const rows = await toRows(spec.name, read, collection, new Turns(signal));
    await collection.put(rows, mode, signal);
  }

  async remove(
    collection: CollectionInfo,
    selector: DocumentSelector,
    options: CallOptions = {},
  ): Promise<void> {
    const { signal } = options;
    const { name } = collection;
    const found = await this.#collection(name, signal);
    if ("everything" in selector) {
      return found.drop(async () => {
        await removeCollection(this.#root, name);
        this.#collections.delete(name);
      }, signal);
    }
    await found.remove(() => pointsOf(found, selector, signal), signal);
  }

  async tenants(
    collection: CollectionInfo,
    options: CallOptions & { readonly limit: number },
  ): Promise<TenantCount[]> {
    const { table } = await this.#collection(collection.name, options.signal);
    return largestFirst(table.tenants(), options.limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const faults: unknown[] = [];
    // One that is being made is whole before the folder is given back.
    await this.#making.run(async () => undefined, undefined);
    for (const opening of this.#collections.values()) {
      const collection = await opening?.catch(() => null);
      await collection?.[Symbol.asyncDispose]().catch((error: unknown) => faults.push(error));
    }
    await this.#lock[Symbol.asyncDispose]();
    if (faults.length > 0) throw faults[0];
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new VectorError("E_CLOSED", `${this.identity.address} is closed.`);
    throwIfAborted(signal);
  }

  /** @throws E_COLLECTION_NOT_FOUND with the names that exist, and what opening it throws */
  async #collection(name: string, signal: AbortSignal | undefined): Promise<FaissCollection> {
    this.#begin(signal);
    if (this.#collections.has(name)) return this.#open(name, signal);
    throw missingCollection(this.identity.address, name, [...this.#collections.keys()].sort());
  }

  /** The collection, opened once; where that fails the next call tries again. */
  async #open(name: string, signal: AbortSignal | undefined): Promise<FaissCollection> {
    let opening = this.#collections.get(name) ?? null;
    if (opening === null) {
      opening = FaissCollection.open(join(this.#root, name), name);
      this.#collections.set(name, opening);
      opening.catch(() => this.#collections.set(name, null));
    }
    const collection = await orAborted(opening, signal);
    this.#begin(signal);
    return collection;
  }

  async #sorted(
    rows: readonly Row[],
    wanted: Wanted,
    signal: AbortSignal | undefined,
  ): Promise<Row[]> {
    const turns = new Turns(signal);
    return sortedInTurns(await chosen(rows, wanted, turns), byPoint, turns);
  }
}

/** The points that a selector means. */
async function pointsOf(
  { table }: FaissCollection,
  selector: Exclude<DocumentSelector, { readonly everything: true }>,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if ("points" in selector) return selector.points;
  const rows = "tenant" in selector ? table.all(selector.tenant) : table.all();
  const wanted =
    "tenant" in selector
      ? { where: selector.where ?? undefined }
      : { run: selector.run, collection: selector.collection };
  return (await chosen(rows, wanted, new Turns(signal))).map(({ point }) => point);
}

/** Whether a point stands within bounds that are UUIDs; numbers come before all of those, and are left out where there is a lower one. */
function isWithin(point: string, from: string | undefined, to: string | undefined): boolean {
  if (from !== undefined && comparePoints(point, from) < 0) return false;
  return to === undefined || comparePoints(point, to) <= 0;
}
