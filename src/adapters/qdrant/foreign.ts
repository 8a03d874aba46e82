/** What the first points of a collection tell of those who wrote them. */
import { tenantKey } from "../../model/layout.ts";
import type { PointBatch } from "../../model/record.ts";
import type { TenantsSeen } from "../../store/look.ts";
import { parseJson } from "../../util/json.ts";

type Batches = AsyncIterable<PointBatch> | Iterable<PointBatch>;

/** The first of at most `rowsMax` points that no migration wrote, and how many were looked at. */
export async function firstForeign(
  batches: Batches,
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

/** Of the first `rowsMax` points or a few more, which name a tenant. */
export async function seeTenants(batches: Batches, rowsMax: number): Promise<TenantsSeen> {
  let looked = 0;
  let without = 0;
  for await (const { placement } of batches) {
    const { points, tenants, rest } = placement;
    looked += points.length;
    without += points.filter((_, row) => (tenants[row] ?? tenantIn(rest[row])) === null).length;
    if (looked >= rowsMax) break;
  }
  return { looked, named: without < looked, without };
}

/** Of a point that no migration wrote the whole payload is kept. */
function tenantIn(payload: string | null | undefined): unknown {
  return Object(parseJson(payload ?? "null"))[tenantKey] ?? null;
}
