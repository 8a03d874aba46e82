/** The copy: writing alone, reading alone, both together, and verified; each beside what bounds it and what others reach. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { Indexing } from "../src/migrate/request.ts";
import { chromaAvailable, startChroma } from "../test/support/chroma-server.ts";
import { makeFolder } from "../test/support/make-folder.ts";
import { fillChroma } from "./chroma.ts";
import { describeData, vectorFiller } from "./data.ts";
import { type Line, rateOf, tableOf } from "./table.ts";

export interface CopyOptions {
  readonly records: number;
  readonly dimension: number;
  readonly sources: readonly string[];
  /** How often writing and scrolling are measured; the median stands in the table. */
  readonly rounds: number;
  /** When a server builds the index: once a copy is verified, or while it goes on. */
  readonly indexing: Indexing;
}

/** Rows that writing and scrolling are measured with at most: they are all in memory before the clock starts. */
const partRowsMax = 200_000;
/** The embedded Qdrant is made for so many. */
const embeddedRowsMax = 1_000_000;

const measuredSchema = z.object({
  rows: z.number(),
  ms: z.number(),
  parts: z.record(z.string(), z.number().nullable()).default({}),
  rssMb: z.number(),
  cpuMs: z.number(),
});
export type Measured = z.infer<typeof measuredSchema>;

/** What all steps share. */
interface Bench extends CopyOptions {
  readonly work: string;
  readonly server: string | null;
  readonly targets: readonly string[];
  readonly lines: Line[];
  /** Rates of scrolls that compare nothing, once they were measured. */
  scrolls: Pick<Line, "limit" | "grpcClient" | "restClient"> | null;
}

const run = promisify(execFile);

/** Prints one table; every figure comes from a process of its own. */
export async function benchCopy(options: CopyOptions): Promise<void> {
  const { records, dimension, sources } = options;
  console.log(`${records} × ${dimension}, ${describeData(dimension)}`);
  const work = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  const server = process.env["QDRANT_URL"]?.replace(/\/+$/, "") ?? null;
  if (server === null) console.log("Left out: a Qdrant server (QDRANT_URL is not set)");
  const small = records <= embeddedRowsMax;
  if (!small) console.log(`Left out: embedded Qdrant (made for up to ${embeddedRowsMax} records)`);
  const targets = [...(small ? [`embedded:${work}/qdrant`] : []), ...(server ? [server] : [])];
  const bench: Bench = { ...options, work, server, targets, lines: [], scrolls: null };
  try {
    for (const target of targets.filter((one) => one !== server))
      add(bench, "write, embedded Qdrant", await measure("write", target, ...writeWords(bench)));
    if (server !== null) await benchWriting(bench, server);
    if (sources.includes("folder")) await benchFolder(bench);
    if (sources.includes("server")) await benchServer(bench);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`\n${tableOf(bench.lines)}\n\n${legend(options)}`);
}

function legend({ indexing, rounds }: CopyOptions): string {
  const when = indexing === "after" ? "held back until it is verified" : "built meanwhile";
  return [
    "Limit of writing: the same gRPC messages, encoded before the clock starts; of reading from a server: its answers, unparsed; of a copy: reading alone; of a verify: the target's answers, undecoded.",
    `Writing and copying: the index ${when}, for all alike. Writing and scrolling: median of ${rounds}.`,
    "Clients: @qdrant/js-client-grpc and @qdrant/js-client-rest with the same points, 1,000 a request, three requests in flight, their objects made before the clock starts.",
  ].join("\n");
}

/** All contestants in turn, round after round, so that what else the machine does meets all alike. */
async function benchWriting(bench: Bench, server: string): Promise<void> {
  const size = writeWords(bench);
  const [limit, grpc, rest, grpcClient, restClient] = await medians(bench.rounds, [
    ["write-encoded", server, ...size],
    ["write-grpc", server, ...size],
    ["write-rest", server, ...size],
    ["write-client-grpc", server, ...size],
    ["write-client-rest", server, ...size],
  ]);
  const others = {
    limit: limit && rateOf(limit),
    grpcClient: grpcClient && rateOf(grpcClient),
    restClient: restClient && rateOf(restClient),
  };
  add(bench, "write, limit: encoded before", limit);
  add(bench, "write, vecferry by gRPC", grpc, others);
  add(bench, "write, vecferry by REST", rest, others);
  add(bench, "write, gRPC client", grpcClient);
  add(bench, "write, REST client", restClient);
}

async function benchFolder(bench: Bench): Promise<void> {
  const { records, dimension, work } = bench;
  const folder = path.join(work, "chroma");
  makeFolder(folder, {
    records,
    dimension,
    distance: "cosine",
    name: "bench",
    documentLength: 60,
    metadataKeys: 5,
    fill: vectorFiller(dimension),
  });
  await benchSource(bench, "folder", folder, undefined);
}

