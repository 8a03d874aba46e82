/** A batch in the making: rows that turn out to be unreadable leave it without shifting their neighbours. */
import {
  type DenseColumn,
  defaultVector,
  type RecordBatch,
  type RecordFailure,
} from "../../model/record.ts";
import type { Payload } from "./metadata.ts";
import type { Problem } from "./vectors.ts";

const noPayload: Payload = { document: null, uri: null, metadata: null, notJson: null };

export class BatchBuilder {
  readonly #ids: readonly string[];
  readonly #payloads: readonly Payload[] | null;
  readonly #problems = new Map<number, Problem>();

  /** `payloads` null: they were not asked for. */
  constructor(ids: readonly string[], payloads: readonly Payload[] | null) {
    this.#ids = ids;
    this.#payloads = payloads;
    payloads?.forEach(({ notJson }, row) => {
      if (notJson !== null) {
        this.fail(row, {
          reason: "metadata-not-json",
          detail: `The value of the metadata key ${JSON.stringify(notJson)} is not a finite number.`,
        });
      }
    });
  }

  /** The first problem of a row stands. */
  fail(row: number, problem: Problem): void {
    if (!this.#problems.has(row)) this.#problems.set(row, problem);
  }

  has(row: number): boolean {
    return !this.#problems.has(row);
  }

  /** `data`: the vectors of all rows, row-major; null = they were not asked for. */
  build(
    data: Float32Array | null,
    dimension: number,
  ): { batch: RecordBatch; failures: RecordFailure[] } {
    const rows = this.#ids.map((_, row) => row).filter((row) => this.has(row));
    const payloads = rows.map((row) => this.#payloads?.[row] ?? noPayload);
    const vectors = new Map<string, DenseColumn>();
    if (data !== null && dimension > 0) {
      const kept = keepRows(data, dimension, rows);
      vectors.set(defaultVector, { kind: "dense", dimension, data: kept, present: null });
    }
    const batch: RecordBatch = {
      ids: rows.map((row) => this.#ids[row] ?? ""),
      vectors,
      payload: {
        documents: payloads.map(({ document }) => document),
        uris: payloads.map(({ uri }) => uri),
        metadata: payloads.map(({ metadata }) => metadata),
      },
    };
    const failures = [...this.#problems].map(([row, problem]) => ({
      id: this.#ids[row] ?? "",
      ...problem,
    }));
    return { batch, failures };
  }
}

/** Moves the rows that stay to the front, in place. */
function keepRows(data: Float32Array, dimension: number, rows: readonly number[]): Float32Array {
  rows.forEach((row, at) => {
    if (row !== at) data.copyWithin(at * dimension, row * dimension, (row + 1) * dimension);
  });
  return data.subarray(0, rows.length * dimension);
}
