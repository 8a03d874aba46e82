/** The embedded Qdrant as an application uses it, by the official client: in process, or over HTTP. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { QdrantClient } from "@qdrant/js-client-rest";
import { vectorFiller } from "./data.ts";
import type { Measured } from "./measured.ts";
import { limit, median, queryVectors, tenant, timed } from "./question.ts";
import { rssOf, served } from "./serving.ts";
import { Turns } from "./turns.ts";

/** The package as it is built: an application's threads have no types to strip. */
const built = (file: string) => import(new URL(`../dist/${file}`, import.meta.url).href);
const { openEmbedded }: typeof import("../src/embedded/open.ts") = await built("embedded/open.js");

/** How the engine is asked: in this process, or over HTTP, in one of its own. */
export type Road = "process" | "http";

const name = "bench";
const batchRows = 1_000;
const inFlight = 4;
const tenants = 50;
/** So many rows are scrolled at most. */
const scrolledMax = 100_000;

export type Client = Pick<
  QdrantClient,
  "createCollection" | "createPayloadIndex" | "upsert" | "query" | "scroll" | "getCollection"
>;

/** The payload of a row; embedded_peers.py makes the same. */
function payloadOf(row: number) {
  return {
    tenant: `t${row % tenants}`,
    rank: row,
    text: `The text of record ${row}, which is about as long as a short sentence usually is.`,
  };
}

/** Loads, reopens, searches and scrolls; milliseconds, and rows a second. */
export async function embed(road: Road, records: number, dimension: number): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  using turns = new Turns();
  try {
    const parts: Record<string, number> = {};
    await opened(road, folder, async (client) => {
      parts["loadMs"] = await load(client, records, dimension, turns);
    });
    const queries = queryVectors(records, dimension).map((vector) => [...vector]);
    const startedMs = performance.now();
    await turns.during(() =>
      opened(road, folder, async (client, pid) => {
        parts["openMs"] = performance.now() - startedMs;
        await indexed(client, records);
        await search(client, { records, queries, parts });
        await scroll(client, records, parts);
        parts["rssAfterMb"] = rssOf(pid);
      }),
    );
    if (road === "process") parts["turnMs"] = turns.longestMs;
    return { rows: records, ms: parts["loadMs"] ?? 0, parts };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Works with a client of the folder, and the number of the process that has it open. */
export async function opened(
  road: Road,
  folder: string,
  work: (client: Client, pid: number) => Promise<void>,
): Promise<void> {
  if (road === "process") {
    await using embedded = await openEmbedded(folder, { QdrantClient });
    await work(embedded.client, process.pid);
    return;
  }
  await using server = await served(folder);
  await work(clientOf(server.url), server.pid);
}

/** The official client. It takes answers as they are: unpacking them takes longer than sending them. */
export function clientOf(url: string): QdrantClient {
  return new QdrantClient({
    url,
    checkCompatibility: false,
    headers: { "accept-encoding": "identity" },
  });
}

/** Milliseconds that the upserts took; their points are made before each clock starts. */
export async function load(
  client: Client,
  records: number,
  dimension: number,
  turns: Turns,
): Promise<number> {
  await client.createCollection(name, { vectors: { size: dimension, distance: "Cosine" } });
  await client.createPayloadIndex(name, {
    field_name: "tenant",
    field_schema: "keyword",
    wait: true,
  });
  await client.createPayloadIndex(name, {
    field_name: "rank",
    field_schema: "integer",
    wait: true,
  });
  const fill = vectorFiller(dimension);
  let ms = 0;
  for (let start = 0; start < records; start += batchRows * inFlight) {
    const batches = Array.from({ length: inFlight }, (_, batch) =>
      rowsFrom(start + batch * batchRows, records).map((row) => {
        const vector = new Float32Array(dimension);
        fill(row, vector);
        return { id: row, vector: [...vector], payload: payloadOf(row) };
      }),
    ).filter((points) => points.length > 0);
    const startedMs = performance.now();
    await turns.during(() =>
      Promise.all(batches.map((points) => client.upsert(name, { wait: true, points }))),
    );
    ms += performance.now() - startedMs;
  }
  return ms;
}

function rowsFrom(first: number, records: number): number[] {
  const count = Math.max(0, Math.min(batchRows, records - first));
  return Array.from({ length: count }, (_, at) => first + at);
}

/** So long an index may take to begin. */
const beginMs = 5_000;

/** Waits until every vector is in the index, where there is to be one: of few vectors there is none. */
export async function indexed(client: Client, records: number): Promise<void> {
  if (!process.env["VECFERRY_USEARCH"]) return;
  const sinceMs = performance.now();
  for (;;) {
    const { status, indexed_vectors_count: count } = await client.getCollection(name);
    if (status === "green" && (count ?? 0) >= records) return;
    if (!count && performance.now() - sinceMs > beginMs) return;
    await new Promise((settle) => setTimeout(settle, 500));
  }
}

interface Searching {
  readonly records: number;
  readonly queries: number[][];
  readonly parts: Record<string, number>;
}

async function search(client: Client, { records, queries, parts }: Searching): Promise<void> {
  // Every one of so many, that all parts of the collection are asked for.
  const some = queries.filter((_, at) => at % (queries.length / timed) === 0);
  const range = { must: [{ key: "rank", range: { lt: records / 2 } }] };
  const ask = async (kind: string, more: object, asked = some) => {
    const found: number[][] = [];
    const took: number[] = [];
    for (const query of asked) {
      const startedMs = performance.now();
      const { points } = await client.query(name, { query, limit, with_payload: true, ...more });
      took.push(performance.now() - startedMs);
      found.push(points.map(({ score }) => score));
    }
    parts[`${kind}Ms`] = median(took);
    return found;
  };
  await ask("warm", {});
  const exact = await ask("exact", { params: { exact: true } }, queries);
  parts["recall"] = recallOf(exact, await ask("search", {}, queries));
  await ask("tenant", { filter: tenant });
  await ask("range", { filter: range });
}

/** The share of the exact nearest that were found; what is as near as the last of them counts. */
function recallOf(exact: readonly number[][], found: readonly number[][]): number {
  const near = found.map((scores, at) => {
    const bound = (exact[at]?.at(-1) ?? 0) - 1e-6;
    return scores.filter((score) => score >= bound).length / (exact[at]?.length ?? 1);
  });
  return near.reduce((sum, share) => sum + share, 0) / near.length;
}

async function scroll(
  client: Client,
  records: number,
  parts: Record<string, number>,
): Promise<void> {
  const startedMs = performance.now();
  let rows = 0;
  let offset: number | undefined;
  do {
    const page = await client.scroll(name, {
      limit: 1_000,
      ...(offset !== undefined && { offset }),
    });
    rows += page.points.length;
    offset = typeof page.next_page_offset === "number" ? page.next_page_offset : undefined;
  } while (offset !== undefined && rows < Math.min(records, scrolledMax));
  parts["scrolledPerSecond"] = (rows * 1_000) / (performance.now() - startedMs);
}
