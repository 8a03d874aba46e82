/** One measurement in a process of its own, so that its peak of memory is its own. Prints one line of JSON. */
import { connectSource, connectTarget } from "../src/connect.ts";
import { prepare } from "../src/migrate/prepare.ts";
import { defaultRequest } from "../src/migrate/request.ts";
import { runMigrate } from "../src/migrate/run.ts";
import { optimalBatchSize } from "../src/model/batch-size.ts";
import type { CollectionSpec } from "../src/model/collection.ts";
import { defaultVector, type RecordBatch } from "../src/model/record.ts";
import type { SourceStore, TargetStore } from "../src/store/port.ts";
import { keepHeapSmall } from "../src/util/heap.ts";
import { Slots } from "../src/util/slots.ts";
import { runWorkers } from "../src/util/workers.ts";
import { benchRecords } from "./data.ts";

keepHeapSmall();
const { signal } = new AbortController();
const payloadBytes = 300;
const apiKey = process.env["QDRANT_API_KEY"];
const options = apiKey === undefined ? {} : { qdrant: { apiKey } };

interface Measured {
  rows: number;
  ms: number;
  [figure: string]: number;
}

const measures: Record<string, (...words: string[]) => Promise<Measured>> = {
  read: async (address = "") => {
    await using source = await connectSource(address);
    return await timed(() => readAll(source));
  },
  write: async (address = "", records = "0", dimension = "0") => {
    await using target = await connectTarget(address, options);
    return await writeAll(target, Number(records), Number(dimension));
  },
  copy: async (sourceAddress = "", targetAddress = "", stateFolder = "") => {
    await using source = await connectSource(sourceAddress);
    await using target = await connectTarget(targetAddress, options);
    const startedAt = performance.now();
    const { exit, report } = await runMigrate(source, target, defaultRequest, {
      stateFolder,
      signal,
      onEvent: () => undefined,
    });
    if (exit !== 0) throw new Error(`migrate ended with ${exit}: ${report.verify?.verdict}`);
    const ms = performance.now() - startedAt;
    const green = await untilGreen(target);
    return {
      rows: report.totals.carried,
      ms,
      copyMs: ms - (report.phases["verify"] ?? 0),
      greenMs: ms + green,
    };
  },
  drop: async (address = "") => {
    await using target = await connectTarget(address, options);
    const [info] = (await target.collections()).filter(({ name }) => name === "bench");
    if (info !== undefined) await target.remove(info, { everything: true });
    return { rows: 0, ms: 0 };
  },
};

async function timed(work: () => Promise<number>): Promise<Measured> {
  const startedAt = performance.now();
  const rows = await work();
  return { rows, ms: performance.now() - startedAt };
}

async function readAll(source: SourceStore): Promise<number> {
  let rows = 0;
  for (const collection of await source.collections()) {
    const rowsMax = [source.capabilities.batchSizeMax];
    const size = optimalBatchSize({ dimension: collection.dimension ?? 1, payloadBytes, rowsMax });
    const queue: string[][] = [];
    for await (const ids of source.ids(collection)) {
      for (let start = 0; start < ids.length; start += size)
        queue.push(ids.slice(start, start + size));
    }
    await runWorkers(source.capabilities.concurrency, signal, async () => {
      for (let ids = queue.shift(); ids !== undefined; ids = queue.shift()) {
        const { batch } = await source.read(collection, ids);
        rows += batch.ids.length;
      }
    });
  }
  return rows;
}

const plan = {
  source: {
    key: "bench",
    name: "bench",
    tenant: null,
    database: null,
    dimension: null,
    distance: "cosine" as const,
    distanceFrom: null,
    count: null,
    metadata: null,
    configuration: null,
    schema: null,
    status: null,
    note: null,
  },
  target: "vecferry-bench-write",
  tenant: null,
  tenanted: false,
  merged: false,
  layout: "vecferry" as const,
  idPrefix: null,
  distance: "cosine" as const,
};

async function writeAll(
  target: TargetStore,
  records: number,
  dimension: number,
): Promise<Measured> {
  const spec: CollectionSpec = {
    name: plan.target,
    dimension,
    distance: "cosine",
    layout: "vecferry",
    tenanted: false,
    ...defaultRequest.settings,
    sources: [],
  };
  await target.ensure(spec);
  const [info] = (await target.collections()).filter(({ name }) => name === spec.name);
  if (info === undefined) throw new Error("the collection was not made");
  try {
    const { bodyBytesMax } = target.capabilities;
    const size = optimalBatchSize({ dimension, payloadBytes, bodyBytesMax });
    const batches: RecordBatch[] = [];
    for await (const batch of batchesOf(records, dimension, size)) batches.push(batch);
    const writes = new Slots(target.capabilities.concurrency);
    return await timed(async () => {
      let rows = 0;
      await Promise.all(
        batches.map((records) =>
          writes.run(async () => {
            const { batch } = prepare(records, { ...plan, dimension }, "0".repeat(16));
            await target.write(spec, batch);
            rows += batch.ids.length;
          }, signal),
        ),
      );
      return rows;
    });
  } finally {
    await target.remove(info, { everything: true });
  }
}

async function* batchesOf(
  records: number,
  dimension: number,
  size: number,
): AsyncGenerator<RecordBatch> {
  let rows: { id: string; document: string; metadata: string; vector: Float32Array }[] = [];
  for await (const { id, document, metadata, vector } of benchRecords(records, dimension)) {
    rows.push({ id, document, vector, metadata: JSON.stringify(metadata) });
    if (rows.length < size) continue;
    yield toBatch(rows, dimension);
    rows = [];
  }
  if (rows.length > 0) yield toBatch(rows, dimension);
}

function toBatch(
  rows: { id: string; document: string; metadata: string; vector: Float32Array }[],
  dimension: number,
): RecordBatch {
  const data = new Float32Array(rows.length * dimension);
  rows.forEach(({ vector }, row) => {
    data.set(vector, row * dimension);
  });
  return {
    ids: rows.map(({ id }) => id),
    vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
    payload: {
      documents: rows.map(({ document }) => document),
      uris: rows.map(() => null),
      metadata: rows.map(({ metadata }) => metadata),
    },
  };
}

async function untilGreen(target: TargetStore): Promise<number> {
  const startedAt = performance.now();
  for (let turn = 0; turn < 3000; turn += 1) {
    const waiting = (await target.collections()).filter(({ status }) => status !== "green");
    if (waiting.length === 0) return performance.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return Number.NaN;
}

const [role = "", ...words] = process.argv.slice(2);
const measured = await measures[role]?.(...words);
if (measured === undefined) throw new Error(`no measure ${role}`);
const rssMb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...measured, rssMb }));
process.exit(0);
