/** Many documents written or deleted in one call: in batches, each document taken or named with its reason. */
import { z } from "zod";
import { VectorError } from "../errors.ts";
import { batchTargetBytes, optimalBatchSize } from "../model/batch-size.ts";
import { tenantPointId } from "../model/point-id.ts";
import type { PointBatch } from "../model/record.ts";
import { pickRows } from "../model/rows.ts";
import type { DocumentStore } from "../store/documents.ts";
import { writeHalving } from "../store/halving.ts";
import type { CallOptions } from "../store/port.ts";
import { abortError, throwIfAborted } from "../util/abort.ts";
import { isObject, stringifyPlain } from "../util/json.ts";
import { runWorkers } from "../util/workers.ts";
import { specOf } from "./catalog.ts";
import {
  type Destination,
  DocumentFault,
  type GivenDocument,
  IncomingBatch,
  placeFault,
  takeDocuments,
} from "./incoming.ts";
import { badField, parseInput } from "./input.ts";
import type { BulkResult, FailedDocument } from "./types.ts";

const operations = ["insert", "upsert", "update", "delete"] as const;
type Operation = (typeof operations)[number];

const bulkSchema = z.strictObject({
  operationType: z.enum(operations),
  documents: z.array(z.looseObject({ id: z.string() })),
  tenantId: z.unknown().optional(),
});
/** The same where each of the documents was looked at: a schema takes longer for that than for all else that is done with them. */
const aroundSchema = bulkSchema.extend({ documents: z.unknown() });

/** An operation as it was when the call was made. */
export interface CheckedOperation {
  readonly operationType: Operation;
  readonly documents: readonly GivenDocument[];
  readonly tenantId?: unknown;
}

/** Documents whose payload is weighed to find how many travel together. */
const weighed = 100;
const deletedRows = 1000;

/** @throws {VectorError} E_INPUT, which names the field */
export function parseOperation(operation: unknown): CheckedOperation {
  const given = isObject(operation) ? operation["documents"] : undefined;
  const documents = Array.isArray(given) ? takeDocuments(given) : null;
  if (documents !== null) return { ...parseInput(aroundSchema, operation, "operation"), documents };
  // It names what is wrong; but what is another thing each time it is read may be right by now.
  parseInput(bulkSchema, operation, "operation");
  throw badField("operation.documents", "are not the same whenever they are read");
}

/** One bulk operation on its way. */
export class BulkRun {
  readonly #store: DocumentStore;
  readonly #to: Destination;
  readonly #operation: Operation;
  readonly #documents: readonly GivenDocument[];
  readonly #options: CallOptions;
  readonly #failed = new Map<number, FailedDocument>();
  /** Ids seen so far: one that stands twice is taken once. */
  readonly #seen = new Set<string>();
  #next = 0;
  #processed = 0;
  /** What the store failed with: nothing more is sent then. */
  #stopped: VectorError | null = null;

  constructor(
    store: DocumentStore,
    to: Destination,
    operation: CheckedOperation,
    options: CallOptions,
  ) {
    this.#store = store;
    this.#to = to;
    this.#operation = operation.operationType;
    this.#documents = operation.documents;
    this.#options = options;
  }

