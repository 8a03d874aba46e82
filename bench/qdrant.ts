/** From a Qdrant server to a Qdrant server, beside Qdrant's own tool for it where its binary is at hand. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Indexing } from "../src/migrate/request.ts";
import { makeFolder } from "../test/support/make-folder.ts";
import { type Measured, measure } from "./copy.ts";
import { copied } from "./copying.ts";
import { describeData, vectorFiller } from "./data.ts";
import { apiKey } from "./server.ts";
import { rateOf } from "./table.ts";

export interface QdrantOptions {
  readonly records: number;
  readonly dimension: number;
  /** Copies by each, by turns; the medians are printed. */
  readonly rounds: number;
  readonly indexing: Indexing;
}

const run = promisify(execFile);
/** Points a request of the other tool: its default, and what serves it best. */
const toolBatches = [50, 1000];
/** Where the other tool keeps how far it is, at the target. */
const toolOffsets = "_migration_offsets";

/** Prints a line a figure. Every figure comes from a process of its own; both servers may have one key, in QDRANT_API_KEY. */
export async function benchQdrant(options: QdrantOptions): Promise<void> {
  const [source, target] = ["QDRANT_URL", "QDRANT_SECOND_URL"].map((name) =>
    process.env[name]?.replace(/\/+$/, ""),
  );
  if (source === undefined || target === undefined) {
    console.log("Left out: QDRANT_URL and QDRANT_SECOND_URL must name two Qdrant servers.");
    return;
  }
  const { records, dimension } = options;
  console.log(`${records} × ${dimension}, ${describeData(dimension)}\n`);
  const work = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  try {
    const folder = path.join(work, "chroma");
    makeFolder(folder, {
      records,
      dimension,
      distance: "cosine",
      name: copied,
      documentLength: 60,
      metadataKeys: 5,
      fill: vectorFiller(dimension),
    });
    await measure("copy", folder, source, path.join(work, "fill"), "after");
    await compare(options, source, target, work);
  } finally {
    await measure("drop", source);
    rmSync(work, { recursive: true, force: true });
  }
}

async function compare(
  { records, rounds, indexing }: QdrantOptions,
  source: string,
  target: string,
  work: string,
): Promise<void> {
  const tool = process.env["QDRANT_MIGRATION"];
  const ours: Measured[] = [];
  const theirs = new Map<number, number[]>(toolBatches.map((rows) => [rows, []]));
  for (let round = 0; round < rounds; round += 1) {
    try {
      ours.push(await measure("points", source, target, path.join(work, `${round}`), indexing));
    } finally {
      await measure("drop", target);
    }
    if (tool === undefined) continue;
    for (const [rows, all] of theirs) all.push(await timeTool(tool, source, target, rows));
  }
  const said = (what: string, ms: number) =>
    console.log(`${what}: ${Math.round(rateOf({ rows: records, ms }))} points/s`);
  said("vecferry, copied", median(ours.map(({ ms, parts }) => parts["copy"] ?? ms)));
  said("vecferry, copied and verified to the last bit", median(ours.map(({ ms }) => ms)));
  console.log(`vecferry, memory: ${median(ours.map(({ rssMb }) => rssMb))} MB`);
  if (tool === undefined) console.log("Left out: Qdrant's own tool (QDRANT_MIGRATION is not set)");
  else
    for (const [rows, all] of theirs)
      said(`Qdrant's own tool, ${rows} points a request, copied`, median(all));
}

/** Milliseconds of one copy by the other tool, from its start to its end. */
async function timeTool(
  tool: string,
  source: string,
  target: string,
  rows: number,
): Promise<number> {
  const end = (name: string, url: string) => [
    `--${name}.url=${grpcOf(url)}`,
    `--${name}.collection=${copied}`,
    ...(apiKey === "" ? [] : [`--${name}.api-key=${apiKey}`]),
  ];
  const args = ["qdrant", ...end("source", source), ...end("target", target)];
  const startedMs = performance.now();
  try {
    await run(tool, [...args, `--migration.batch-size=${rows}`], { maxBuffer: 1 << 26 });
    return performance.now() - startedMs;
  } finally {
    await measure("drop", target);
    await fetch(`${target}/collections/${toolOffsets}`, {
      method: "DELETE",
      headers: { "api-key": apiKey },
    });
  }
}

/** The gRPC address of a server: the port after its own. */
function grpcOf(address: string): string {
  const url = new URL(address);
  url.port = String(Number(url.port || 6333) + 1);
  return url.href.replace(/\/$/, "");
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
