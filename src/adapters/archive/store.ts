import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { decodeMetadata, matches, parseWhere, toWhere, type Where } from "../../model/filter.ts";
import { Nearest, offerBatch } from "../../model/nearest.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type {
  ArchivedCollection,
  ArchiveManifest,
  ArchiveReader,
  BatchesOptions,
} from "../../store/archive.ts";
import { missingCollection } from "../../store/missing-collection.ts";
import type {
  CallOptions,
  Capabilities,
  Hit,
  IdsOptions,
  ReadOptions,
  ReadResult,
  SearchOptions,
  StoreIdentity,
} from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { CollectionReader } from "./collection-reader.ts";
import { fileFault, partialOf, strangers } from "./files.ts";
import { chooseGenerations, filesOf, knownFiles, readManifest } from "./generations.ts";
import { damaged } from "./manifest.ts";

export interface OpenOptions {
  /** Default: the newest. */
  readonly generation?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const capabilities: Capabilities = {
  batchSizeMax: null,
  bodyBytesMax: null,
  concurrency: 1,
  live: false,
  where: true,
  vectorUlps: 0,
  notes: false,
  searchesMax: 0,
};

const batchRows = 1000;

/**
 * Opens a generation of an archive: reads every byte of it once and holds it against the manifest, so that nothing is done with a
 * damaged one. Never changes it.
 * @throws E_NO_ARCHIVE, also for a generation that is not there; E_ARCHIVE_FORMAT where a later vecferry wrote it, E_ARCHIVE_DAMAGED with
 * the file or the field, E_ABORTED
 */
export async function openArchive(
  path: string,
  { generation, signal }: OpenOptions = {},
): Promise<ArchiveReader> {
  throwIfAborted(signal);
  const root = await rootOf(path);
  const { numbers } = await chooseGenerations(root, generation);
  const manifest = await readManifest(root, numbers.at(-1) ?? 1);
  const files = filesOf(manifest);
  for (const file of files) {
    const fault = await fileFault(root, file, signal);
    if (fault !== null) throw damaged(root, fault, { file: file.file });
  }
  const known = await knownFiles(root);
  const [stranger] = known === null ? [] : await strangers(root, known);
  if (stranger !== undefined)
    throw damaged(root, `${stranger} is none of its files.`, { file: stranger });
  return new ArchiveStore(root, manifest);
}

/** Opens an archive of records, as a source of a migration. @throws as `openArchive`; E_NOT_SUPPORTED for an archive of points */
export async function openRecordArchive(
  path: string,
  options: OpenOptions = {},
): Promise<ArchiveReader> {
  const store = await openArchive(path, options);
  const points = store.manifest.collections.find(({ rows }) => rows === "points");
  if (points === undefined) return store;
  await store[Symbol.asyncDispose]();
  throw new VectorError(
    "E_NOT_SUPPORTED",
    `The archive ${store.identity.address} is of a Qdrant; it is no source of a migration.`,
    { next: "Bring it back with `vecferry restore ARCHIVE TARGET`." },
  );
}

/** The real path of an archive's folder. @throws E_NO_ARCHIVE */
export async function rootOf(path: string): Promise<string> {
  return await realpath(path).catch((error: unknown) => {
    throw notThere(path, error);
  });
}

function notThere(path: string, cause: unknown): VectorError {
  const partial = partialOf(resolve(path));
  if (!existsSync(partial))
    return new VectorError("E_NO_ARCHIVE", `There is no archive ${path}.`, { cause });
  return new VectorError(
    "E_NO_ARCHIVE",
    `The archive ${path} is not finished: what there is of it stands in ${partial}.`,
    { cause, next: "Run the backup that was interrupted again; it goes on where it stopped." },
  );
}

class ArchiveStore implements ArchiveReader {
  readonly identity: StoreIdentity;
  readonly capabilities = capabilities;
  readonly manifest: ArchiveManifest;
  readonly #root: string;
  readonly #readers = new Map<string, CollectionReader>();
  #closed = false;

  constructor(root: string, manifest: ArchiveManifest) {
    this.#root = root;
    this.manifest = manifest;
    this.identity = { kind: "archive", address: root, tenant: null, database: null, version: null };
  }

  async collections({ signal }: CallOptions = {}): Promise<CollectionInfo[]> {
    this.#check(signal);
    return this.manifest.collections.map(({ info }) => info).sort(byPlace);
  }

  async count(collection: CollectionInfo, { signal }: CallOptions = {}): Promise<number> {
    this.#check(signal);
    return this.#find(collection).info.count ?? 0;
  }

  async *ids(collection: CollectionInfo, options: IdsOptions = {}): AsyncGenerator<string[]> {
    const { signal, limit = Number.POSITIVE_INFINITY } = options;
    const chunk = Math.max(1, options.chunk ?? batchRows);
    this.#check(signal);
    const where = options.where === undefined ? null : parseWhere(options.where);
    let left = limit;
    if (left <= 0) return;
    for await (const keys of this.#keys(collection, where, signal)) {
      for (let at = 0; at < keys.length; at += chunk) {
        const some = keys.slice(at, at + Math.min(chunk, left));
        yield some;
        left -= some.length;
        if (left <= 0) return;
      }
    }
  }

