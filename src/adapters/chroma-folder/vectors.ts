/** The vectors of one collection as they are now: the index, and over it what the queue says. */
import { join } from "node:path";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { FailureReason } from "../../model/record.ts";
import { wholeText } from "../../util/statements.ts";
import type { ChromaDatabase } from "./database.ts";
import { IndexFileError } from "./hnsw.ts";
import type { Member } from "./members.ts";
import { type QueuedVector, queuedVector, VectorTail } from "./queue.ts";
import { seqOf, textOf } from "./values.ts";
import { VectorIndex } from "./vector-index.ts";

export interface Problem {
  readonly reason: FailureReason;
  readonly detail: string;
}

/** Where a member's vector is: in the queue and already read, in the index under a label, or nowhere. */
export type Place =
  | { readonly vector: Float32Array }
  | { readonly label: number }
  | { readonly problem: Problem };

interface QueuedRow {
  readonly id: string;
  readonly vector: QueuedVector;
}

export interface VectorsOptions {
  readonly folder: string;
  readonly collection: CollectionInfo;
  /** The vector segment. */
  readonly segment: string;
  /** The segment's entry in max_seq_id; null = none. */
  readonly flushed: number | null;
  readonly signal: AbortSignal | undefined;
}

export class Vectors implements AsyncDisposable {
  /** The state of the database that it was made for. */
  readonly flushed: number | null;
  readonly #index: VectorIndex;
  readonly #tail: VectorTail;
  readonly #indexedSeq: number;
  readonly #dimension: number;

  private constructor(options: VectorsOptions, index: VectorIndex) {
    this.flushed = options.flushed;
    this.#index = index;
    this.#indexedSeq = options.flushed ?? index.maxSeqId ?? 0;
    this.#tail = new VectorTail(options.collection.key, this.#indexedSeq, (id) => index.has(id));
    this.#dimension = options.collection.dimension ?? 0;
  }

  /** Reads the index's pickle. @throws E_FOLDER_TORN, which names the file and the collection */
  static async open(options: VectorsOptions): Promise<Vectors> {
    const { folder, segment, collection, flushed, signal } = options;
    try {
      const scaled = collection.distance === "cosine";
      const wasFlushed = (flushed ?? 0) > 0;
      const index = await VectorIndex.open(join(folder, segment), scaled, wasFlushed, signal);
      return new Vectors(options, index);
    } catch (error) {
      if (!(error instanceof IndexFileError)) throw error;
      const file = `${segment}/${error.file}`;
      throw new VectorError(
        "E_FOLDER_TORN",
        `The vectors of ${JSON.stringify(collection.name)} cannot be read: ${file}: ${error.message}.`,
        { cause: error, details: { file, collection: collection.name } },
      );
    }
  }

  /** Where each member's vector is. Must stand inside one snapshot of the database. */
  locate(database: ChromaDatabase, members: readonly Member[]): Place[] {
    this.#tail.extend(database);
    const ids = members.map(({ id }) => id);
    const tail = this.#tail.find(ids);
    const labels = this.#index.labels(ids);
    // 0.4 can lose a record that is deleted and added again between two flushes: then its last write still has the vector.
    const isQueued = ({ id, seq }: Member) => seq > this.#indexedSeq || !labels.has(id);
    const queued = this.#queueRows(database, members.filter(isQueued), tail);
    return members.map(({ id, seq }) => {
      if (seq > this.#indexedSeq && queued.get(seq)?.id !== id) return { problem: stale };
      const label = tail.has(id) ? undefined : labels.get(id);
      if (label !== undefined) {
        return this.#index.dimension === this.#dimension ? { label } : { problem: otherIndex };
      }
      const row = queued.get(tail.get(id) ?? seq);
      return row?.id === id ? this.#placeOf(row) : { problem: none };
    });
  }

  /** Fills the rows of `target` from the index and returns the rows whose vector is not where it must be. */
  async read(
    wanted: readonly { row: number; label: number }[],
    target: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    return this.#index.read(wanted, target, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tail[Symbol.dispose]();
    await this.#index[Symbol.asyncDispose]();
  }

  #placeOf({ vector }: QueuedRow): Place {
    if (vector === null) return { problem: none };
    if (vector === "unknown") return { problem: unknownForm };
    return vector.length === this.#dimension ? { vector } : { problem: otherLength };
  }

  /** The queue's rows, by number, that these members were last written by and that hold their vectors. */
  #queueRows(
    database: ChromaDatabase,
    members: readonly Member[],
    tail: ReadonlyMap<string, number | null>,
  ): Map<number, QueuedRow> {
    const seqs = new Set(members.map(({ seq }) => seq));
    for (const seq of tail.values()) if (seq !== null) seqs.add(seq);
    const rows = database.query.allIn(
      `select seq_id, ${wholeText("id")}, vector, encoding from embeddings_queue where seq_id in (?*)`,
      [...seqs],
    );
    return new Map(
      rows.map(([seq, id, vector, encoding]) => [
        seqOf(seq, "embeddings_queue.seq_id"),
        { id: textOf(id, "embeddings_queue.id"), vector: queuedVector(vector, encoding) },
      ]),
    );
  }
}

const stale: Problem = {
  reason: "stale-vector",
  detail:
    "Its last write is in neither the index nor the queue: the vector is lost or an older one.",
};
const none: Problem = {
  reason: "no-vector",
  detail: "Neither the index nor the queue has a vector for it.",
};
const unknownForm: Problem = {
  reason: "torn",
  detail: "The queue has its vector in a form that is not known.",
};
const otherLength: Problem = {
  reason: "wrong-dimension",
  detail: "Its vector in the queue has another dimension than the collection.",
};
const otherIndex: Problem = {
  reason: "wrong-dimension",
  detail: "The index has another dimension than the collection.",
};
/** A row that `Vectors.read` returned. */
export const lostSlot: Problem = {
  reason: "torn",
  detail:
    "The index has no slot with its label: data_level0.bin or length.bin is damaged or cut short.",
};
