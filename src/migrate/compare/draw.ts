/** Draws records of a source to search by. */
import type { CollectionInfo } from "../../model/collection.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { IdsOptions, SourceStore } from "../../store/port.ts";
import { normAt } from "./distances.ts";

/** Records to search by: their vectors have a direction and are finite. */
export interface Drawn {
  readonly ids: readonly string[];
  /** Row-major. */
  readonly vectors: Float32Array;
  /** JSON texts. */
  readonly metadata: readonly (string | null)[];
}

/** Which records, and how they are read. */
export interface Reading {
  readonly source: SourceStore;
  readonly info: CollectionInfo;
  readonly where: unknown;
  readonly limit: number | null;
  readonly signal: AbortSignal;
}

/** Records a call to read at most. */
const rowsMax = 1000;
/** Bytes of vectors that a call aims at. */
const callBytes = 2 * 1024 * 1024;

/** Records that one call reads. */
export function rowsACall({ source, info }: Pick<Reading, "source" | "info">): number {
  const byBytes = Math.floor(callBytes / (4 * Math.max(1, info.dimension ?? 1)));
  return Math.max(1, Math.min(rowsMax, byBytes, source.capabilities.batchSizeMax ?? rowsMax));
}

export function idsOf({ source, info, where, limit, signal }: Reading): AsyncIterable<string[]> {
  const options: IdsOptions = {
    signal,
    ...(where === null ? {} : { where }),
    ...(limit === null ? {} : { limit }),
  };
  return source.ids(info, options);
}

/** `wanted` records, each as likely as any other (Vitter's algorithm R), less those that cannot be searched by. */
export async function drawRecords(
  reading: Reading,
  wanted: number,
  random: () => number,
): Promise<Drawn> {
  const ids: string[] = [];
  let seen = 0;
  for await (const chunk of wanted === 0 ? [] : idsOf(reading)) {
    for (const id of chunk) {
      seen += 1;
      if (ids.length < wanted) ids.push(id);
      else {
        const place = Math.floor(random() * seen);
        if (place < wanted) ids[place] = id;
      }
    }
  }
  return readDrawn(reading, ids);
}

async function readDrawn(reading: Reading, ids: readonly string[]): Promise<Drawn> {
  const { source, info, signal } = reading;
  const dimension = info.dimension ?? 0;
  const rows = rowsACall(reading);
  const found: string[] = [];
  const metadata: (string | null)[] = [];
  const vectors = new Float32Array(ids.length * dimension);
  for (let start = 0; start < ids.length; start += rows) {
    const { batch } = await source.read(info, ids.slice(start, start + rows), { signal });
    const column = denseVector(batch);
    if (column === undefined || column.dimension !== dimension) continue;
    for (const [row, id] of batch.ids.entries()) {
      const at = row * dimension;
      const norm = normAt(column.data, at, dimension);
      if (column.present?.[row] === 0 || !Number.isFinite(norm) || norm === 0) continue;
      vectors.set(column.data.subarray(at, at + dimension), found.length * dimension);
      metadata.push(batch.payload.metadata[row] ?? null);
      found.push(id);
    }
  }
  return { ids: found, vectors: vectors.subarray(0, found.length * dimension), metadata };
}
