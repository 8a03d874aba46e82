/** A store that is asked no more than its `Pace` allows: the same port, with waiting before the calls and calls in parts. */
import type { CollectionInfo } from "../model/collection.ts";
import { joinPoints, joinRecords, pickRecords, slicePoints } from "../model/parts.ts";
import { isCanonicalUuid } from "../model/point-id.ts";
import type { PointBatch, RecordBatch } from "../model/record.ts";
import type { Pace } from "./pace.ts";
import type { IdsOptions, ReadOptions, ReadResult, SourceStore, TargetStore } from "./port.ts";
import type { RecordTarget } from "./record-target.ts";

type Scan = TargetStore["scan"];
type ScanOptions = NonNullable<Parameters<Scan>[1]>;

/** The source, read at this pace. It is closed with the wrapper. */
export function gentleSource(store: SourceStore, pace: Pace): SourceStore {
  return reading(store, pace, joinRecords);
}

/** The target, read and written at this pace. It is closed with the wrapper. */
export function gentleTarget(store: TargetStore, pace: Pace): TargetStore {
  return {
    ...reading(store, pace, joinPoints),
    scan: (collection, options = {}) => scan(store, pace, collection, options),
    ensure: (spec, options) => pace.aside(() => store.ensure(spec, options)),
    async write(spec, batch, options = {}) {
      await inParts(pace, batch.ids.length, options.signal, (start, end) =>
        store.write(spec, slicePoints(batch, start, end), options),
      );
    },
    async remove(collection, selector, options = {}) {
      if (!("points" in selector))
        return await pace.aside(() => store.remove(collection, selector, options));
      const { points } = selector;
      await inParts(pace, points.length, options.signal, (start, end) =>
        store.remove(collection, { points: points.slice(start, end) }, options),
      );
    },
  };
}

/** The store of records, read and written at this pace. It is closed with the wrapper. */
export function gentleRecords(store: RecordTarget, pace: Pace): RecordTarget {
  return {
    ...reading(store, pace, joinRecords),
    assertName: (name) => store.assertName(name),
    ensure: (spec, options) => pace.aside(() => store.ensure(spec, options)),
    faults: (collection, batch, options) => store.faults(collection, batch, options),
    nearest: (batch) => store.nearest(batch),
    async write(collection, batch, options = {}) {
      const rows = [...batch.ids.keys()];
      await inParts(pace, rows.length, options.signal, (start, end) =>
        store.write(collection, pickRecords(batch, rows.slice(start, end)), options),
      );
    },
    async remove(collection, ids, options = {}) {
      await inParts(pace, ids.length, options.signal, (start, end) =>
        store.remove(collection, ids.slice(start, end), options),
      );
    },
    drop: (name, options) => pace.aside(() => store.drop(name, options)),
  };
}

function reading<Batch extends RecordBatch>(
  store: SourceStore<Batch>,
  pace: Pace,
  join: (batches: readonly Batch[]) => Batch,
): SourceStore<Batch> {
  const batchSizeMax = store.capabilities.batchSizeMax ?? Number.POSITIVE_INFINITY;
  const recordBytes = store.recordBytes?.bind(store);
  return {
    identity: store.identity,
    // Larger batches would be read as a whole, in turn, before the first of their rows is written.
    capabilities: { ...store.capabilities, batchSizeMax: Math.min(batchSizeMax, pace.rowsMax) },
    collections: (options) => pace.aside(() => store.collections(options)),
    count: (collection, options) => pace.aside(() => store.count(collection, options)),
    ids: (collection, options = {}) => ids(store, pace, collection, options),
    async read(collection, keys, options: ReadOptions = {}) {
      const results: ReadResult<Batch>[] = [];
      // A key asked for twice must not be answered by two parts.
      const unique = [...new Set(keys)];
      await inParts(pace, unique.length, options.signal, async (start, end) => {
        results.push(await store.read(collection, unique.slice(start, end), options));
      });
      return {
        batch: join(results.map(({ batch }) => batch)),
        absent: results.flatMap(({ absent }) => absent),
        failures: results.flatMap(({ failures }) => failures),
      };
    },
    search: (collection, vector, options) =>
      pace.aside(() => store.search(collection, vector, options)),
    ...(recordBytes === undefined
      ? {}
      : {
          recordBytes: (collection, options) => pace.aside(() => recordBytes(collection, options)),
        }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** Calls `part` for rows in a row, as many at once as the pace allows, until all `rows` are through; for none, once. */
async function inParts(
  pace: Pace,
  rows: number,
  signal: AbortSignal | undefined,
  part: (start: number, end: number) => Promise<void>,
): Promise<void> {
  let start = 0;
  do {
    await pace.request(
      "records",
      async () => {
        const end = Math.min(rows, start + pace.rows);
        await pace.take("records", end - start, signal);
        await pace.timed(() => part(start, end));
        start = end;
      },
      signal,
    );
  } while (start < rows);
}

async function* ids(
  store: SourceStore<RecordBatch>,
  pace: Pace,
  collection: CollectionInfo,
  options: IdsOptions,
): AsyncGenerator<string[]> {
  const chunks = store.ids(collection, options)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = () => pace.timed(() => chunks.next());
      const { done, value } = await pace.request("ids", next, options.signal);
      if (done) return;
      await pace.take("ids", value.length, options.signal);
      yield value;
    }
  } finally {
    await chunks.return?.();
  }
}

/** Where a page may have less than half or more than twice the rows that it has, the scan begins anew behind its last point. */
async function* scan(
  store: TargetStore,
  pace: Pace,
  collection: CollectionInfo,
  options: ScanOptions,
): AsyncGenerator<PointBatch> {
  const { batchSize = Number.POSITIVE_INFINITY, signal } = options;
  let last: string | null = null;
  for (let more = true; more; ) {
    more = false;
    const { rows } = pace;
    const size = Math.min(batchSize, rows);
    const from = last === null ? {} : { from: last };
    const bounded = Number.isFinite(size) ? { batchSize: size } : {};
    const pages = store.scan(collection, { ...options, ...bounded, ...from });
    const iterator = pages[Symbol.asyncIterator]();
    try {
      while (!more) {
        const next = () => pace.timed(() => iterator.next());
        const { done, value } = await pace.request("records", next, signal);
        if (done) return;
        await pace.take("records", value.ids.length, signal);
        const batch = value.placement.points[0] === last ? withoutFirst(value) : value;
        last = value.placement.points.at(-1) ?? last;
        if (batch.ids.length > 0) yield batch;
        const changed = pace.rows < rows / 2 || pace.rows > rows * 2;
        more = changed && last !== null && isCanonicalUuid(last);
      }
    } finally {
      await iterator.return?.();
    }
  }
}

function withoutFirst(batch: PointBatch): PointBatch {
  return slicePoints(batch, 1, batch.ids.length);
}
