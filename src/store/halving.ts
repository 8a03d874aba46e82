/** Finds the records that a store refuses: a batch that it refuses for good is halved until each of them is alone. */
import { isVectorError } from "../errors.ts";
import type { PointBatch } from "../model/record.ts";
import { pickRows } from "../model/rows.ts";

/** A record that the store refuses, even alone. */
export interface RefusedRecord {
  readonly id: string;
  /** Whether it is refused for its size. */
  readonly tooLarge: boolean;
  /** The store's own words. */
  readonly detail: string;
}

/**
 * Writes a batch by `write`; where that throws E_REJECTED, its halves. All that is not refused has been written.
 * @throws whatever else `write` throws; what it has acknowledged until then stays written
 */
export async function writeHalving(
  batch: PointBatch,
  write: (rows: PointBatch) => Promise<void>,
): Promise<{ refused: RefusedRecord[] }> {
  const refused: RefusedRecord[] = [];
  await writeHalves(batch, write, refused);
  return { refused };
}

async function writeHalves(
  batch: PointBatch,
  write: (rows: PointBatch) => Promise<void>,
  refused: RefusedRecord[],
): Promise<void> {
  const rows = batch.ids.length;
  try {
    await write(batch);
  } catch (error) {
    if (!isVectorError(error, "E_REJECTED")) throw error;
    if (rows === 1) {
      const tooLarge = error.details["tooLarge"] === true;
      refused.push({ id: batch.ids[0] ?? "", tooLarge, detail: error.message });
      return;
    }
    const middle = rows >> 1;
    const places = Array.from({ length: rows }, (_, row) => row);
    await writeHalves(pickRows(batch, places.slice(0, middle)), write, refused);
    await writeHalves(pickRows(batch, places.slice(middle)), write, refused);
  }
}
