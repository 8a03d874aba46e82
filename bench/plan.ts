/** What `plan` and `doctor` take on a large Chroma folder: seconds, processor time and peak memory of the command as built. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { makeFolder } from "../test/support/make-folder.ts";

export interface PlanBenchOptions {
  readonly records: number;
  readonly dimension: number;
  readonly rounds: number;
}

/** Runs the command and, once it has ended, prints what it took. */
const probe = `
  const { runCli } = await import(process.argv[1]);
  const { keepHeapSmall } = await import(process.argv[2]);
  keepHeapSmall();
  const { Writable } = await import("node:stream");
  const stdout = new Writable({ write: (chunk, encoding, done) => done() });
  const startedMs = performance.now();
  const exit = await runCli({
    argv: process.argv.slice(3),
    variables: {},
    folder: process.cwd(),
    stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  console.log(JSON.stringify({ exit, seconds, cpuSeconds: (user + system) / 1e6, rssMb: maxRSS / 1024 }));`;

const taken = z.object({
  exit: z.literal(0),
  seconds: z.number(),
  cpuSeconds: z.number(),
  rssMb: z.number(),
});

/** Prints a line a round: the verb on a made folder with documents of 40 characters and three metadata keys. */
export async function benchPlan(
  verb: "plan" | "doctor",
  { records, dimension, rounds }: PlanBenchOptions,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  try {
    makeFolder(folder, { records, dimension, documentLength: 40, metadataKeys: 3 });
    console.log(`${verb} of a folder, ${records} × ${dimension}\n`);
    console.log("seconds   of processor   peak RSS MB");
    for (let round = 0; round < rounds; round += 1) {
      const { seconds, cpuSeconds, rssMb } = runVerb([verb, folder], folder);
      const columns = [seconds.toFixed(1).padStart(7), cpuSeconds.toFixed(1).padStart(14)];
      console.log(`${columns.join(" ")} ${Math.round(rssMb).toString().padStart(13)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a verb of the built command in a process of its own. */
function runVerb(args: readonly string[], cwd: string): z.infer<typeof taken> {
  const modules = ["cli/run.js", "util/heap.js"].map(
    (file) => new URL(`../dist/${file}`, import.meta.url).href,
  );
  const node = ["--input-type=module", "-e", probe, ...modules, ...args];
  const { stdout, stderr } = spawnSync(process.execPath, node, { cwd, encoding: "utf8" });
  const parsed = taken.safeParse(JSON.parse(stdout.trimEnd().split("\n").at(-1) || "null"));
  if (!parsed.success) throw new Error(`The command failed: ${stderr}`);
  return parsed.data;
}