  async read(
    collection: CollectionInfo,
    keys: readonly string[],
    { signal, vectors = true }: ReadOptions = {},
  ): Promise<ReadResult<RecordBatch | PointBatch>> {
    this.#check(signal);
    const { batch, absent } = await this.#reader(collection).read(keys, vectors, signal);
    return { batch, absent, failures: [] };
  }

  async *batches(
    collection: CollectionInfo,
    options: BatchesOptions = {},
  ): AsyncGenerator<RecordBatch | PointBatch> {
    const { signal, vectors = true, batchSize = batchRows, skip = 0 } = options;
    this.#check(signal);
    const size = Math.max(1, batchSize);
    const reader = this.#reader(collection);
    for await (const { batch } of reader.batches({ vectors, size, skip }, signal)) yield batch;
  }

  async recordBytes(collection: CollectionInfo, { signal }: CallOptions = {}): Promise<number> {
    this.#check(signal);
    return this.#reader(collection).recordBytes(signal);
  }

  async search(
    collection: CollectionInfo,
    vector: Float32Array,
    options: SearchOptions,
  ): Promise<Hit[]> {
    this.#check(options.signal);
    const { info } = this.#find(collection);
    const { dimension, distance, name } = info;
    if (dimension === null || distance === null) return [];
    if (vector.length !== dimension) {
      throw new VectorError(
        "E_INPUT",
        `vector: it has ${vector.length} components, ${JSON.stringify(name)} has ${dimension}.`,
      );
    }
    const nearest = new Nearest(options.limit);
    let shown = new Map<string, Pick<Hit, "id" | "document">>();
    const { signal } = options;
    for await (const batch of this.batches(collection, signal === undefined ? {} : { signal })) {
      // Points of several tenants may have one id.
      const keys = "placement" in batch ? batch.placement.points : batch.ids;
      const isWanted = chooser(batch, options);
      offerBatch(nearest, { ...batch, ids: keys }, vector, distance, isWanted);
      shown = showCandidates(nearest, shown, keys, batch);
    }
    const { documents = true } = options;
    return nearest.candidates.map(({ id: key, distance }) => {
      const { id = key, document = null } = shown.get(key) ?? {};
      return { id, distance, document: documents ? document : null };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const reader of this.#readers.values()) reader[Symbol.dispose]();
    this.#readers.clear();
  }

  async *#keys(
    collection: CollectionInfo,
    where: Where | null,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<string[]> {
    const reader = this.#reader(collection);
    if (where === null) {
      yield* reader.keys(signal);
      return;
    }
    const options = { vectors: false, size: batchRows, skip: 0 };
    for await (const { batch } of reader.batches(options, signal)) {
      const keys = "placement" in batch ? batch.placement.points : batch.ids;
      const { metadata } = batch.payload;
      const found = keys.filter((_, row) => matches(where, decodeMetadata(metadata[row] ?? null)));
      if (found.length > 0) yield found;
    }
  }

  #reader(collection: CollectionInfo): CollectionReader {
    const known = this.#readers.get(collection.key);
    if (known !== undefined) return known;
    const reader = new CollectionReader(this.#root, this.#find(collection));
    this.#readers.set(collection.key, reader);
    return reader;
  }

  /** @throws E_COLLECTION_NOT_FOUND with the names that exist */
  #find({ key, name }: CollectionInfo): ArchivedCollection {
    const found = this.manifest.collections.find(({ info }) => info.key === key);
    if (found !== undefined) return found;
    throw missingCollection(
      this.#root,
      name,
      this.manifest.collections.map(({ info }) => info.name),
    );
  }

  #check(signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    if (this.#closed) throw new VectorError("E_CLOSED", `${this.#root} was closed.`);
  }
}

/** Which rows of `batch` a search is about. */
function chooser(
  batch: RecordBatch | PointBatch,
  options: SearchOptions,
): (row: number) => boolean {
  const filter = toWhere(options.filter ?? []);
  const where = filter === undefined ? null : parseWhere(filter);
  const { tenants = [], collections = [] } = "placement" in batch ? batch.placement : {};
  return (row) => {
    if (options.tenant !== undefined && tenants[row] !== options.tenant) return false;
    if (options.collection !== undefined && collections[row] !== options.collection) return false;
    return where === null || matches(where, decodeMetadata(batch.payload.metadata[row] ?? null));
  };
}

/** What is to be shown of the candidates, which are of `batch` or were `shown` before. */
function showCandidates(
  nearest: Nearest,
  shown: ReadonlyMap<string, Pick<Hit, "id" | "document">>,
  keys: readonly string[],
  batch: RecordBatch,
): Map<string, Pick<Hit, "id" | "document">> {
  const rows = new Map(keys.map((key, row) => [key, row]));
  return new Map(
    nearest.candidates.map(({ id: key }) => {
      const row = rows.get(key);
      const known = shown.get(key);
      if (row === undefined || known !== undefined)
        return [key, known ?? { id: key, document: null }];
      return [key, { id: batch.ids[row] ?? "", document: batch.payload.documents[row] ?? null }];
    }),
  );
}

function byPlace(a: CollectionInfo, b: CollectionInfo): number {
  const order = (one: string | null, other: string | null): number =>
    (one ?? "") < (other ?? "") ? -1 : (one ?? "") > (other ?? "") ? 1 : 0;
  return order(a.tenant, b.tenant) || order(a.database, b.database) || order(a.name, b.name);
}
