/** The truth of a comparison: as `compare` finds it, from memory and from a folder, and by plain loops. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { blocksOf } from "../src/migrate/compare/blocks.ts";
import { trueDistance } from "../src/migrate/compare/distances.ts";
import { drawRecords } from "../src/migrate/compare/draw.ts";
import { findTruth } from "../src/migrate/compare/truth.ts";
import type { TruthBlock } from "../src/migrate/compare/truth-scan.ts";
import { type Distance, distances } from "../src/model/distance.ts";
import { connectSource } from "../src/open.ts";
import { seededRandom } from "../src/util/seeded-random.ts";
import { vectorFiller } from "./data.ts";
import type { Measured } from "./measured.ts";

const queriesAsked = 1_000;
/** k = 10, and the query's own record. */
const kept = 11;
const blockRows = 1_000;
const { signal } = new AbortController();

/** Wall time, processor time, and the longest that the event loop was held up. */
async function watched(rows: number, work: () => Promise<unknown>): Promise<Measured> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const startedMs = performance.now();
  await work();
  const ms = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  return { rows, ms, parts: { cpuMs: (user + system) / 1e3, heldUpMs: delay.max / 1e6 } };
}

function question(distance: Distance, dimension: number, queries: Float32Array) {
  const searches = Array.from({ length: queries.length / dimension }, (_, query) => ({
    query,
    filter: 0,
  }));
  return { distance, dimension, queries, searches, kept };
}

/** Rows as they come from a source, block by block. */
async function* made(records: number, dimension: number): AsyncGenerator<TruthBlock> {
  const fill = vectorFiller(dimension);
  for (let start = 0; start < records; start += blockRows) {
    const rows = Math.min(blockRows, records - start);
    const data = new Float32Array(rows * dimension);
    for (let row = 0; row < rows; row += 1)
      fill(start + row, data.subarray(row * dimension, (row + 1) * dimension));
    yield { ids: Array.from({ length: rows }, (_, row) => `r${start + row}`), data, filters: null };
  }
}

async function firstQueries(dimension: number, count: number): Promise<Float32Array> {
  for await (const { data } of made(count, dimension)) return data;
  return new Float32Array(0);
}

/** The truth over rows that are made as they are wanted. */
export async function truthOfMade(
  records: number,
  dimension: number,
  word: string,
): Promise<Measured> {
  const distance = distances.find((one) => one === word) ?? "cosine";
  const asked = question(distance, dimension, await firstQueries(dimension, queriesAsked));
  return await watched(records, () => findTruth(asked, made(records, dimension), records, signal));
}

/** The truth over a folder's records, the drawing of the queries included. */
export async function truthOfFolder(path: string): Promise<Measured> {
  await using source = await connectSource(path);
  const [info] = await source.collections();
  if (info === undefined) throw new Error(`${path} has no collection`);
  const reading = { source, info, where: null, limit: null, signal };
  const rows = info.count ?? 0;
  return await watched(rows, async () => {
    const drawn = await drawRecords(reading, queriesAsked, seededRandom(1));
    const asked = question(info.distance ?? "cosine", info.dimension ?? 0, drawn.vectors);
    const seen = { records: 0, unsure: new Set<never>() };
    await findTruth(
      asked,
      blocksOf(reading, [], seen, () => undefined),
      rows,
      signal,
    );
  });
}

/** The same distances one by one in JavaScript, for a fiftieth of the queries; gives the time for all of them. */
export async function truthByLoops(records: number, dimension: number): Promise<Measured> {
  const few = queriesAsked / 50;
  const queries = await firstQueries(dimension, few);
  const measured = await watched(records, async () => {
    for await (const { data, ids } of made(records, dimension))
      for (let query = 0; query < few; query += 1) {
        const vector = queries.subarray(query * dimension, (query + 1) * dimension);
        for (let row = 0; row < ids.length; row += 1)
          trueDistance("ip", vector, data, row * dimension);
      }
  });
  return { ...measured, ms: measured.ms * 50, parts: { cpuMs: measured.ms * 50, heldUpMs: null } };
}
