import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { parseWhere, toWhere } from "../../model/filter.ts";
import { Nearest, offerBatch } from "../../model/nearest.ts";
import type {
  CallOptions,
  Capabilities,
  Hit,
  IdsOptions,
  ReadOptions,
  ReadResult,
  SearchOptions,
  SourceStore,
  StoreIdentity,
} from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { checkScope, findSegments, listCollections, type Scope } from "./catalog.ts";
import { CollectionReader } from "./collection-reader.ts";
import { ChromaDatabase, databaseError } from "./database.ts";
import { checkLayout, findFolder } from "./guard.ts";

export interface ChromaFolderOptions {
  /** Only this tenant's collections; null or absent = every tenant's. */
  readonly tenant?: string | null | undefined;
  /** Only the collections of databases of this name; null or absent = of all. */
  readonly database?: string | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

const capabilities: Capabilities = {
  batchSizeMax: null,
  bodyBytesMax: null,
  concurrency: 2,
  live: false,
  where: true,
  // The queue has a cosine vector as it was written, the index at unit length beside its norm: a flush moves the last bits.
  vectorUlps: 2,
  notes: false,
  searchesMax: 0,
};

const chunkDefault = 1000;

/**
 * Opens a folder that Chroma 0.4.24 to 1.5.9 wrote, without Chroma, and never changes it. What is written to it while
 * it is read may be seen or not, and is never read torn: a look is repeated until the files hold still.
 * @throws E_NO_FOLDER, E_NOT_CHROMA, E_FOLDER_LAYOUT, E_TENANT_NOT_FOUND, E_FOLDER_IN_USE, E_FOLDER_TORN
 */
export async function openChromaFolder(
  path: string,
  options: ChromaFolderOptions = {},
): Promise<SourceStore> {
  throwIfAborted(options.signal);
  const folder = await findFolder(path);
  const database = await ChromaDatabase.open(folder);
  const scope = { tenant: options.tenant ?? null, database: options.database ?? null };
  try {
    checkLayout(database, folder);
    checkScope(database, scope, folder);
    return new ChromaFolderStore(database, folder, scope);
  } catch (error) {
    await database.close();
    throw databaseError(error, folder);
  }
}

class ChromaFolderStore implements SourceStore {
  readonly identity: StoreIdentity;
  readonly capabilities = capabilities;
  readonly #database: ChromaDatabase;
  readonly #folder: string;
  readonly #scope: Scope;
  readonly #readers = new Map<string, CollectionReader>();
  #closed = false;

  constructor(database: ChromaDatabase, folder: string, scope: Scope) {
    this.#database = database;
    this.#folder = folder;
    this.#scope = scope;
    this.identity = { kind: "chroma-folder", address: folder, ...scope, version: null };
  }

  async collections(options: CallOptions = {}): Promise<CollectionInfo[]> {
    this.#check(options.signal);
    const found = this.#query(() => listCollections(this.#database, this.#scope));
    const counted: CollectionInfo[] = [];
    for (const collection of found) {
      counted.push({ ...collection, count: await this.count(collection, options) });
    }
    return counted;
  }

  async count(collection: CollectionInfo, options: CallOptions = {}): Promise<number> {
    this.#check(options.signal);
    return this.#reader(collection).count(options.signal);
  }

  async *ids(collection: CollectionInfo, options: IdsOptions = {}): AsyncGenerator<string[]> {
    this.#check(options.signal);
    const where = options.where === undefined ? null : parseWhere(options.where);
    const chunk = Math.max(1, options.chunk ?? chunkDefault);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    for await (const listed of this.#reader(collection).list(where, chunk, options.signal)) {
      const some = listed.slice(0, left);
      options.onVersions?.(some.map(({ seq }) => seq));
      yield some.map(({ id }) => id);
      left -= some.length;
      if (left <= 0) return;
    }
  }

  async read(
    collection: CollectionInfo,
    keys: readonly string[],
    options: ReadOptions = {},
  ): Promise<ReadResult> {
    this.#check(options.signal);
    const parts = { vectors: options.vectors ?? true, payload: true };
    return this.#reader(collection).read(keys, parts, options.signal);
  }

  async search(
    collection: CollectionInfo,
    vector: Float32Array,
    options: SearchOptions,
  ): Promise<Hit[]> {
    this.#check(options.signal);
    const { dimension, distance, name } = collection;
    if (dimension === null || distance === null) return [];
    if (vector.length !== dimension) {
      throw new VectorError(
        "E_INPUT",
        `vector: it has ${vector.length} components, ${JSON.stringify(name)} has ${dimension}.`,
      );
    }
    const reader = this.#reader(collection);
    const nearest = new Nearest(options.limit);
    const filter = toWhere(options.filter ?? []);
    const where = filter === undefined ? null : parseWhere(filter);
    for await (const listed of reader.list(where, chunkDefault, options.signal)) {
      const ids = listed.map(({ id }) => id);
      const { batch } = await reader.read(ids, { vectors: true, payload: false }, options.signal);
      offerBatch(nearest, batch, vector, distance);
    }
    if (options.documents === false)
      return nearest.candidates.map((hit) => ({ ...hit, document: null }));
    const ids = nearest.candidates.map(({ id }) => id);
    const { batch } = await reader.read(ids, { vectors: false, payload: true }, options.signal);
    const documents = new Map(batch.ids.map((id, row) => [id, batch.payload.documents[row]]));
    return nearest.candidates.map((hit) => ({ ...hit, document: documents.get(hit.id) ?? null }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const reader of this.#readers.values()) await reader[Symbol.asyncDispose]();
    await this.#database.close();
  }

  #reader(collection: CollectionInfo): CollectionReader {
    const known = this.#readers.get(collection.key);
    if (known !== undefined) return known;
    const segments = this.#query(() => findSegments(this.#database, collection));
    const reader = new CollectionReader(this.#database, this.#folder, collection, segments);
    this.#readers.set(collection.key, reader);
    return reader;
  }

  #query<Result>(look: () => Result): Result {
    try {
      return this.#database.snapshot(look);
    } catch (error) {
      throw databaseError(error, this.#folder);
    }
  }

  #check(signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    if (this.#closed) throw new VectorError("E_CLOSED", `${this.#folder} was closed.`);
  }
}
