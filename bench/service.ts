/** What a search through `VectorService` costs beside the bare request, and what adding documents costs beside the bulk path. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { QdrantRepository } from "../src/repositories.ts";
import { chromaAvailable, startChroma } from "../test/support/chroma-server.ts";
import { adders, openStore } from "./adding.ts";
import { askInTurn, boundsOfRatio, quantile, quantileOfPasses } from "./asking.ts";
import { describeData } from "./data.ts";
import { pythonWith } from "./embedded.ts";
import { each } from "./measured.ts";
import { type Contestant, contestants, grpcPort, peers } from "./searching.ts";
import { apiKey } from "./server.ts";
import {
  collectionName,
  embeddingOf,
  type ServiceData,
  type ServiceQuery,
  serviceData,
} from "./service-data.ts";
import { markdown } from "./table.ts";

export interface ServiceBenchOptions {
  readonly records: number;
  readonly dimension: number;
  readonly rounds: number;
}

/** What is told of each. */
interface Figures {
  /** Milliseconds of the queries that were asked one at a time, in their order. */
  readonly times?: readonly number[];
  readonly p50?: number;
  readonly p99?: number;
  readonly qps8?: number;
  readonly qps32?: number;
  readonly recall?: number | undefined;
  readonly addPerSecond?: number;
}

const asked = 600;
/** How often each query is asked of each in a round, and before the clocks count: code that is new is compiled meanwhile. */
const timesARound = 3;
const timesBefore = 2;
/** So many are enough for those that take tens of milliseconds. */
const askedOfPeers = 200;
const run = promisify(execFile);
const peerFigures = z.record(z.string(), z.number());

type Add = (what: string, more: Figures) => void;

/** Prints one table. */
export async function benchService(options: ServiceBenchOptions): Promise<void> {
  const url = process.env["QDRANT_URL"];
  if (!url) throw new Error("QDRANT_URL names the server that is measured.");
  const { rounds } = options;
  const found = new Map<string, Figures>();
  const add: Add = (what, more) => {
    found.set(what, { ...found.get(what), ...more });
  };
  try {
    const queries = await measureWriting(url, options, add);
    const ours = contestants(url, queries);
    const some = queries.slice(0, askedOfPeers);
    const others = peers(url, some);
    try {
      await measureSearching(ours, queries, { times: rounds * timesARound, rounds }, add);
      await measureSearching(others, some, { times: 1, rounds: 1 }, add);
    } finally {
      for (const one of [...ours, ...others]) await one[Symbol.asyncDispose]();
    }
    console.log(`\n${tableOf(ours, found)}`);
  } finally {
    await drop(url, collectionName);
  }
}

/** All that needs the documents; the heap of who searches later holds none of them, as an application's does not. */
async function measureWriting(
  url: string,
  { records, dimension, rounds }: ServiceBenchOptions,
  add: Add,
): Promise<readonly ServiceQuery[]> {
  const data = await serviceData(records, dimension, asked);
  console.log(
    `${records} × ${dimension}, ${describeData(dimension)}, ${data.documents.size} tenants; limit 10 with payload, ${rounds * timesARound * asked} queries one at a time, ${rounds} rounds\n`,
  );
  await measureAdding(url, data, rounds, add);
  await measureChroma(data, add);
  await fill(url, data);
  return data.queries;
}

const columns = [
  "",
  "p50 ms",
  "p99 ms",
  "p99's ratio, 95 %",
  "q/s, 8 in flight",
  "q/s, 32 in flight",
  "recall@10",
  "documents added/s",
];

/** Ours first, each beside the one that it is measured by. */
function tableOf(ours: readonly Contestant[], found: ReadonlyMap<string, Figures>): string {
  const withRatio = (of: number | undefined, to: number | undefined, digits: number): string => {
    if (of === undefined) return "";
    return of.toFixed(digits) + (to === undefined ? "" : ` (${(of / to).toFixed(2)}×)`);
  };
  const beside = new Map(ours.map((one) => [one.what, one.beside ?? ""]));
  const rows = Array.from(new Set([...beside.keys(), ...found.keys()]), (what) => {
    const of = found.get(what) ?? {};
    const to = found.get(beside.get(what) ?? "") ?? {};
    const bulk = what.startsWith("VectorService") ? found.get("bulk path") : undefined;
    return [
      what,
      withRatio(of.p50, to.p50, 2),
      withRatio(of.p99, to.p99, 2),
      spreadOf(of.times, to.times),
      withRatio(of.qps8, to.qps8, 0),
      withRatio(of.qps32, to.qps32, 0),
      of.recall?.toFixed(4) ?? "",
      withRatio(of.addPerSecond, bulk?.addPerSecond, 0),
    ];
  });
  return markdown([columns, ...rows]);
}

function spreadOf(
  ours: readonly number[] | undefined,
  theirs: readonly number[] | undefined,
): string {
  if (ours === undefined || theirs === undefined) return "";
  const { low, high } = boundsOfRatio(ours, theirs, asked, 0.99);
  return `${low.toFixed(2)} to ${high.toFixed(2)}`;
}

