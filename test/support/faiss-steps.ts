/** A row of steps that change a collection, and what it holds after each: for writers that are killed between two of them. */
import type { DocumentStore } from "../../src/store/documents.ts";
import { findCollection } from "../../src/testing/target-bench.ts";
import { batchOf, type TestRecord, testSpec } from "../../src/testing/target-records.ts";

export const stepsSpec = testSpec({ name: "steps", dimension: 3, distance: "l2", sources: [] });
/** Batches that stand before their turn to be taken away comes. */
const kept = 1;

function recordsOf(step: number): TestRecord[] {
  const own = Array.from({ length: 5 }, (_, row) => ({
    id: `${step}/${row}`,
    vector: [step, row, 1],
    document: "text ".repeat(Math.abs(step) % 7),
  }));
  return [...own, { id: "latest", vector: [step, 0, 0], metadata: `{"step":${step}}` }];
}

/** Step n: an even one writes a batch and writes over one record, an odd one takes an earlier batch away. */
export async function doStep(store: DocumentStore, step: number): Promise<void> {
  if (step % 2 === 0) return store.write(stepsSpec, batchOf(recordsOf(step)));
  const { points } = batchOf(recordsOf(step - 1 - 2 * kept).slice(0, -1)).placement;
  return store.remove(await findCollection(store, stepsSpec.name), { points });
}

/** What stands there when the first `count` steps are done. */
export function recordsAfter(count: number): TestRecord[] {
  const standing = new Map<string, TestRecord>();
  for (let step = 0; step < count; step += 1) {
    if (step % 2 === 0) for (const record of recordsOf(step)) standing.set(record.id, record);
    else for (const { id } of recordsOf(step - 1 - 2 * kept).slice(0, -1)) standing.delete(id);
  }
  return [...standing.values()];
}
