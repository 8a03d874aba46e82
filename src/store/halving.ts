/**
 * Finds the records that a store refuses: those that it names itself, and where it names none, a batch is halved until each of them
 * is alone.
 */
import { z } from "zod";
import { isVectorError, VectorError } from "../errors.ts";
import type { PointBatch, RecordFailure } from "../model/record.ts";
import { pickRows } from "../model/rows.ts";

/** A record that the store refuses, even alone. */
export interface RefusedRecord {
  readonly id: string;
  /** Whether it is refused for its size. */
  readonly tooLarge: boolean;
  /** The store's own words. */
  readonly detail: string;
}

/** What an E_REJECTED may name in its details: the records that can never be taken (`RecordFailure`). */
const detailsSchema = z.object({
  failures: z
    .array(z.object({ id: z.string(), reason: z.string(), detail: z.string() }))
    .default([]),
});

/**
 * Writes a batch by `write`; where that throws E_REJECTED, without the records that it names, or its halves. All that is not refused has
 * been written.
 * @throws whatever else `write` throws; what it has acknowledged until then stays written
 */
export async function writeHalving(
  batch: PointBatch,
  write: (rows: PointBatch) => Promise<void>,
): Promise<{ refused: RefusedRecord[] }> {
  const refused: RefusedRecord[] = [];
  await writeParts(batch, write, refused);
  return { refused };
}

/**
 * The same, where a record that is refused is a failure of that record.
 * @throws E_REJECTED where not one of many was accepted, and not for their size: the fault is not the records'
 */
export async function writeOrFail(
  batch: PointBatch,
  write: (rows: PointBatch) => Promise<void>,
): Promise<RecordFailure[]> {
  const { refused } = await writeHalving(batch, write);
  const isAll = refused.length === batch.ids.length && refused.length > 1;
  if (isAll && !refused.every(({ tooLarge }) => tooLarge))
    throw new VectorError(
      "E_REJECTED",
      `The target refuses every record of a batch of ${refused.length}: ${refused[0]?.detail ?? ""}`,
    );
  return refused.map(({ id, tooLarge, detail }) => ({
    id,
    reason: tooLarge ? "too-large" : "rejected",
    detail,
  }));
}

async function writeParts(
  batch: PointBatch,
  write: (rows: PointBatch) => Promise<void>,
  refused: RefusedRecord[],
): Promise<void> {
  if (batch.ids.length === 0) return;
  try {
    await write(batch);
  } catch (error) {
    if (!isVectorError(error, "E_REJECTED")) throw error;
    const named = namedBy(error.details, batch);
    refused.push(...named);
    const names = new Set(named.map(({ id }) => id));
    const rows = [...batch.ids.keys()].filter((row) => !names.has(batch.ids[row] ?? ""));
    if (named.length > 0) return await writeParts(pickRows(batch, rows), write, refused);
    if (rows.length === 1) {
      const tooLarge = error.details["tooLarge"] === true;
      refused.push({ id: batch.ids[0] ?? "", tooLarge, detail: error.message });
      return;
    }
    const middle = rows.length >> 1;
    await writeParts(pickRows(batch, rows.slice(0, middle)), write, refused);
    await writeParts(pickRows(batch, rows.slice(middle)), write, refused);
  }
}

function namedBy(details: Readonly<Record<string, unknown>>, batch: PointBatch): RefusedRecord[] {
  const parsed = detailsSchema.safeParse(details);
  if (!parsed.success) return [];
  const ids = new Set(batch.ids);
  return parsed.data.failures
    .filter(({ id }) => ids.has(id))
    .map(({ id, reason, detail }) => ({ id, tooLarge: reason === "too-large", detail }));
}
