/** What the vectors of many records are like: dimensions, norms, and those that no target takes. */
import type { DenseColumn, RecordBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { Faults } from "./faults.ts";

/**
 * Norms below are tiny: the square of one is less than float32's epsilon (2^-23), and Qdrant, where it normalizes a vector
 * itself, leaves one like that as it is (lib/segment/src/spaces/metric.rs and simple.rs, `is_length_zero_or_normalized`).
 */
const tinyNorm = Math.sqrt(2 ** -23);

/** Dimensions that are told apart. */
const dimensionsMax = 16;

export class VectorStats {
  readonly #dimensions = new Map<number, number>();
  readonly #faults: Faults;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #present = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  add(batch: RecordBatch): void {
    const column = denseVector(batch);
    batch.ids.forEach((id, row) => {
      if (column === undefined || (column.present !== null && column.present[row] !== 1))
        this.#faults.add("no-vector", id);
      else this.#addVector(id, column, row);
    });
  }

  describe() {
    const dimensions = [...this.#dimensions]
      .map(([dimension, records]) => ({ dimension, records }))
      .sort((a, b) => b.records - a.records);
    return {
      withVector: this.#present,
      dimensions,
      normMin: Number.isFinite(this.#min) ? this.#min : null,
      normMax: Number.isFinite(this.#min) ? this.#max : null,
    };
  }

  #addVector(id: string, column: DenseColumn, row: number): void {
    const { data, dimension } = column;
    this.#present += 1;
    const known = this.#dimensions.get(dimension);
    if (known !== undefined || this.#dimensions.size < dimensionsMax)
      this.#dimensions.set(dimension, (known ?? 0) + 1);
    let sum = 0;
    for (let at = row * dimension; at < (row + 1) * dimension; at += 1) {
      const component = data[at] ?? 0;
      sum += component * component;
    }
    // The square of a float32 neither overflows nor underflows a float64.
    const norm = Math.sqrt(sum);
    if (!Number.isFinite(norm)) {
      this.#faults.add("not-finite", id);
      return;
    }
    if (norm < this.#min) this.#min = norm;
    if (norm > this.#max) this.#max = norm;
    if (norm === 0) this.#faults.add("zero-vector", id);
    else if (norm < tinyNorm) this.#faults.add("tiny-norm", id);
  }
}
