/** The engine's side in the worker: all collections of a folder, and the operations on them, synchronously. */
import { isVectorError, VectorError } from "../errors.ts";
import type {
  JsonInput,
  PointColumns,
  PointSelector,
  ReadPointsOptions,
  ScoredPoints,
  ScrollOptions,
  ScrollPage,
  SearchOptions,
} from "./api.ts";
import * as changePayload from "./collection/change-payload.ts";
import {
  assertCollectionName,
  createConfig,
  encodeConfig,
  readPatch,
  updateConfig,
} from "./collection/config.ts";
import { readConfigBody } from "./collection/config-body.ts";
import { createFields, updateFields } from "./collection/config-schema.ts";
import { describe } from "./collection/describe.ts";
import { keepIndexes, releaseIndexes } from "./collection/indexing.ts";
import * as read from "./collection/read.ts";
import * as select from "./collection/select.ts";
import { snapshotAll, snapshotCollection } from "./collection/snapshot.ts";
import {
  type CollectionState,
  createCollectionFile,
  flushVectors,
  loadState,
  openCollectionState,
} from "./collection/state.ts";
import type { UpsertConditions } from "./collection/upsert-rows.ts";
import { configureSets } from "./collection/vector-sets.ts";
import * as write from "./collection/write.ts";
import {
  addVectorName,
  deleteVectors,
  isNewVectorName,
  type NewVector,
  removeVectorName,
  updateVectors,
  type VectorRows,
} from "./collection/write-vectors.ts";
import { badInput, collectionNotFound } from "./errors.ts";
import { parsePath } from "./filter/json-path.ts";
import { givenSchema } from "./filter/payload-indexes.ts";
import type { EnginePlaces, Operations, Sent } from "./protocol.ts";
import { search } from "./query/search.ts";
import { changedAliases } from "./storage/aliases.ts";
import { type AliasChange, Catalog, type CatalogEntry } from "./storage/catalog.ts";
import { removeIndexFiles } from "./storage/index-file.ts";
import { OpenFiles } from "./storage/open-files.ts";
import { type SnapshotDescription, SnapshotFiles } from "./storage/snapshot-files.ts";
import { extractSnapshot } from "./storage/snapshot-format.ts";
import { assertText, removeFiles, storageError } from "./storage/sqlite.ts";

function wrongRow(name: string): string {
  return `Collection ${name} is damaged: its row in the catalog does not fit its checksum.`;
}

/** Changes of points wait for `commit`; everything else commits by itself. */
export class Host implements Omit<Operations, "ask" | "askBytes"> {
  readonly #catalog: Catalog;
  readonly #states = new Map<string, CollectionState>();
  readonly #openFiles = new OpenFiles();
  /** What is wrong with collections that cannot be served, by name. */
  readonly damaged = new Map<string, string>();

  readonly snapshots: SnapshotFiles;
  /** The collection whose points are being changed, from the first change to `commit` or `rollback`. */
  #changing: CollectionState | null = null;

  /** @throws E_STORAGE, E_NOT_SUPPORTED, E_LOCKED */
  constructor({ folder, snapshots }: EnginePlaces) {
    this.#catalog = new Catalog(folder);
    this.snapshots = new SnapshotFiles(snapshots);
    this.snapshots.removePartial();
    for (const { name, path, sound } of this.#catalog.list()) {
      try {
        if (!sound) throw new VectorError("E_STORAGE", wrongRow(name));
        const state = openCollectionState(name, path);
        state.file.release();
        this.#states.set(name, state);
      } catch (error) {
        if (!isVectorError(error, "E_STORAGE") && !isVectorError(error, "E_NOT_SUPPORTED"))
          throw error;
        this.damaged.set(name, error.message);
      }
    }
  }

  /** The collection that is meant by its name or an alias; the same where there is none of it. */
  resolve(name: string): string {
    return this.#catalog.aliases.get(name) ?? name;
  }

