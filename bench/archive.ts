/** An archive of a folder, and a restore of it into a Qdrant server beside the limit of writing there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type MadeRecord, makeFolder } from "../test/support/make-folder.ts";
import { type Measured, measure } from "./copy.ts";
import { benchRecords, describeData, vectorFiller } from "./data.ts";
import { rateOf } from "./table.ts";

export interface ArchiveOptions {
  readonly records: number;
  readonly dimension: number;
  /** Archives and restores, one after the other; the medians are printed. */
  readonly rounds: number;
}

/** Wanted of 60,000 × 384 on 2 cores: rows a second, and the share of the limit. */
const wanted = { backup: 25_000, share: 0.7 };

/** Prints a line a figure. Every figure comes from a process of its own. */
export async function benchArchive({ records, dimension, rounds }: ArchiveOptions): Promise<void> {
  console.log(`${records} × ${dimension}, ${describeData(dimension)}\n`);
  const work = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  const server = process.env["QDRANT_URL"]?.replace(/\/+$/, "") ?? null;
  const [folder, archive] = [path.join(work, "chroma"), path.join(work, "archive")];
  try {
    makeFolder(folder, {
      records,
      dimension,
      distance: "cosine",
      name: "bench",
      made: await madeRecords(records, dimension),
      fill: vectorFiller(dimension),
    });
    const made: Measured[] = [];
    for (let round = 0; round < rounds; round += 1) {
      rmSync(archive, { recursive: true, force: true });
      made.push(await measure("backup", folder, archive, path.join(work, `b${round}`)));
    }
    const backup = median(made, ({ ms }) => ms);
    console.log(
      `backup: ${perSecond(backup, backup.ms)} (wanted: ${wanted.backup}), ${backup.rssMb} MB`,
    );
    if (server === null) console.log("Left out: restore (QDRANT_URL is not set)");
    else await benchRestore({ records, dimension, rounds }, archive, server, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The records that the limit's messages hold. */
async function madeRecords(count: number, dimension: number): Promise<MadeRecord[]> {
  const made: MadeRecord[] = [];
  for await (const { id, document, metadata } of benchRecords(count, dimension)) {
    const values = Object.entries(metadata).map(([key, value]) => [
      key,
      typeof value === "number" && !Number.isInteger(value) ? { float: value } : value,
    ]);
    made.push({ id, document, metadata: Object.fromEntries(values) });
  }
  return made;
}

async function benchRestore(
  { records, dimension, rounds }: ArchiveOptions,
  archive: string,
  server: string,
  work: string,
): Promise<void> {
  const limits: Measured[] = [];
  const restores: Measured[] = [];
  const size = [String(records), String(dimension), "after"];
  for (let round = 0; round < rounds; round += 1) {
    limits.push(await measure("write-encoded", server, ...size));
    try {
      const state = path.join(work, `r${round}`);
      restores.push(await measure("restore", archive, server, state, "after"));
    } finally {
      await measure("drop", server);
    }
  }
  const limit = median(limits, ({ ms }) => ms);
  const copyMs = ({ parts }: Measured): number => parts["copy"] ?? Number.NaN;
  const restore = median(restores, copyMs);
  // Of each restore and the limit right before it: the machine's own speed changes from round to round.
  const shares = restores.map((one, round) => (limits[round]?.ms ?? Number.NaN) / copyMs(one));
  const share = shares.sort((one, other) => one - other)[shares.length >> 1] ?? Number.NaN;
  console.log(`write, limit: ${perSecond(limit, limit.ms)}`);
  console.log(
    `restore, copy: ${perSecond(restore, copyMs(restore))}, ${Math.round(share * 100)} % of the limit (wanted: ${wanted.share * 100} %), ${restore.rssMb} MB`,
  );
  const { check, whole } = restore.parts;
  console.log(
    `restore, with the check of the archive and the listing: ${perSecond(restore, whole ?? Number.NaN)} (check: ${Math.round(check ?? 0)} ms)`,
  );
  console.log(`restore, verified: ${perSecond(restore, restore.ms)}`);
}

function perSecond({ rows }: Measured, ms: number): string {
  return `${Math.round(rateOf({ rows, ms }))} rows/s`;
}

function median(all: readonly Measured[], by: (one: Measured) => number): Measured {
  const sorted = [...all].sort((one, other) => by(one) - by(other));
  const found = sorted[sorted.length >> 1];
  if (found === undefined) throw new Error("nothing was measured");
  return found;
}
