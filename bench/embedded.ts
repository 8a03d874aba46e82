/** The embedded Qdrant beside others that run in an application's process: loading, opening, searching, scrolling, memory. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { usearchAvailable } from "../test/support/usearch.ts";
import { measure } from "./copy.ts";
import { describeData, vectorFiller } from "./data.ts";
import { queryVectors } from "./question.ts";
import { markdown } from "./table.ts";

export interface EmbeddedBenchOptions {
  readonly records: number;
  readonly dimension: number;
}

const run = promisify(execFile);

/** What each contestant is measured by; null = it has no such thing. */
const figures = z.record(z.string(), z.number().nullable());
type Figures = z.infer<typeof figures>;

interface Column {
  readonly head: string;
  readonly cell: (figures: Figures, records: number) => string;
}

const ms = (key: string, head: string): Column => ({
  head,
  cell: (of) => (typeof of[key] === "number" ? of[key].toFixed(2) : ""),
});
const columns: readonly Column[] = [
  {
    head: "load points/s",
    cell: (of, records) => String(Math.round((records * 1000) / (of["loadMs"] ?? Number.NaN))),
  },
  ms("openMs", "open ms"),
  ms("exactMs", "exact ms"),
  ms("searchMs", "search ms"),
  { head: "recall@10", cell: (of) => of["recall"]?.toFixed(4) ?? "" },
  ms("tenantMs", "tenant 2 % ms"),
  ms("rangeMs", "range 50 % ms"),
  { head: "longest turn ms", cell: (of) => of["turnMs"]?.toFixed(0) ?? "" },
  { head: "scroll rows/s", cell: (of) => String(Math.round(of["scrolledPerSecond"] ?? 0)) },
  { head: "RSS MB", cell: (of) => String(Math.round(of["rssAfterMb"] ?? 0)) },
];

/** Others: the module that must be there, and how many rows they are asked to hold. */
const peers = [
  {
    kind: "local",
    what: "qdrant-client local mode, :memory:",
    module: "qdrant_client",
    rowsMax: 60_000,
  },
  { kind: "edge", what: "qdrant-edge-py", module: "qdrant_edge", rowsMax: 1_000_000 },
  { kind: "chroma", what: "Chroma 1.5.9, in process", module: "chromadb", rowsMax: 200_000 },
];

/** Prints one table; every line comes from a process of its own. */
export async function benchEmbedded({ records, dimension }: EmbeddedBenchOptions): Promise<void> {
  console.log(
    `${records} × ${dimension}, ${describeData(dimension)}; medians of 200 searches, recall of 1,000\n`,
  );
  const rows: string[][] = [["", ...columns.map(({ head }) => head)]];
  const add = (what: string, of: Figures): void => {
    rows.push([what, ...columns.map(({ cell }) => cell(of, records))]);
    console.log(`${what}: ${JSON.stringify(of)}`);
  };
  const size = [String(records), String(dimension)];
  add("vecferry, in process", (await measure("embedded", "process", ...size)).parts);
  add("vecferry, over HTTP", (await measure("embedded", "http", ...size)).parts);
  const usearch = usearchAvailable();
  let roads: string[][] = [];
  if (typeof usearch === "string") console.log(`Left out: vecferry with usearch (${usearch})`);
  else {
    process.env["VECFERRY_USEARCH"] = usearch.path;
    add("vecferry with usearch, in process", (await measure("embedded", "process", ...size)).parts);
    add("vecferry with usearch, over HTTP", (await measure("embedded", "http", ...size)).parts);
    roads = await roadsOf(size);
    delete process.env["VECFERRY_USEARCH"];
  }
  await benchPeers({ records, dimension }, add);
  console.log(`\n${markdown(rows)}`);
  if (roads.length > 0) console.log(`\n${markdown(roads)}`);
}

/** Ways of a search with the filter of a tenant, and what they are called among the figures. */
const ways = [
  ["in process", "process"],
  ["bare request, a server that answers at once", "bareAtOnce"],
  ["bare request, vecferry serve", "bare"],
  ["official client, a server that answers at once", "clientAtOnce"],
  ["official client, vecferry serve", "client"],
] as const;

async function roadsOf(size: readonly string[]): Promise<string[][]> {
  const { parts } = await measure("roads", ...size);
  const whole = (value: number | null | undefined): string => value?.toFixed(0) ?? "";
  return [
    ["a search with a tenant's filter", "median ms", "client µs", "server µs"],
    ...ways.map(([what, key]) => [
      what,
      parts[`${key}Ms`]?.toFixed(2) ?? "",
      whole(parts[`${key}ClientMicros`]),
      whole(parts[`${key}ServerMicros`]),
    ]),
  ];
}

async function benchPeers(
  { records, dimension }: EmbeddedBenchOptions,
  add: (what: string, of: Figures) => void,
): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  try {
    const vectors = path.join(work, "vectors.f32");
    writeVectors(vectors, records, dimension);
    const queries = path.join(work, "queries.f32");
    writeFileSync(queries, Buffer.concat(queryVectors(records, dimension).map(bytesOf)));
    for (const { kind, what, module, rowsMax } of peers) {
      const python = pythonWith(module);
      if (python === null) console.log(`Left out: ${what} (no Python has ${module})`);
      else if (records > rowsMax) console.log(`Left out: ${what} (made for less than ${records})`);
      else {
        const script = path.join(import.meta.dirname, "embedded_peers.py");
        const words = [script, kind, vectors, queries, String(records), String(dimension), work];
        const { stdout } = await run(python.command, words, { env: python.env });
        add(what, figures.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")));
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function writeVectors(file: string, records: number, dimension: number): void {
  const fill = vectorFiller(dimension);
  const vector = new Float32Array(dimension);
  const handle = openSync(file, "w");
  for (let row = 0; row < records; row += 1) {
    fill(row, vector);
    writeSync(handle, bytesOf(vector));
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A Python that has the module: FRAMEWORKS_PYTHON, or python3 with what the tests keep in their cache. */
export function pythonWith(module: string) {
  const cache = process.env["VECFERRY_CACHE"] || path.join(import.meta.dirname, "../.cache");
  const env = { ...process.env, PYTHONPATH: path.join(cache, "chroma-1.5.9") };
  const candidates = [
    { command: process.env["FRAMEWORKS_PYTHON"] ?? "", env: process.env },
    { command: "python3", env },
  ];
  const has = ({ command, env: of }: (typeof candidates)[number]) =>
    command !== "" && spawnSync(command, ["-c", `import ${module}`], { env: of }).status === 0;
  return candidates.find(has) ?? null;
}
