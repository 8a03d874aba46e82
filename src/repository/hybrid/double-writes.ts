/** Writes to both stores: one decides, the other follows, at once or from the queue on disk. */
import { isVectorError, type VectorError } from "../../errors.ts";
import { parseOperation } from "../bulk.ts";
import { badField } from "../input.ts";
import { assertTenant } from "../tenant.ts";
import type {
  BulkVectorOperation,
  FailedDocument,
  NewDocument,
  RepositoryCallOptions,
} from "../types.ts";
import { tellStore } from "./catch-up.ts";
import { type GuardedStore, tellsOfStore } from "./guarded-store.ts";
import { KeyLocks } from "./key-locks.ts";
import type { Place, WriteQueue } from "./queue.ts";
import { writeBody } from "./queued-document.ts";
import { type HybridBulkResult, WriteReport } from "./write-report.ts";

/** An operation under way. */
interface Operation {
  readonly type: BulkVectorOperation["operationType"];
  readonly place: Place;
  readonly report: WriteReport;
  readonly signal: AbortSignal | undefined;
}

/** Who is asked first, and who is told what it took. */
interface Pair {
  readonly decider: GuardedStore;
  readonly follower: GuardedStore;
}

type Given = BulkVectorOperation["documents"][number];

interface Decision {
  readonly taken: Given[];
  readonly refused: readonly FailedDocument[];
  /** Nobody knows whether these were taken. */
  readonly unanswered: readonly FailedDocument[];
  /** What the whole operation failed with. */
  readonly error: VectorError | null;
}

export class DoubleWrites {
  readonly #first: GuardedStore;
  readonly #second: GuardedStore;
  readonly #queue: WriteQueue;
  readonly #timeoutMs: number;
  readonly #locks = new KeyLocks();

  constructor(
    first: GuardedStore,
    second: GuardedStore,
    queue: WriteQueue,
    options: { readonly timeoutMs: number },
  ) {
    this.#first = first;
    this.#second = second;
    this.#queue = queue;
    this.#timeoutMs = options.timeoutMs;
  }

  /** @throws {VectorError} E_INPUT, E_TENANT, E_QUEUE_FULL, E_ABORTED; what a store failed with, where neither has taken anything */
  async write(
    collection: string,
    operation: BulkVectorOperation,
    { signal }: RepositoryCallOptions,
  ): Promise<HybridBulkResult> {
    if (typeof collection !== "string" || collection === "")
      throw badField("collection", "has no name");
    parseOperation(operation);
    const tenant = assertTenant(operation.tenantId);
    const report = new WriteReport();
    const { operationType: type } = operation;
    const documents = distinct(operation, report);
    const place = { collection, tenant };
    const ids = documents.map(({ id }) => id);
    const under: Operation = { type, place, report, signal };
    const error = await this.#locked(place, ids, () => this.#route(under, documents));
    if (error !== null && report.processed === 0) throw error;
    return report.result();
  }

