/** What a copy does to who else uses the source: answer times of queries to a Chroma server, with no copy beside them and with several. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type ChromaServer, chromaAvailable, startChroma } from "../test/support/chroma-server.ts";
import { fillChroma } from "./chroma.ts";
import { describeData, vectorFiller } from "./data.ts";

export interface GentleOptions {
  readonly records: number;
  readonly dimension: number;
  /** Rounds of all cases, one after another, so that what else the machine does meets all alike. */
  readonly rounds: number;
}

/** Between two queries, as of a service with some load. */
const queryEveryMs = 20;
/** A copy that takes longer is stopped: what it does to others is known by then. */
const copyMsMax = 20_000;

const cases: Readonly<Record<string, readonly string[] | null>> = {
  "no copy": null,
  copy: [],
  "copy, --max-source-latency-ms 50": ["--max-source-latency-ms", "50"],
  "copy, --max-source-latency-ms 20": ["--max-source-latency-ms", "20"],
  "copy, --max-rows-per-second 2000": ["--max-rows-per-second", "2000"],
};

interface Seen {
  readonly answersMs: number[];
  rows: number;
  copyMs: number;
}

/** Prints a line a case: percentiles of the queries' answer times, and how fast the copy was meanwhile. */
export async function benchGentle({ records, dimension, rounds }: GentleOptions): Promise<void> {
  const missing = chromaAvailable();
  if (missing !== null) return console.log(`Left out: ${missing}`);
  console.log(`${records} × ${dimension}, ${describeData(dimension)}\n`);
  await using server = await startChroma();
  await fillChroma(server.url, records, dimension);
  const query = await queries(server, dimension);
  for (let time = 0; time < 100; time += 1) await query();
  const seen = new Map<string, Seen>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, flags] of Object.entries(cases)) {
      const sum = seen.get(name) ?? { answersMs: [], rows: 0, copyMs: 0 };
      seen.set(name, sum);
      await (flags === null ? queryFor(5000, query, sum) : copyBeside(server, flags, query, sum));
    }
  }
  console.log(`${"".padEnd(36)}queries    p50    p95    p99 ms   copied rows/s`);
  for (const [name, { answersMs, rows, copyMs }] of seen) {
    answersMs.sort((one, other) => one - other);
    const at = (share: number) =>
      (answersMs[Math.floor(share * (answersMs.length - 1))] ?? Number.NaN).toFixed(1).padStart(7);
    const rate = copyMs === 0 ? "" : String(Math.round((rows * 1000) / copyMs)).padStart(16);
    console.log(
      `${name.padEnd(36)}${String(answersMs.length).padStart(7)}${at(0.5)}${at(0.95)}${at(0.99)}   ${rate}`,
    );
  }
}

type Query = () => Promise<number>;

/** Sends one query, each with another vector; gives how long its answer took. */
async function queries({ url }: ChromaServer, dimension: number): Promise<Query> {
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  const { id } = z.object({ id: z.string() }).parse(await (await fetch(`${base}/bench`)).json());
  const fillVector = vectorFiller(dimension);
  const vector = new Float32Array(dimension);
  let row = 0;
  return async () => {
    row += 7;
    fillVector(row, vector);
    const body = JSON.stringify({ query_embeddings: [[...vector]], n_results: 10 });
    const startedMs = performance.now();
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${base}/${id}/query`, { method: "POST", headers, body });
    await answer.text();
    if (!answer.ok) throw new Error(`the server answers a query with ${answer.status}`);
    return performance.now() - startedMs;
  };
}

async function queryFor(ms: number, query: Query, { answersMs }: Seen): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) {
    answersMs.push(await query());
    await sleep(queryEveryMs);
  }
}

const eventSchema = z.looseObject({ type: z.string(), phase: z.string().optional() });
const progressSchema = z.object({ done: z.number() });

/** Copies into an embedded Qdrant, by the command as built; only queries while records are read are counted. */
async function copyBeside(
  { url }: ChromaServer,
  flags: readonly string[],
  query: Query,
  seen: Seen,
): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  const main = path.join(import.meta.dirname, "../dist/cli/main.js");
  const source = url.replace(/^http/, "chroma");
  const args = [main, "migrate", source, "embedded:./q", "--json", ...flags];
  const child = spawn(process.execPath, args, { cwd: work, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let copying = false;
  let startedMs = 0;
  let done = 0;
  const end = (): void => {
    if (copying) {
      seen.rows += done;
      seen.copyMs += performance.now() - startedMs;
    }
    copying = false;
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = eventSchema.parse(JSON.parse(line));
    if (event.phase === "copy" && event.type === "progress")
      done = progressSchema.parse(event).done;
    if (event.type !== "phase") return;
    if (event.phase !== "copy") return end();
    copying = true;
    startedMs = performance.now();
  });
  try {
    while (child.exitCode === null) {
      const ms = await query();
      if (copying) seen.answersMs.push(ms);
      if (copying && performance.now() - startedMs > copyMsMax) break;
      await sleep(queryEveryMs);
    }
    end();
  } finally {
    child.kill("SIGINT");
    await ended;
    rmSync(work, { recursive: true, force: true });
  }
}
