/** Every record of a collection as blocks that the truth looks at. */
import type { MetadataMatch } from "../../model/filter.ts";
import type { RecordBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { ReadResult } from "../../store/port.ts";
import { idsOf, type Reading, rowsACall } from "./draw.ts";
import { fitOf } from "./filters.ts";
import type { TruthBlock } from "./truth-scan.ts";

/** Calls that are under way while blocks are looked at. */
const callsAhead = 4;

/** What the pass saw. */
export interface Seen {
  /** Records with a vector. */
  records: number;
  /** Filters that some record fits in one store and not in another. */
  readonly unsure: Set<MetadataMatch>;
}

/** Reads every record once; tells `onRows` how many are through. @throws what the source throws */
export async function* blocksOf(
  reading: Reading,
  filters: readonly MetadataMatch[],
  seen: Seen,
  onRows: (rows: number) => void,
): AsyncGenerator<TruthBlock> {
  let rows = 0;
  for await (const { batch } of readAll(reading)) {
    rows += batch.ids.length;
    const block = blockOf(batch, reading.info.dimension ?? 0, filters, seen);
    if (block !== null) yield block;
    onRows(rows);
  }
}

async function* readAll(reading: Reading): AsyncGenerator<ReadResult> {
  const { source, info, signal } = reading;
  const size = rowsACall(reading);
  const ahead = Math.max(1, Math.min(callsAhead, source.capabilities.concurrency));
  const calls: Promise<ReadResult>[] = [];
  const read = (ids: readonly string[]): void => {
    const call = source.read(info, ids, { signal });
    // A call that fails is thrown when its turn comes; until then nobody listens.
    call.catch(() => undefined);
    calls.push(call);
  };
  for await (const ids of idsOf(reading)) {
    for (let start = 0; start < ids.length; start += size) {
      read(ids.slice(start, start + size));
      const first = calls.length < ahead ? undefined : calls.shift();
      if (first !== undefined) yield await first;
    }
  }
  for (const call of calls) yield await call;
}

function blockOf(
  { ids, vectors, payload }: RecordBatch,
  dimension: number,
  filters: readonly MetadataMatch[],
  seen: Seen,
): TruthBlock | null {
  const column = denseVector({ vectors });
  if (column === undefined || column.dimension !== dimension) return null;
  const { present } = column;
  const data = column.data;
  // A row without vector is near nothing.
  if (present !== null)
    for (const [row, one] of present.entries())
      if (one === 0) data.fill(Number.NaN, row * dimension, (row + 1) * dimension);
  seen.records += present === null ? ids.length : present.reduce((sum, one) => sum + one, 0);
  if (filters.length === 0) return { ids, data, filters: null };
  const bits = Uint32Array.from(ids, (_, row) => {
    let fits = 0;
    for (const [bit, filter] of filters.entries()) {
      const fit = fitOf(filter, payload.metadata[row] ?? null);
      if (fit === "fits") fits |= 1 << bit;
      else if (fit === "unsure") seen.unsure.add(filter);
    }
    return fits;
  });
  return { ids, data, filters: bits };
}