async function measureAdding(
  url: string,
  data: ServiceData,
  rounds: number,
  add: Add,
): Promise<void> {
  const rates = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    // What is compared is measured in every round.
    const some = round === 0 ? adders : adders.slice(0, 2);
    for (const { what, add: addWith } of some) {
      const name = `${collectionName}-add`;
      await make(url, name, data.dimension);
      try {
        const { rows, ms } = await addWith(url, name, data);
        rates.set(what, [...(rates.get(what) ?? []), (rows * 1000) / ms]);
        console.log(`${what}: ${Math.round((rows * 1000) / ms)} documents/s`);
      } finally {
        await drop(url, name);
      }
    }
  }
  for (const [what, some] of rates) add(what, { addPerSecond: quantile(some, 0.5) });
}

async function measureSearching(
  all: readonly Contestant[],
  queries: readonly ServiceQuery[],
  { times, rounds }: { readonly times: number; readonly rounds: number },
  add: Add,
): Promise<void> {
  await askInTurn(all, queries, Math.min(times, timesBefore));
  for (const [what, one] of await askInTurn(all, queries, times)) {
    const p50 = quantile(one.times, 0.5);
    const p99 = quantileOfPasses(one.times, queries.length, 0.99);
    add(what, { times: one.times, p50, p99, recall: one.recall });
  }
  for (const [name, inFlight] of [
    ["qps8", 8],
    ["qps32", 32],
  ] as const) {
    const rates = await ratesOf(all, queries.length, inFlight, rounds);
    for (const [what, some] of rates) add(what, { [name]: quantile(some, 0.5) });
  }
}

/** Queries a second, by short turns. */
async function ratesOf(
  all: readonly Contestant[],
  asked: number,
  inFlight: number,
  rounds: number,
): Promise<Map<string, number[]>> {
  const rates = new Map<string, number[]>(all.map(({ what }) => [what, []]));
  for (let round = 0; round < 2 * rounds; round += 1) {
    for (let place = 0; place < all.length; place += 1) {
      const one = all[(round + place) % all.length];
      if (one === undefined) continue;
      const queries = Array.from({ length: asked }, (_, at) => at);
      const startedMs = performance.now();
      await each(queries, inFlight, async (at) => {
        await one.ask(at);
        return 1;
      });
      rates.get(one.what)?.push((asked * 1000) / (performance.now() - startedMs));
    }
  }
  return rates;
}

async function measureChroma(data: ServiceData, add: Add): Promise<void> {
  const reason = chromaAvailable();
  const python = pythonWith("chromadb");
  if (reason !== null || python === null) {
    console.log(`Left out: the chromadb client (${reason ?? "no Python has chromadb"})`);
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  try {
    await using chroma = await startChroma();
    writeForPeer(folder, data);
    const { hostname, port } = new URL(chroma.url);
    const script = path.join(import.meta.dirname, "service_peer.py");
    const { stdout } = await run(python.command, [script, hostname, port, folder], {
      env: python.env,
    });
    const figures = peerFigures.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
    add(`chromadb ${chroma.version}, Python's HttpClient`, figures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeForPeer(folder: string, { documents, queries }: ServiceData): void {
  const all = Array.from(documents, ([tenant, own]) => own.map((one) => ({ ...one, tenant })));
  const flat = all.flat();
  const some = queries.slice(0, askedOfPeers);
  const floats = (vectors: readonly Float32Array[]): Buffer =>
    Buffer.concat(
      vectors.map(({ buffer, byteOffset, byteLength }) =>
        Buffer.from(buffer, byteOffset, byteLength),
      ),
    );
  const lines = (rows: readonly object[]): string =>
    rows.map((row) => JSON.stringify(row)).join("\n");
  writeFileSync(path.join(folder, "vectors.f32"), floats(flat.map(embeddingOf)));
  writeFileSync(path.join(folder, "queries.f32"), floats(some.map(({ vector }) => vector)));
  const rows = flat.map(({ id, tenant, content, metadata }) => {
    return { id, tenant, document: content, metadata };
  });
  writeFileSync(path.join(folder, "documents.jsonl"), lines(rows));
  const truths = some.map(({ tenant, truth }) => ({ tenant, truth: [...truth] }));
  writeFileSync(path.join(folder, "queries.jsonl"), lines(truths));
}

function repositoryAt(url: string): QdrantRepository {
  return new QdrantRepository({
    url,
    grpcPort: grpcPort(url),
    ...(apiKey === "" ? {} : { apiKey }),
  });
}

async function make(url: string, name: string, dimension: number): Promise<void> {
  await drop(url, name);
  await using repository = repositoryAt(url);
  await repository.createCollectionOptimized({ name, vectorSize: dimension });
}

async function drop(url: string, name: string): Promise<void> {
  await using repository = repositoryAt(url);
  await repository.deleteCollection(name);
}

/** The collection that is searched, its index built. */
async function fill(url: string, data: ServiceData): Promise<void> {
  await make(url, collectionName, data.dimension);
  const [, byService] = adders;
  await byService?.add(url, collectionName, data);
  await using store = await openStore(url);
  for (let green = 0; green < 3; ) {
    const [info] = await store.collections({ names: [collectionName] });
    green = info?.status === "green" ? green + 1 : 0;
    await sleep(1000);
  }
}
