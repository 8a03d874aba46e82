/**
 * What a pass over a finished job takes when the source has changed a little: the command as built, from a folder that a real
 * Chroma wrote and from that Chroma's server, to a Qdrant server that has built its index; deletions are carried, and the
 * target is verified.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { greenWaitMs, waitUntilGreen } from "../src/migrate/wait-green.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../test/support/chroma-server.ts";
import { fillChroma } from "./chroma.ts";
import { benchRecords, describeData } from "./data.ts";
import { openTarget } from "./server.ts";

export interface DeltaOptions {
  readonly records: number;
  readonly dimension: number;
  /** Changes and passes, one after the other. */
  readonly rounds: number;
}

/** What is changed before each pass, a third of it each added, changed and deleted. */
const changedShare = 0.01;
/** Wanted of 60,000 × 384 on 2 cores. */
const wantedSeconds = { folder: 5, server: 10 } as const;
type From = keyof typeof wantedSeconds;
const froms = Object.keys(wantedSeconds) as From[];

const collection = "bench";
const countsSchema = z.object({ added: z.number(), changed: z.number(), deleted: z.number() });
const resultSchema = z.object({
  exit: z.number(),
  report: z.object({
    delta: countsSchema.nullable(),
    phases: z.record(z.string(), z.number()),
    totals: z.object({ carried: z.number() }),
    verify: z.object({ verdict: z.string() }).nullable(),
  }),
});

interface Pass {
  readonly seconds: number;
  readonly phases: Readonly<Record<string, number>>;
}

/** Prints a line a source: the first copy, and the median pass with its parts. */
export async function benchDelta({ records, dimension, rounds }: DeltaOptions): Promise<void> {
  const qdrant = process.env["QDRANT_URL"]?.replace(/\/+$/, "");
  const missing = qdrant === undefined ? "QDRANT_URL is not set" : chromaAvailable("1.5.9", true);
  if (qdrant === undefined || missing !== null) return console.log(`Left out: ${missing}`);
  const each = Math.max(3, Math.round((records * changedShare) / 3));
  console.log(
    `${records} × ${dimension}, ${describeData(dimension)}; before each pass ${each} added, ${each} changed, ${each} deleted\n`,
  );
  const work = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  const folder = mkdtempSync(path.join(tmpdir(), "vecferry-bench-chroma-"));
  try {
    await using chroma = await startChroma({ path: folder });
    await fillChroma(chroma.url, records, dimension);
    const addresses = { folder, server: chroma.url.replace(/^http/, "chroma") };
    const run = (from: From, ...flags: string[]) =>
      migrate([addresses[from], qdrant], [...renamed(from), ...flags], path.join(work, from));
    const first = { folder: await run("folder"), server: await run("server") };
    const passes: Record<From, Pass[]> = { folder: [], server: [] };
    const source = await changer(chroma, records, dimension, each);
    for (let round = 0; round < rounds; round += 1) {
      await source(round);
      for (const from of froms) {
        await indexed(qdrant);
        const pass = await run(from, "--propagate-deletes");
        assertCounts(pass.delta, each);
        passes[from].push(pass);
      }
    }
    for (const from of froms) tell(from, first[from], passes[from]);
  } finally {
    await drop(qdrant);
    for (const one of [work, folder]) rmSync(one, { recursive: true, force: true });
  }
}

const targetOf = (from: From): string => `bench-delta-${from}`;
const renamed = (from: From): string[] => ["--rename", `${collection}=${targetOf(from)}`];

function tell(from: From, first: Pass, passes: readonly Pass[]): void {
  const [median] = [...passes]
    .sort((one, other) => one.seconds - other.seconds)
    .slice(passes.length >> 1);
  if (median === undefined) return;
  const parts = Object.entries(median.phases).map(([name, ms]) => `${name} ${ms} ms`);
  const all = passes.map(({ seconds }) => seconds.toFixed(1)).join(", ");
  console.log(
    `${from}: ${median.seconds.toFixed(1)} s a pass (wanted: ${wantedSeconds[from]} s; all: ${all}); the first copy took ${first.seconds.toFixed(1)} s\n  ${parts.join(", ")}`,
  );
}

