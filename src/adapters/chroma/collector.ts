import { defaultVector, type RecordBatch, type RecordFailure } from "../../model/record.ts";
import type { ReadResult } from "../../store/port.ts";
import { notChroma } from "./answer.ts";
import type { Embeddings } from "./embeddings.ts";
import type { RecordPage } from "./page.ts";

/** Gathers the records of several answers into one batch. */
export class RecordCollector {
  readonly #asked: Set<string>;
  readonly #answered = new Set<string>();
  readonly #ids: string[] = [];
  readonly #documents: (string | null)[] = [];
  readonly #uris: (string | null)[] = [];
  readonly #metadata: (string | null)[] = [];
  readonly #failures: RecordFailure[] = [];
  #dimension: number;
  #data: Float32Array | null = null;

  /** `dimension` null = that of the first vector. */
  constructor(keys: readonly string[], dimension: number | null) {
    this.#asked = new Set(keys);
    this.#dimension = dimension ?? 0;
  }

  /** Takes the rows of an answer whose columns are of equal length. @throws E_BAD_RESPONSE for a record that was not asked for, or came twice */
  add(page: RecordPage): void {
    for (const [row, id] of page.ids.entries()) {
      this.#answer(id);
      const failure = page.embeddings === null ? null : this.#takeVector(id, page.embeddings, row);
      if (failure !== null) {
        this.#failures.push(failure);
        continue;
      }
      this.#ids.push(id);
      this.#documents.push(page.documents[row] ?? null);
      this.#uris.push(page.uris[row] ?? null);
      this.#metadata.push(page.metadata[row] ?? null);
    }
  }

  /** Names a record that is there and cannot be read. */
  fail(failure: RecordFailure): void {
    this.#answer(failure.id);
    this.#failures.push(failure);
  }

  result(vectors: boolean): ReadResult {
    const batch: RecordBatch = {
      ids: this.#ids,
      vectors: new Map(),
      payload: { documents: this.#documents, uris: this.#uris, metadata: this.#metadata },
    };
    if (vectors) {
      const dimension = this.#dimension;
      const data = (this.#data ?? new Float32Array()).subarray(0, this.#ids.length * dimension);
      batch.vectors.set(defaultVector, { kind: "dense", dimension, data, present: null });
    }
    const absent = [...this.#asked].filter((key) => !this.#answered.has(key));
    return { batch, absent, failures: this.#failures };
  }

  #answer(id: string): void {
    if (!this.#asked.has(id)) throw notChroma("a record that was not asked for");
    if (this.#answered.has(id)) throw notChroma("a record that comes twice");
    this.#answered.add(id);
  }

  /** Puts the vector at the place of the next row; the failure where it cannot stand there. */
  #takeVector(id: string, column: Embeddings, row: number): RecordFailure | null {
    const odd = column.odd.get(row);
    const length = odd?.kind === "length" ? odd.length : column.dimension;
    if (this.#dimension === 0) this.#dimension = length;
    // Where no dimension is known yet, an empty vector tells none.
    if (odd?.kind === "none" || this.#dimension === 0) return noVector(id);
    const dimension = this.#dimension;
    if (length !== dimension) {
      return {
        id,
        reason: "wrong-dimension",
        detail: `The vector has ${length} components where the collection has ${dimension}.`,
      };
    }
    if (odd?.kind === "not-finite") {
      return {
        id,
        reason: "not-finite",
        detail: `Component ${odd.component} of the vector is not a finite float32.`,
      };
    }
    this.#data ??= new Float32Array(this.#asked.size * dimension);
    const vector = column.data.subarray(row * dimension, (row + 1) * dimension);
    this.#data.set(vector, this.#ids.length * dimension);
    return null;
  }
}

export function noVector(id: string): RecordFailure {
  return { id, reason: "no-vector", detail: "The server has the record but no vector for it." };
}
