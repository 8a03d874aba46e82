/** What a repository knows of the collections it is asked for, so that a search needs no other call. */
import { type ErrorCode, isVectorError, VectorError } from "../errors.ts";
import {
  type CollectionInfo,
  type CollectionNote,
  type CollectionSpec,
  defaultSettings,
  parseNote,
} from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import { tenantPointId } from "../model/point-id.ts";
import type { DocumentCollection, DocumentStore } from "../store/documents.ts";
import type { CallOptions } from "../store/port.ts";

/** A collection that holds documents of tenants. */
export interface TenantedCollection {
  readonly info: CollectionInfo;
  readonly note: CollectionNote;
  readonly name: string;
  readonly dimension: number;
  readonly distance: Distance;
}

/** How long what was read is believed: others may make the collection anew meanwhile. */
const believedMs = 30_000;
/** From when on it is read anew beside a call, so that where calls go on none of them waits for it. */
const renewedMs = 15_000;
const collectionsMax = 1000;
/** What a reading ends with that saw another collection than the one believed in. */
const telling: ReadonlySet<ErrorCode> = new Set([
  "E_COLLECTION_NOT_FOUND",
  "E_NOT_SUPPORTED",
  "E_NOT_TENANTED",
]);

interface Known {
  readonly collection: TenantedCollection;
  readonly atMs: number;
}

export class Catalog {
  readonly #store: DocumentStore;
  readonly #known = new Map<string, Known>();
  /** What is being read anew beside the calls. */
  readonly #renewing = new Set<string>();
  /** How often something was forgotten. What was read across such a moment may be of before it, and is not kept. */
  #forgets = 0;

  constructor(store: DocumentStore) {
    this.#store = store;
  }

  /** At once where it is known: most calls have nothing to wait for. @throws {VectorError} E_INPUT, E_COLLECTION_NOT_FOUND, E_NOT_TENANTED, E_NOT_SUPPORTED */
  get(name: string, options: CallOptions): TenantedCollection | Promise<TenantedCollection> {
    const known = this.#known.get(name);
    const ageMs = performance.now() - (known?.atMs ?? Number.NEGATIVE_INFINITY);
    if (known !== undefined && ageMs < believedMs) {
      if (ageMs >= renewedMs) void this.#renew(name);
      return known.collection;
    }
    this.#known.delete(name);
    return this.#read(name, options);
  }

  /** Reads anew what is still believed. */
  async #renew(name: string): Promise<void> {
    if (this.#renewing.has(name)) return;
    this.#renewing.add(name);
    try {
      await this.#read(name, {});
    } catch (error) {
      // Gone, or no longer for tenants. Of another fault the call is told that believes no longer what is known.
      if (isVectorError(error) && telling.has(error.code)) this.forget(name);
    } finally {
      this.#renewing.delete(name);
    }
  }

  async #read(name: string, options: CallOptions): Promise<TenantedCollection> {
    const atMs = performance.now();
    const forgets = this.#forgets;
    const info = await this.find(name, options);
    if (info === null) throw notFound(this.#store, name);
    const collection = tenanted(info);
    if (forgets === this.#forgets) this.#keep(name, { collection, atMs });
    return collection;
  }

  #keep(name: string, known: Known): void {
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < collectionsMax || this.#known.has(name)) break;
      this.#known.delete(oldest);
    }
    this.#known.set(name, known);
  }

  /** As it is now; null = it is not there. */
  async find(
    name: string,
    options: CallOptions & { readonly memory?: boolean },
  ): Promise<DocumentCollection | null> {
    if (typeof name !== "string" || name === "")
      throw new VectorError("E_INPUT", "No collection is named.", {
        details: { field: "collectionName" },
      });
    const found = await this.#store.collections({ ...options, names: [name] });
    return found.find((one) => one.name === name) ?? null;
  }

  /** To be read anew when it is next asked for. */
  forget(name: string): void {
    this.#forgets += 1;
    this.#known.delete(name);
  }
}

function notFound({ identity }: DocumentStore, name: string): VectorError {
  return new VectorError(
    "E_COLLECTION_NOT_FOUND",
    `${identity.address} has no collection ${JSON.stringify(name)}.`,
    {
      next: "Check the spelling, or make it with createCollectionOptimized.",
      details: { collection: name },
    },
  );
}

/** @throws {VectorError} E_NOT_TENANTED, E_NOT_SUPPORTED */
function tenanted(info: CollectionInfo): TenantedCollection {
  const { name, dimension, distance } = info;
  const note = parseNote(name, info.note);
  const details = { collection: name };
  if (note?.tenanted !== true)
    throw new VectorError(
      "E_NOT_TENANTED",
      `Collection ${JSON.stringify(name)} was not made for tenants: nothing in it tells whose a document is.`,
      { details },
    );
  if (dimension === null || distance === null)
    throw new VectorError(
      "E_NOT_SUPPORTED",
      `Collection ${JSON.stringify(name)} has no ${dimension === null ? "dimension" : "distance"} that can be searched by.`,
      { details },
    );
  return { info, note, name, dimension, distance };
}

/** What writing into a collection that is there needs to know. */
export function specOf({ note, name, dimension, distance }: TenantedCollection): CollectionSpec {
  return {
    name,
    dimension,
    distance,
    layout: note.layout,
    tenanted: true,
    ...defaultSettings,
    sources: note.sources,
    ...(note.model === undefined ? {} : { model: note.model }),
  };
}

/**
 * The id by which a tenant's document is found again. It is the record's own, save where a migration gave the ids of its source a
 * prefix: then with it, for that is what the point is named by.
 */
export function documentId(
  { note }: TenantedCollection,
  tenant: string,
  id: string,
  point: string | undefined,
): string {
  const prefixed = note.sources.some(({ idPrefix }) => idPrefix);
  if (!prefixed || point === undefined || tenantPointId(tenant, id) === point) return id;
  const source = note.sources.find(
    ({ idPrefix }) => idPrefix && tenantPointId(tenant, idPrefix + id) === point,
  );
  return (source?.idPrefix ?? "") + id;
}