function assertCounts(delta: z.infer<typeof countsSchema> | null, each: number): void {
  const { added, changed, deleted } = delta ?? { added: 0, changed: 0, deleted: 0 };
  if (added === each && changed === each && deleted === each) return;
  throw new Error(`A pass has found ${added} added, ${changed} changed, ${deleted} deleted.`);
}

/** Runs the command; the seconds are the process's, from its start to its end. */
async function migrate(
  ends: readonly string[],
  flags: readonly string[],
  state: string,
): Promise<Pass & { readonly delta: z.infer<typeof countsSchema> | null }> {
  const main = path.join(import.meta.dirname, "../dist/cli/main.js");
  const startedMs = performance.now();
  const args = [main, "migrate", ...ends, ...flags, "--json", "--state", state];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  await new Promise<void>((resolve) => child.once("close", () => resolve()));
  const seconds = (performance.now() - startedMs) / 1000;
  const last = printed.stdout.trim().split("\n").at(-1) ?? "";
  if (child.exitCode !== 0)
    throw new Error(`migrate ended with ${child.exitCode}: ${printed.stderr}`);
  const { report } = resultSchema.parse(JSON.parse(last));
  return { seconds, phases: report.phases, delta: report.delta };
}

/** Changes the source by plain HTTP, in each round other records. */
async function changer(
  { url }: ChromaServer,
  records: number,
  dimension: number,
  each: number,
): Promise<(round: number) => Promise<void>> {
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  const { id: key } = z
    .object({ id: z.string() })
    .parse(await (await fetch(`${base}/${collection}`)).json());
  const ids: string[] = [];
  for await (const { id } of benchRecords(records, dimension)) ids.push(id);
  const send = async (verb: string, body: object): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const to = `${base}/${key}/${verb}`;
    const answer = await fetch(to, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${verb}: ${answer.status} ${await answer.text()}`);
  };
  const vectors = (round: number, rows: number) =>
    Array.from({ length: rows }, (_, row) =>
      Array.from({ length: dimension }, (_, place) => Math.sin(round + row * 7 + place)),
    );
  return async (round) => {
    const step = Math.floor(records / each);
    const at = (offset: number) =>
      Array.from({ length: each }, (_, index) => ids[index * step + 2 * round + offset] ?? "");
    const news = Array.from({ length: each }, (_, index) => `added-${round}-${index}`);
    const texts = news.map((name) => `The text of ${name}.`);
    const metadatas = news.map((name) => ({ round, name }));
    const embeddings = vectors(round, each);
    await send("add", { ids: news, embeddings, documents: texts, metadatas });
    const changed = at(0);
    const third = Math.ceil(each / 3);
    const part = <Value>(values: Value[], index: number) =>
      values.slice(index * third, (index + 1) * third);
    await send("update", { ids: part(changed, 0), embeddings: part(embeddings, 0) });
    await send("update", { ids: part(changed, 1), documents: part(texts, 1) });
    await send("update", { ids: part(changed, 2), metadatas: part(metadatas, 2) });
    await send("delete", { ids: at(1) });
  };
}

/** A pass over what was copied long ago has the processors to itself: nothing is left of the index to build. */
async function indexed(qdrant: string): Promise<void> {
  await using target = await openTarget(qdrant);
  const { signal } = new AbortController();
  await waitUntilGreen(target, new Set(froms.map(targetOf)), greenWaitMs, signal);
}

async function drop(qdrant: string): Promise<void> {
  await using target = await openTarget(qdrant);
  const made = new Set(froms.map(targetOf));
  for (const info of await target.collections())
    if (made.has(info.name)) await target.remove(info, { everything: true });
}