  /**
   * @throws {VectorError} E_ABORTED; and what the store failed with before it had taken anything. What it fails with later stands at
   * the documents that were not acknowledged.
   */
  async run(): Promise<BulkResult> {
    const rows = this.#operation === "delete" ? deletedRows : this.#rows();
    const batches = Math.ceil(this.#documents.length / rows);
    // The first is the one that is not full: the store waits for nothing longer than for that.
    let end = this.#documents.length - (batches - 1) * rows;
    const work = async (): Promise<void> => {
      while (this.#stopped === null && this.#next < this.#documents.length) {
        const start = this.#next;
        this.#next = end;
        end += rows;
        await this.#attempt(start, this.#next);
      }
    };
    const workers = Math.min(Math.max(1, this.#store.capabilities.concurrency), batches);
    const { signal = new AbortController().signal } = this.#options;
    await runWorkers(workers, signal, work);
    if (signal.aborted) throw abortError(signal);
    if (this.#stopped !== null) this.#giveUp(this.#stopped);
    const failed = [...this.#failed].sort(([one], [other]) => one - other);
    return { totalProcessed: this.#processed, failed: failed.map(([, fault]) => fault) };
  }

  #giveUp(error: VectorError): void {
    if (this.#processed === 0) throw error;
    for (let place = this.#next; place < this.#documents.length; place += 1)
      this.#fail(place, new DocumentFault(error.code, `It was not sent: ${error.message}`));
  }

  /** How many travel together, by the target's own limits. */
  #rows(): number {
    const { batchSizeMax, bodyBytesMax } = this.#store.capabilities;
    const { dimension } = this.#to.collection;
    const sample = this.#documents.slice(0, weighed);
    const payloadBytes =
      sample.reduce((sum, document) => sum + payloadBytesOf(document), 0) /
      Math.max(1, sample.length);
    return optimalBatchSize({
      targetBytes: batchTargetBytes,
      dimension,
      payloadBytes,
      rowsMax: [batchSizeMax],
      bodyBytesMax,
    });
  }

  /** These documents, whatever becomes of them. */
  async #attempt(start: number, end: number): Promise<void> {
    const open = new Map<string, number>();
    try {
      throwIfAborted(this.#options.signal);
      if (this.#operation === "delete") await this.#delete(start, end, open);
      else await this.#write(start, end, open);
    } catch (error) {
      const fault =
        error instanceof VectorError
          ? error
          : new VectorError("E_INTERNAL", "A batch failed.", { cause: error });
      this.#stopped ??= fault;
      for (const place of open.values())
        this.#fail(place, new DocumentFault(fault.code, fault.message));
    }
  }

  async #delete(start: number, end: number, open: Map<string, number>): Promise<void> {
    for (let place = start; place < end; place += 1) {
      const document = this.#given(place);
      if (document === null) continue;
      const fault = placeFault(document, this.#to);
      if (fault === null) open.set(document.id, place);
      else this.#fail(place, fault);
    }
    const points = [...open.keys()].map((id) => tenantPointId(this.#to.tenant, id));
    if (points.length === 0) return;
    await this.#store.remove(this.#to.collection.info, { points }, this.#options);
    this.#processed += points.length;
    open.clear();
  }

  async #write(start: number, end: number, open: Map<string, number>): Promise<void> {
    const incoming = new IncomingBatch(this.#to, end - start);
    for (let place = start; place < end; place += 1) {
      const document = this.#given(place);
      if (document === null) continue;
      const fault = incoming.add(document);
      if (fault === null) open.set(document.id, place);
      else this.#fail(place, fault);
    }
    const standing = await this.#standing(incoming.points);
    const now = new Date().toISOString();
    const batch = incoming.toPoints((point) => standing?.get(point) ?? now);
    const wanted = standing === null ? batch : this.#fitting(batch, standing, open);
    if (wanted.ids.length > 0) await this.#send(wanted, open);
  }

  /** The document at that place; null where its id has come before. */
  #given(place: number): GivenDocument | null {
    const document = this.#documents[place];
    if (document === undefined) return null;
    const { size } = this.#seen;
    if (this.#seen.add(document.id).size > size) return document;
    this.#fail(place, new DocumentFault("E_INPUT", "The id stands twice in the operation."));
    return null;
  }

  /** When each of the documents that are there already was made, by its point; null where nobody needs to know. */
  async #standing(points: readonly string[]): Promise<Map<string, string | null> | null> {
    if (this.#operation === "upsert" || points.length === 0) return null;
    const { batch, failures } = await this.#store.read(this.#to.collection.info, points, {
      ...this.#options,
      vectors: false,
    });
    const [unreadable] = failures;
    if (unreadable !== undefined) throw new VectorError("E_BAD_RESPONSE", unreadable.detail);
    const { placement } = batch;
    return new Map(
      placement.points.map((point, row) => [point, placement.createdAt?.[row] ?? null]),
    );
  }

  /** Those that may be written where they are, or are not, there already. */
  #fitting(
    batch: PointBatch,
    standing: ReadonlyMap<string, string | null>,
    open: Map<string, number>,
  ): PointBatch {
    const isWanted = (point: string | undefined): boolean =>
      standing.has(point ?? "") === (this.#operation === "update");
    const fault =
      this.#operation === "insert"
        ? new DocumentFault("E_DOCUMENT_EXISTS", "A document of this id is there already.")
        : new DocumentFault("E_DOCUMENT_NOT_FOUND", "There is no document of this id.");
    const rows: number[] = [];
    for (const [row, id] of batch.ids.entries()) {
      if (isWanted(batch.placement.points[row])) rows.push(row);
      else {
        this.#fail(open.get(id) ?? 0, fault);
        open.delete(id);
      }
    }
    return pickRows(batch, rows);
  }

  async #send(batch: PointBatch, open: Map<string, number>): Promise<void> {
    const mode = this.#operation === "delete" ? "upsert" : this.#operation;
    const spec = specOf(this.#to.collection);
    const { refused } = await writeHalving(batch, async (rows) => {
      await this.#store.write(spec, rows, { ...this.#options, mode });
      this.#processed += rows.ids.length;
      if (rows === batch) open.clear();
      else for (const id of rows.ids) open.delete(id);
    });
    for (const { id, detail } of refused) {
      const place = open.get(id);
      open.delete(id);
      if (place !== undefined) this.#fail(place, new DocumentFault("E_REJECTED", detail));
    }
  }

  #fail(place: number, { code, reason }: DocumentFault): void {
    this.#failed.set(place, { id: this.#documents[place]?.id ?? "", code, reason });
  }
}

function payloadBytesOf({ id, content, metadata }: GivenDocument): number {
  const text = typeof content === "string" ? content.length : 0;
  try {
    return 150 + id.length + text + stringifyPlain(metadata ?? {}).length;
  } catch {
    // What JSON cannot hold is named when its turn comes.
    return 150 + id.length + text;
  }
}
