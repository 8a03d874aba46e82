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
import { describeData } from "./data.ts";
import { pythonWith } from "./embedded.ts";
import { each } from "./measured.ts";
import { type Contestant, contestants, grpcPort } from "./searching.ts";
import { apiKey } from "./server.ts";
import { collectionName, embeddingOf, type ServiceData, serviceData } from "./service-data.ts";
import { markdown } from "./table.ts";

export interface ServiceBenchOptions {
  readonly records: number;
  readonly dimension: number;
  readonly rounds: number;
}

/** What is told of each. */
interface Figures {
  readonly p50?: number;
  readonly p99?: number;
  readonly qps8?: number;
  readonly qps32?: number;
  readonly recall?: number | undefined;
  readonly addPerSecond?: number;
}

/** In which the lines stand; who is not here comes behind them. */
const order = [
  "bytes alone by gRPC",
  "bare request by gRPC",
  "VectorService by gRPC",
  "bytes alone by REST",
  "bare request by REST",
  "VectorService by REST",
];
const asked = 600;
const warmUp = 300;
const run = promisify(execFile);
const peerFigures = z.record(z.string(), z.number());

/** Prints one table. Contestants take turns query by query, so that whatever else the machine does meets all of them. */
export async function benchService(options: ServiceBenchOptions): Promise<void> {
  const url = process.env["QDRANT_URL"];
  if (!url) throw new Error("QDRANT_URL names the server that is measured.");
  const { records, dimension, rounds } = options;
  const data = await serviceData(records, dimension, asked);
  console.log(
    `${records} × ${dimension}, ${describeData(dimension)}, ${data.documents.size} tenants; limit 10 with payload, ${asked} queries, ${rounds} rounds\n`,
  );
  const found = new Map<string, Figures>(order.map((what) => [what, {}]));
  const add = (what: string, more: Figures): void => {
    found.set(what, { ...found.get(what), ...more });
  };
  await measureAdding(url, data, rounds, add);
  try {
    await fill(url, data);
    await measureSearching(url, data, rounds, add);
  } finally {
    await drop(url, collectionName);
  }
  await measureChroma(data, add);
  console.log(`\n${tableOf(found)}`);
}

const columns = [
  "",
  "p50 ms",
  "p99 ms",
  "q/s, 8 in flight",
  "q/s, 32 in flight",
  "recall@10",
  "documents added/s",
];

function tableOf(found: ReadonlyMap<string, Figures>): string {
  const beside = (of: number | undefined, to: number | undefined, digits: number): string => {
    if (of === undefined) return "";
    return of.toFixed(digits) + (to === undefined ? "" : ` (${(of / to).toFixed(2)}×)`);
  };
  const rows = Array.from(found, ([what, of]) => {
    const bare = found.get(what.replace("VectorService", "bare request")) ?? {};
    const to = what.startsWith("VectorService") ? bare : {};
    const bulk = what.startsWith("VectorService")
      ? found.get("bulk path")?.addPerSecond
      : undefined;
    return [
      what,
      beside(of.p50, to.p50, 2),
      beside(of.p99, to.p99, 2),
      beside(of.qps8, to.qps8, 0),
      beside(of.qps32, to.qps32, 0),
      of.recall?.toFixed(4) ?? "",
      beside(of.addPerSecond, bulk, 0),
    ];
  });
  return markdown([columns, ...rows]);
}

async function measureAdding(
  url: string,
  data: ServiceData,
  rounds: number,
  add: (what: string, figures: Figures) => void,
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
  url: string,
  data: ServiceData,
  rounds: number,
  add: (what: string, figures: Figures) => void,
): Promise<void> {
  const all = contestants(url, data.queries);
  try {
    const times = new Map<string, number[]>(all.map(({ what }) => [what, []]));
    const answers = new Map<string, { hits: number; wanted: number }>();
    for (let at = 0; at < warmUp; at += 1) for (const one of all) await one.ask(at % asked);
    for (let turn = 0; turn < rounds * asked; turn += 1) {
      const at = turn % asked;
      const truth = data.queries[at]?.truth ?? new Set();
      for (let place = 0; place < all.length; place += 1) {
        const one = all[(turn + place) % all.length];
        if (one === undefined) continue;
        const startedMs = performance.now();
        const ids = await one.ask(at);
        times.get(one.what)?.push(performance.now() - startedMs);
        if (ids === null) continue;
        const before = answers.get(one.what) ?? { hits: 0, wanted: 0 };
        const hits = before.hits + ids.filter((id) => truth.has(id)).length;
        answers.set(one.what, { hits, wanted: before.wanted + truth.size });
      }
    }
    for (const { what } of all) {
      const { hits, wanted } = answers.get(what) ?? { hits: 0, wanted: 0 };
      const some = times.get(what) ?? [];
      const recall = wanted === 0 ? undefined : hits / wanted;
      add(what, { p50: quantile(some, 0.5), p99: quantile(some, 0.99), recall });
    }
    for (const [name, inFlight] of [
      ["qps8", 8],
      ["qps32", 32],
    ] as const) {
      const rates = await ratesOf(all, inFlight, rounds);
      for (const [what, some] of rates) add(what, { [name]: quantile(some, 0.5) });
    }
  } finally {
    for (const one of all) await one[Symbol.asyncDispose]();
  }
}

/** Queries a second, by short turns. */
async function ratesOf(
  all: readonly Contestant[],
  inFlight: number,
  rounds: number,
): Promise<Map<string, number[]>> {
  const rates = new Map<string, number[]>(all.map(({ what }) => [what, []]));
  for (let round = 0; round < rounds * 3; round += 1) {
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

async function measureChroma(
  data: ServiceData,
  add: (what: string, figures: Figures) => void,
): Promise<void> {
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
  const floats = (vectors: readonly Float32Array[]): Buffer =>
    Buffer.concat(
      vectors.map(({ buffer, byteOffset, byteLength }) =>
        Buffer.from(buffer, byteOffset, byteLength),
      ),
    );
  const lines = (rows: readonly object[]): string =>
    rows.map((row) => JSON.stringify(row)).join("\n");
  writeFileSync(path.join(folder, "vectors.f32"), floats(flat.map(embeddingOf)));
  writeFileSync(path.join(folder, "queries.f32"), floats(queries.map(({ vector }) => vector)));
  const rows = flat.map(({ id, tenant, content, metadata }) => {
    return { id, tenant, document: content, metadata };
  });
  writeFileSync(path.join(folder, "documents.jsonl"), lines(rows));
  const truths = queries.map(({ tenant, truth }) => ({ tenant, truth: [...truth] }));
  writeFileSync(path.join(folder, "queries.jsonl"), lines(truths));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
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