  /** Alias -> collection, in the order of aliases. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#catalog.aliases;
  }

  /** Makes all changes of aliases, or none. @throws E_COLLECTION_NOT_FOUND, E_SCHEMA_CONFLICT, E_INPUT (404) */
  changeAliases(changes: readonly AliasChange[]): void {
    const collections = new Set([...this.#states.keys(), ...this.damaged.keys()]);
    this.#catalog.saveAliases(changedAliases(this.#catalog.aliases, changes, collections));
  }

  /** The collection whose points are to be changed, in a transaction. */
  #change(name: string): CollectionState {
    const state = this.#state(name);
    if (this.#changing === null) state.file.begin();
    this.#changing = state;
    return state;
  }

  /** @throws E_DISK_FULL, E_STORAGE; the caller must roll back then */
  commit(): void {
    const state = this.#changing;
    if (state === null) return;
    try {
      flushVectors(state);
      state.file.commit();
      this.#changing = null;
    } catch (error) {
      throw storageError(error, state.file.path);
    }
  }

  /** Undoes everything since the first change: what is in memory is read from the file again. */
  rollback(): void {
    const state = this.#changing;
    this.#changing = null;
    if (state !== null) this.#reload(state);
  }

  #reload({ name, file, vectors }: CollectionState): void {
    releaseIndexes(...vectors.values());
    try {
      file.rollback();
      this.#states.set(name, loadState(name, file));
    } catch (error) {
      this.#states.delete(name);
      this.#openFiles.forget(file);
      file.close();
      this.damaged.set(name, error instanceof Error ? error.message : String(error));
    }
  }

  createCollection(name: string, config: string): void {
    assertCollectionName(name);
    const wanted = readConfigBody(config, createFields, createConfig);
    if (this.#catalog.aliases.has(name)) {
      throw badInput(
        `Wrong input: Can't create collection with name ${name}. Alias with the same name already exists`,
      );
    }
    if (this.collectionExists(name)) {
      throw new VectorError(
        "E_SCHEMA_CONFLICT",
        `Wrong input: Collection \`${name}\` already exists!`,
        {
          details: { status: 409, collection: name },
        },
      );
    }
    const path = this.#catalog.newPath();
    const file = createCollectionFile(path, wanted);
    try {
      const state = loadState(name, file);
      this.#catalog.put(name, path);
      this.#keep(state);
    } catch (error) {
      file.close();
      removeFiles(path);
      throw storageError(error, path);
    }
  }

  /** Writes a snapshot of a collection, or of everything (null). @throws E_DISK_FULL, E_STORAGE */
  createSnapshot(name: string | null): SnapshotDescription {
    if (name !== null) return snapshotCollection(this.snapshots, this.#state(name));
    const [fault] = this.damaged.values();
    if (fault !== undefined) throw new VectorError("E_STORAGE", fault);
    return snapshotAll(this.snapshots, [...this.#states.values()], this.aliases);
  }

  /**
   * Puts what a snapshot holds in a collection's place, or makes the collection: as a whole, or not at all. `checksum`: what
   * the snapshot's SHA-256 must be; null = any. @throws E_INPUT for what is no snapshot, is damaged, or holds no such collection
   */
  recoverSnapshot(name: string, snapshot: string, checksum: string | null): void {
    const meant = this.resolve(name);
    assertCollectionName(meant);
    const path = this.#catalog.newFile(this.snapshots.root);
    const old = this.#entry(meant);
    let state: CollectionState | undefined;
    try {
      extractSnapshot(snapshot, meant, path, checksum);
      state = openCollectionState(meant, path);
      this.#catalog.put(meant, path);
    } catch (error) {
      state?.file.close();
      removeFiles(path);
      throw storageError(error, path);
    }
    // The catalog names the new file: nothing may take that away any more.
    if (old !== undefined) this.#drop(old);
    this.#keep(state);
  }

  /** Serves a collection that the catalog has just got. */
  #keep(state: CollectionState): void {
    this.#states.set(state.name, state);
    this.#openFiles.use(state.file);
  }

  updateCollection(name: string, patch: string): void {
    const wanted = readConfigBody(patch, updateFields, readPatch);
    const state = this.#state(name);
    const config = updateConfig(state.config, wanted);
    this.#transact(state, () => state.file.saveConfig(encodeConfig(config)));
    state.config = config;
    configureSets(state.vectors, config, state.file);
  }

  deleteCollection(name: string): boolean {
    const entry = this.#entry(name);
    if (entry === undefined) return false;
    this.#catalog.remove(name);
    this.#drop(entry);
    return true;
  }

  describeCollection(name: string): string {
    return describe(this.#state(name));
  }

  listCollections(): string[] {
    return this.#catalog.list().map(({ name }) => name);
  }

  collectionExists(name: string): boolean {
    const meant = this.resolve(name);
    return this.#states.has(meant) || this.damaged.has(meant);
  }

  createPayloadIndex(name: string, field: string, schema: JsonInput): void {
    parsePath(field);
    assertText("payload index", field);
    const wanted = givenSchema(schema);
    const state = this.#state(name);
    this.#transact(state, () => state.indexes.create(field, wanted));
  }

  deletePayloadIndex(name: string, field: string): void {
    const state = this.#state(name);
    parsePath(field);
    this.#transact(state, () => state.indexes.drop(field));
  }

  upsert(name: string, points: PointColumns, conditions: UpsertConditions = {}): void {
    write.upsert(this.#change(name), points, conditions);
  }

  /** @throws E_INPUT where `upsert` would */
  checkUpsert(name: string, points: PointColumns, conditions: UpsertConditions = {}): void {
    write.checkUpsert(this.#state(name), points, conditions);
  }

  updateVectors(name: string, rows: VectorRows, filter?: JsonInput): void {
    updateVectors(this.#change(name), rows, filter);
  }

  deleteVectors(name: string, selector: PointSelector, names: readonly string[]): void {
    deleteVectors(this.#change(name), selector, names);
  }

  addVectorName(name: string, vector: string, params: NewVector): void {
    const state = this.#state(name);
    if (isNewVectorName(state, vector, params))
      this.#transact(state, () => addVectorName(state, vector, params));
  }

  removeVectorName(name: string, vector: string): void {
    const state = this.#state(name);
    this.#transact(state, () => removeVectorName(state, vector));
  }

  /** A collection by its name or an alias. @throws E_COLLECTION_NOT_FOUND, E_STORAGE */
  collection(name: string): CollectionState {
    return this.#state(name);
  }

  retrieve(name: string, ids: readonly string[], options: Sent<ReadPointsOptions>): PointColumns {
    return read.retrieve(this.#state(name), ids, options);
  }

  scroll(name: string, options: Sent<ScrollOptions>): ScrollPage {
    return read.scroll(this.#state(name), options);
  }

  count(name: string, filter: JsonInput | undefined): number {
    return select.count(this.#state(name), filter);
  }

  search(name: string, options: Sent<SearchOptions>): ScoredPoints {
    return search(this.#state(name), options);
  }

  deletePoints(name: string, selector: PointSelector): void {
    write.deletePoints(this.#change(name), selector);
  }

  setPayload(
    name: string,
    selector: PointSelector,
    payload: string,
    options: { overwrite?: boolean; key?: string },
  ): void {
    changePayload.setPayload(this.#change(name), selector, payload, options);
  }

  deletePayload(name: string, selector: PointSelector, keys: readonly string[]): void {
    changePayload.deletePayload(this.#change(name), selector, keys);
  }

  clearPayload(name: string, selector: PointSelector): void {
    changePayload.clearPayload(this.#change(name), selector);
  }

  #entry(name: string): CatalogEntry | undefined {
    return this.#catalog.list().find((each) => each.name === name);
  }

  /** Forgets what the catalog no longer has, and removes its file. */
  #drop({ name, path, sound }: CatalogEntry): void {
    const state = this.#states.get(name);
    const file = state?.file;
    if (file !== undefined) this.#openFiles.forget(file);
    file?.close();
    releaseIndexes(...(state?.vectors.values() ?? []));
    this.#states.delete(name);
    this.damaged.delete(name);
    if (!sound) return;
    try {
      removeFiles(file?.path ?? path);
      removeIndexFiles(path, state?.vectors.keys() ?? []);
    } catch {
      // Nobody owns it any more: the next opening removes it.
    }
  }

  close(): void {
    for (const { file, vectors } of this.#states.values()) {
      keepIndexes(vectors.values());
      file.close();
      releaseIndexes(...vectors.values());
    }
    this.#states.clear();
    this.#catalog.close();
  }

  /** @throws E_COLLECTION_NOT_FOUND, E_STORAGE where it is damaged */
  #state(name: string): CollectionState {
    const meant = this.resolve(name);
    const state = this.#states.get(meant);
    if (state !== undefined) {
      this.#openFiles.use(state.file);
      return state;
    }
    const fault = this.damaged.get(meant);
    if (fault === undefined) throw collectionNotFound(name);
    throw new VectorError("E_STORAGE", fault, { details: { status: 500, collection: meant } });
  }

  /** Runs `change` in a transaction of its own; where it fails, nothing of it stays. */
  #transact(state: CollectionState, change: () => void): void {
    state.file.begin();
    try {
      change();
      state.file.commit();
    } catch (error) {
      this.#reload(state);
      throw storageError(error, state.file.path);
    }
  }
}
