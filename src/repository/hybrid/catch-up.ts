/** Tells a store what it has missed, from the queue. */
import { isVectorError } from "../../errors.ts";
import type { FailedDocument, NewDocument, RepositoryCallOptions } from "../types.ts";
import { type GuardedStore, tellsOfStore } from "./guarded-store.ts";
import type { Place, QueueEntry, WriteQueue } from "./queue.ts";
import { readBody } from "./queued-document.ts";

export interface Told {
  /** Documents that the store has now as they should be. */
  readonly told: number;
  readonly refused: readonly FailedDocument[];
  /** Documents that still wait, for a store did not answer. */
  readonly left: number;
}

/**
 * Tells `store` what waits for these documents; the caller holds their locks. Telling twice changes nothing: each entry is a
 * document's whole state.
 */
export async function tellStore(
  queue: WriteQueue,
  stores: { readonly store: GuardedStore; readonly other: GuardedStore },
  where: { readonly place: Place; readonly ids: readonly string[] },
  options: RepositoryCallOptions & { readonly timeoutMs: number },
): Promise<Told> {
  const { store } = stores;
  const { place, ids } = where;
  const entries = queue.entries(store.name, place, ids);
  if (entries.length === 0) return { told: 0, refused: [], left: 0 };
  const refused: FailedDocument[] = [];
  try {
    const { puts, deletes } = await statesOf(entries, stores.other, place, options);
    for (const [operationType, documents] of [
      ["upsert", puts],
      ["delete", deletes],
    ] as const) {
      if (documents.length === 0) continue;
      const { failed } = await store.call(
        (repository, call) =>
          repository.bulkUpsertDocuments(
            place.collection,
            { operationType, documents, tenantId: place.tenant },
            call,
          ),
        options,
      );
      settle(queue, store, place, { documents, failed, refused });
    }
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
    if (!tellsOfStore(error.code)) {
      // The whole operation was refused: a collection is not there, say. It waits no longer, and is not forgotten.
      for (const { id } of queue.entries(store.name, place, ids)) {
        queue.refuse(store.name, place, id, error.code);
        refused.push({ id, code: error.code, reason: error.message });
      }
    }
  }
  const left = queue.entries(store.name, place, ids).length;
  return { told: entries.length - left - refused.length, refused, left };
}

function settle(
  queue: WriteQueue,
  store: GuardedStore,
  place: Place,
  {
    documents,
    failed,
    refused,
  }: {
    readonly documents: readonly { readonly id: string }[];
    readonly failed: readonly FailedDocument[];
    readonly refused: FailedDocument[];
  },
): void {
  const faults = new Map(failed.map((fault) => [fault.id, fault]));
  queue.remove(
    store.name,
    place,
    documents.map(({ id }) => id).filter((id) => !faults.has(id)),
  );
  for (const fault of failed) {
    if (tellsOfStore(fault.code)) continue;
    queue.refuse(store.name, place, fault.id, fault.code);
    refused.push(fault);
  }
}

/** What the entries come to: documents to be written, and ids to be taken away. */
async function statesOf(
  entries: readonly QueueEntry[],
  other: GuardedStore,
  { collection, tenant }: Place,
  options: RepositoryCallOptions & { readonly timeoutMs: number },
): Promise<{ puts: NewDocument[]; deletes: { id: string }[] }> {
  const puts: NewDocument[] = [];
  const deletes: { id: string }[] = [];
  const copies: string[] = [];
  for (const { id, kind, body } of entries) {
    if (kind === "put" && body !== null) puts.push(readBody(body));
    else if (kind === "delete") deletes.push({ id });
    else copies.push(id);
  }
  if (copies.length === 0) return { puts, deletes };
  const documents = await other
    .call(
      (repository, call) =>
        repository.getDocuments(
          collection,
          { tenantId: tenant, ids: copies, includeEmbeddings: true },
          call,
        ),
      options,
    )
    .catch((error: unknown) => {
      // What is known here is told all the same; copies wait until there is someone to copy from.
      if (isVectorError(error) && tellsOfStore(error.code)) return null;
      throw error;
    });
  if (documents === null) return { puts, deletes };
  const found = new Map(documents.map((document) => [document.id, document]));
  for (const id of copies) {
    const document = found.get(id);
    if (document === undefined) deletes.push({ id });
    else {
      const { content, embedding, metadata, createdAt } = document;
      puts.push({ id, content, embedding: embedding ?? [], metadata, createdAt });
    }
  }
  return { puts, deletes };
}
