/** Many documents written or deleted in one call: in batches, each document taken or named with its reason. */
import { z } from "zod";
import { VectorError } from "../errors.ts";
import { batchTargetBytes, optimalBatchSize } from "../model/batch-size.ts";
import { tenantPointId } from "../model/point-id.ts";
import type { PointBatch } from "../model/record.ts";
import type { DocumentStore } from "../store/documents.ts";
import { writeHalving } from "../store/halving.ts";
import type { CallOptions } from "../store/port.ts";
import { abortError, throwIfAborted } from "../util/abort.ts";
import { stringifyPlain } from "../util/json.ts";
import { specOf } from "./catalog.ts";
import {
  checkDocument,
  type Destination,
  DocumentFault,
  type Incoming,
  placeFault,
  toBatch,
} from "./incoming.ts";
import { parseInput } from "./input.ts";
import type { BulkResult, FailedDocument } from "./types.ts";

const operations = ["insert", "upsert", "update", "delete"] as const;
type Operation = (typeof operations)[number];

const bulkSchema = z.strictObject({
  operationType: z.enum(operations),
  documents: z.array(z.looseObject({ id: z.string() })),
  tenantId: z.unknown().optional(),
});

type GivenDocument = z.output<typeof bulkSchema>["documents"][number];

/** Documents whose payload is weighed to find how many travel together. */
const weighed = 100;
const deletedRows = 1000;

/** @throws {VectorError} E_INPUT, which names the field */
export function parseOperation(operation: unknown): z.output<typeof bulkSchema> {
  return parseInput(bulkSchema, operation, "operation");
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
    operation: { readonly operationType: Operation; readonly documents: readonly GivenDocument[] },
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
    const work = async (): Promise<void> => {
      while (this.#stopped === null && this.#next < this.#documents.length) {
        const start = this.#next;
        this.#next = Math.min(this.#documents.length, start + rows);
        await this.#attempt(start, this.#next);
      }
    };
    const workers = Math.min(
      Math.max(1, this.#store.capabilities.concurrency),
      Math.ceil(this.#documents.length / rows),
    );
    await Promise.all(Array.from({ length: workers }, work));
    const { signal } = this.#options;
    if (signal?.aborted) throw abortError(signal);
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
    for (const [place, document] of this.#given(start, end)) {
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
    const accepted: Incoming[] = [];
    const { dimension } = this.#to.collection;
    // One array for all that need one: thousands of small ones cost more than filling them.
    const isList = Array.isArray(this.#documents[start]?.["embedding"]);
    const room = isList ? new Float32Array((end - start) * dimension) : null;
    for (const [place, document] of this.#given(start, end)) {
      const checked = checkDocument(
        document,
        this.#to,
        room?.subarray((place - start) * dimension, (place - start + 1) * dimension),
      );
      if (checked instanceof DocumentFault) this.#fail(place, checked);
      else {
        accepted.push(checked);
        open.set(checked.id, place);
      }
    }
    const standing = await this.#standing(accepted);
    const wanted = accepted.filter((document) => this.#fits(document, standing, open));
    if (wanted.length === 0) return;
    const now = new Date().toISOString();
    const batch = toBatch(wanted, this.#to, ({ point, createdAt }) =>
      createdAt === undefined ? (standing?.get(point) ?? now) : createdAt,
    );
    await this.#send(batch, open);
  }

  /** The documents from `start` on that were not named before, each with its place. */
  *#given(start: number, end: number): Generator<[number, GivenDocument]> {
    for (let place = start; place < end; place += 1) {
      const document = this.#documents[place];
      if (document === undefined) continue;
      if (this.#seen.has(document.id)) {
        this.#fail(place, new DocumentFault("E_INPUT", "The id stands twice in the operation."));
        continue;
      }
      this.#seen.add(document.id);
      yield [place, document];
    }
  }

  /** When each of the documents that are there already was made, by its point; null where nobody needs to know. */
  async #standing(documents: readonly Incoming[]): Promise<Map<string, string | null> | null> {
    if (this.#operation === "upsert" || documents.length === 0) return null;
    const points = documents.map(({ point }) => point);
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

  /** Whether the document may be written where it is, or is not, there already. */
  #fits(
    { id, point }: Incoming,
    standing: ReadonlyMap<string, string | null> | null,
    open: Map<string, number>,
  ): boolean {
    if (standing === null || standing.has(point) === (this.#operation === "update")) return true;
    const place = open.get(id) ?? 0;
    open.delete(id);
    this.#fail(
      place,
      this.#operation === "insert"
        ? new DocumentFault("E_DOCUMENT_EXISTS", "A document of this id is there already.")
        : new DocumentFault("E_DOCUMENT_NOT_FOUND", "There is no document of this id."),
    );
    return false;
  }

  async #send(batch: PointBatch, open: Map<string, number>): Promise<void> {
    const mode = this.#operation === "delete" ? "upsert" : this.#operation;
    const spec = specOf(this.#to.collection);
    const { refused } = await writeHalving(batch, async (rows) => {
      await this.#store.write(spec, rows, { ...this.#options, mode });
      this.#processed += rows.ids.length;
      for (const id of rows.ids) open.delete(id);
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