  /** Tells `store` some of what waits for it. @returns how many of these it could not be told of; null = nothing waits */
  async catchUp(
    store: GuardedStore,
    limit: number,
    { signal }: RepositoryCallOptions,
  ): Promise<number | null> {
    const next = this.#queue.next(store.name, limit);
    if (next === null) return null;
    const { left } = await this.#locked(next.place, next.ids, () =>
      this.#tell(store, next.place, next.ids, signal),
    );
    if (left > 0) this.#queue.postpone(store.name, next.place, next.ids);
    return left;
  }

  /** Ends when no write is under way any more. */
  idle(): Promise<void> {
    return this.#locks.idle();
  }

  #locked<Result>(
    { collection, tenant }: Place,
    ids: readonly string[],
    work: () => Promise<Result>,
  ): Promise<Result> {
    return this.#locks.run(
      ids.map((id) => JSON.stringify([collection, tenant, id])),
      work,
    );
  }

  #tell(
    store: GuardedStore,
    place: Place,
    ids: readonly string[],
    signal: AbortSignal | undefined,
  ) {
    const other = store === this.#first ? this.#second : this.#first;
    return tellStore(
      this.#queue,
      { store, other },
      { place, ids },
      { timeoutMs: this.#timeoutMs, ...(signal === undefined ? {} : { signal }) },
    );
  }

  /** Each document goes to a store that is not behind on it: the first, or else the second. @returns what a store failed with as a whole */
  async #route(operation: Operation, documents: readonly Given[]): Promise<VectorError | null> {
    const { place, report, signal } = operation;
    const ids = documents.map(({ id }) => id);
    const [one, two] = [this.#first, this.#second];
    if (this.#queue.waiting(one.name, place, ids).size > 0)
      await this.#tell(one, place, ids, signal);
    const behindOne = this.#queue.waiting(one.name, place, ids);
    const behindTwo = this.#queue.waiting(two.name, place, ids);
    const atOne = documents.filter(({ id }) => !behindOne.has(id));
    const decided = await this.#decide(operation, { decider: one, follower: two }, atOne);
    const silent = new Map(decided.unanswered.map((fault) => [fault.id, fault]));
    const atTwo = documents.filter(
      ({ id }) => (behindOne.has(id) || silent.has(id)) && !behindTwo.has(id),
    );
    const again = await this.#decide(operation, { decider: two, follower: one }, atTwo);
    report.failed(again.unanswered);
    // Of documents that neither has answered for, the second follows the first, and not each the other.
    const unknown = again.unanswered.map(({ id }) => id).filter((id) => !behindOne.has(id));
    this.#queue.remove(one.name, place, unknown);
    const lost = documents.filter(
      ({ id }) => (behindOne.has(id) || silent.has(id)) && behindTwo.has(id),
    );
    report.failed(lost.map(({ id }) => silent.get(id) ?? bothBehind(id)));
    // What the first has failed with counts where the second was not asked.
    return atTwo.length > 0 ? again.error : decided.error;
  }

  /** Has `decider` take the documents, and the follower told what was taken. */
  async #decide(operation: Operation, pair: Pair, documents: readonly Given[]): Promise<Decision> {
    const { place, report } = operation;
    const { decider, follower } = pair;
    const queue = this.#queue;
    if (documents.length === 0) return { taken: [], refused: [], unanswered: [], error: null };
    const ids = documents.map(({ id }) => id);
    const waiting = queue.waiting(follower.name, place, ids);
    const unsure = queue.waiting(decider.name, place, ids);
    // Before anything is written: should this process end now, the follower will be told whatever the decider has.
    queue.put(
      follower.name,
      place,
      ids.map((id) => ({ id, kind: "copy", body: null })),
    );
    const decision = await this.#ask(operation, decider, documents);
    const { taken, refused } = decision;
    // The follower is unsure of what it was asked before the decider: then it is told all the same.
    const untouched = refused.map(({ id }) => id).filter((id) => !unsure.has(id));
    queue.remove(
      follower.name,
      place,
      untouched.filter((id) => !waiting.has(id)),
    );
    queue.remove(
      decider.name,
      place,
      [...taken, ...refused].map(({ id }) => id),
    );
    report.failed(refused);
    report.decided(decider.name, taken.length);
    await this.#follow(operation, follower, taken);
    return decision;
  }

  async #ask(
    { type, place, signal }: Operation,
    store: GuardedStore,
    documents: readonly Given[],
  ): Promise<Decision> {
    const everything = (error: VectorError): FailedDocument[] =>
      documents.map(({ id }) => ({ id, code: error.code, reason: error.message }));
    try {
      const { failed } = await store.call(
        (repository, call) =>
          repository.bulkUpsertDocuments(
            place.collection,
            { operationType: type, documents, tenantId: place.tenant },
            call,
          ),
        this.#limits(signal),
      );
      const faults = new Set(failed.map(({ id }) => id));
      return {
        taken: documents.filter(({ id }) => !faults.has(id)),
        refused: failed.filter(({ code }) => !tellsOfStore(code)),
        unanswered: failed.filter(({ code }) => tellsOfStore(code)),
        error: null,
      };
    } catch (error) {
      if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
      const failed = everything(error);
      return tellsOfStore(error.code)
        ? { taken: [], refused: [], unanswered: failed, error }
        : { taken: [], refused: failed, unanswered: [], error };
    }
  }

  /** Tells the follower at once, where it can be told. What it does not take waits. */
  async #follow(
    operation: Operation,
    follower: GuardedStore,
    taken: readonly Given[],
  ): Promise<void> {
    const { place, report, signal } = operation;
    if (taken.length === 0) return;
    const ids = taken.map(({ id }) => id);
    // An update keeps when the document was made, which only the decider knows: it is copied from there.
    if (operation.type !== "update") this.#enqueue(operation, follower, taken);
    const { told, refused, left } = await this.#tell(follower, place, ids, signal);
    report.taken(follower.name, told);
    report.refused(follower.name, refused);
    report.queued(follower.name, left);
  }

  #enqueue({ type, place }: Operation, follower: GuardedStore, documents: readonly Given[]): void {
    this.#queue.put(
      follower.name,
      place,
      documents.map((document) => {
        const { id } = document;
        if (type === "delete") return { id, kind: "delete", body: null };
        if (type === "update" || !hasEmbedding(document)) return { id, kind: "copy", body: null };
        return { id, kind: "put", body: writeBody(document) };
      }),
    );
  }

  #limits(signal: AbortSignal | undefined) {
    return { timeoutMs: this.#timeoutMs, ...(signal === undefined ? {} : { signal }) };
  }
}

/** Each id once, with the members that it has now and one time of making for both stores; the others are named as failed, as every repository does. */
function distinct(operation: BulkVectorOperation, report: WriteReport): Given[] {
  const now = new Date().toISOString();
  const documents = new Map<string, Given>();
  for (const document of operation.documents) {
    const { id } = document;
    if (documents.has(id)) {
      report.failed([{ id, code: "E_INPUT", reason: "The id stands twice in the operation." }]);
      continue;
    }
    const dated = operation.operationType === "insert" || operation.operationType === "upsert";
    documents.set(
      id,
      dated && hasEmbedding(document) && document.createdAt === undefined
        ? { ...document, createdAt: now }
        : { ...document },
    );
  }
  return [...documents.values()];
}

function hasEmbedding(document: Given): document is NewDocument {
  return "embedding" in document;
}

function bothBehind(id: string): FailedDocument {
  const reason = "Both stores have still to be told of earlier writes to this document.";
  return { id, code: "E_UNREACHABLE", reason };
}