async function benchServer(bench: Bench): Promise<void> {
  const missing = chromaAvailable();
  if (missing !== null) {
    console.log(`Left out: a Chroma server (${missing})`);
    return;
  }
  await using server = await startChroma();
  await fillChroma(server.url, bench.records, bench.dimension);
  const wire = await measure("read-wire", server.url);
  add(bench, "read, server, unparsed", wire);
  await benchSource(bench, "server", server.url.replace(/^http/, "chroma"), rateOf(wire));
}

async function benchSource(
  bench: Bench,
  name: string,
  address: string,
  limit: number | undefined,
): Promise<void> {
  const read = await measure("read", address);
  add(bench, `read, ${name}`, read, { limit });
  for (const target of bench.targets) {
    try {
      await benchCopying(bench, name, [address, target], rateOf(read));
    } finally {
      await measure("drop", target);
    }
  }
}

async function benchCopying(
  bench: Bench,
  name: string,
  [address, target]: readonly [string, string],
  limit: number,
): Promise<void> {
  const ends = [address, target, path.join(bench.work, `state-${bench.lines.length}`)];
  const copied = await measure("copy", ...ends, bench.indexing);
  const { copy, green } = copied.parts;
  const { rssMb, cpuMs } = copied;
  const to = `${name} to ${target === bench.server ? "Qdrant server" : "embedded Qdrant"}`;
  add(bench, `copy, ${to}`, { ...copied, ms: copy ?? Number.NaN }, { limit });
  add(bench, `copy and verify, ${to}`, copied, { limit, greenMs: green, rssMb, cpuMs });
  await benchVerify(bench, to, ends, target);
}

/** A verify of what was copied; on a server beside scrolls of it. */
async function benchVerify(
  bench: Bench,
  to: string,
  ends: readonly string[],
  target: string,
): Promise<void> {
  const verified = await measure("verify", ...ends);
  if (target === bench.server) bench.scrolls ??= await benchScrolls(bench, target);
  const beside = target === bench.server ? bench.scrolls : null;
  const alone = { ...verified, ms: verified.parts["target"] ?? Number.NaN };
  add(bench, `verify, ${to}: target`, alone, beside ?? {});
  const { rssMb, cpuMs } = verified;
  add(bench, `verify, ${to}: both ends`, verified, { rssMb, cpuMs });
}

async function benchScrolls(bench: Bench, server: string): Promise<NonNullable<Bench["scrolls"]>> {
  const words = [server, "bench", String(partRowsMax)];
  const [wire, grpc, rest] = await medians(bench.rounds, [
    ["scroll-wire", ...words],
    ["scroll-client-grpc", ...words],
    ["scroll-client-rest", ...words],
  ]);
  add(bench, "scroll, undecoded", wire);
  add(bench, "scroll, gRPC client", grpc);
  add(bench, "scroll, REST client", rest);
  return {
    limit: wire && rateOf(wire),
    grpcClient: grpc && rateOf(grpc),
    restClient: rest && rateOf(rest),
  };
}

function writeWords({ records, dimension, indexing }: CopyOptions): string[] {
  return [String(Math.min(records, partRowsMax)), String(dimension), indexing];
}

function add(
  { lines }: Pick<Bench, "lines">,
  what: string,
  measured: Measured | undefined,
  beside: Partial<Line> = {},
): void {
  if (measured === undefined) return;
  const { rows, ms } = measured;
  lines.push({ what, rows, ms, ...beside });
  console.log(`  ${what}: ${Math.round(rateOf({ rows, ms }))} rows/s`);
}

/** Each call in turn, round after round; the median of each, and nothing for one that fails. */
async function medians(
  rounds: number,
  calls: readonly (readonly string[])[],
): Promise<(Measured | undefined)[]> {
  const seen = calls.map((): Measured[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [role = "", ...words]] of calls.entries()) {
      try {
        seen[index]?.push(await measure(role, ...words));
      } catch (error) {
        console.log(`Left out: ${role} (${reasonOf(error)})`);
      }
    }
  }
  return seen.map((all) => {
    all.sort((one, other) => rateOf(one) - rateOf(other));
    return all[all.length >> 1];
  });
}

/** What a process has said of its failure, in a line. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  return text.split("\n").find((line) => /^\w*Error/.test(line)) ?? text;
}

/** One measure in a process of its own: see child.ts. */
export async function measure(role: string, ...words: string[]): Promise<Measured> {
  const script = path.join(import.meta.dirname, "child.ts");
  const args = ["--disable-warning=ExperimentalWarning", script, role, ...words];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 20 });
  return measuredSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}
