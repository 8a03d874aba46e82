import type { PointBatch } from "../../model/record.ts";

/** The first of at most `rowsMax` points that no migration wrote, and how many were looked at. */
export async function firstForeign(
  batches: AsyncIterable<PointBatch> | Iterable<PointBatch>,
  rowsMax: number,
): Promise<{ looked: number; point: string | null }> {
  let looked = 0;
  for await (const { placement } of batches) {
    const row = placement.runs.indexOf(null);
    if (row !== -1) return { looked: looked + row + 1, point: placement.points[row] ?? null };
    looked += placement.points.length;
    if (looked >= rowsMax) break;
  }
  return { looked, point: null };
}
