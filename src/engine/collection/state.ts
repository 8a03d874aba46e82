/** What the worker keeps of an open collection: its file, its ids and its vectors. */
import { VectorError } from "../../errors.ts";
import type { CollectionConfig } from "../api.ts";
import { PayloadIndexes } from "../filter/payload-indexes.ts";
import { PayloadView } from "../filter/payload-view.ts";
import { CollectionFile } from "../storage/collection-file.ts";
import { removeFiles, storageError } from "../storage/sqlite.ts";
import type { VectorSet } from "../vectors/vector-set.ts";
import { decodeConfig, encodeConfig } from "./config.ts";
import { IdMap } from "./id-map.ts";
import { applyIndexing } from "./indexing.ts";
import { vectorSets } from "./vector-sets.ts";

export interface CollectionState {
  readonly name: string;
  readonly file: CollectionFile;
  config: CollectionConfig;
  readonly ids: IdMap;
  /** By name; the unnamed one has the name ''. */
  readonly vectors: Map<string, VectorSet>;
  readonly indexes: PayloadIndexes;
}

/** Makes a collection's file. @throws E_DISK_FULL, E_STORAGE */
export function createCollectionFile(path: string, config: CollectionConfig): CollectionFile {
  try {
    return CollectionFile.create(path, encodeConfig(config));
  } catch (error) {
    removeFiles(path);
    throw storageError(error, path);
  }
}

function damaged(name: string, path: string, what: string, cause?: unknown): VectorError {
  return new VectorError("E_STORAGE", `Collection ${name} is damaged: ${what} (${path}).`, {
    cause,
    details: { collection: name, file: path },
  });
}

/** Opens a collection's file, checks it, and loads its ids and vectors. @throws E_STORAGE that names the collection */
export function openCollectionState(name: string, path: string): CollectionState {
  let file: CollectionFile | undefined;
  try {
    file = CollectionFile.open(path);
    return loadState(name, file);
  } catch (error) {
    file?.close();
    if (error instanceof VectorError && error.details["collection"] === name) throw error;
    const cause = storageError(error, path);
    if (cause instanceof VectorError && cause.code !== "E_STORAGE") throw cause;
    throw damaged(name, path, error instanceof Error ? error.message : String(error), error);
  }
}

/** The state of a file, read from it anew. @throws E_STORAGE */
export function loadState(name: string, file: CollectionFile): CollectionState {
  const config = decodeConfig(file.config() ?? "");
  if (config === null) throw damaged(name, file.path, "its configuration cannot be read");
  const ids = new IdMap();
  const indexes = new PayloadIndexes(file);
  for (const { slot, key, payload } of file.points()) {
    if (!ids.load(slot, key))
      throw damaged(name, file.path, `the id at slot ${slot} cannot be read`);
    if (payload !== null) indexes.set(slot, new PayloadView(payload));
  }
  ids.collectFree();
  const vectors = vectorSets(config);
  for (const [vector, set] of vectors) {
    for (const { block, data } of file.blocks(vector)) {
      if (data === null || !set.loadBlock(block, data)) {
        throw damaged(
          name,
          file.path,
          `block ${block} of vector '${vector}' does not fit its checksum`,
        );
      }
    }
  }
  for (const vector of file.vectorNames()) {
    if (!vectors.has(vector))
      throw damaged(name, file.path, `it holds vectors of an unknown name '${vector}'`);
  }
  applyIndexing(config, vectors, file);
  return { name, file, config, ids, vectors, indexes };
}

/** Puts all that changed since the last commit into the file's transaction. */
export function flushVectors(state: CollectionState): void {
  for (const [name, set] of state.vectors) {
    for (const { block, bytes } of set.takeChanges()) state.file.saveBlock(name, block, bytes);
  }
}
