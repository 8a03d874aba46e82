/** Fault 12: what a copy holds in memory does not grow with the collection. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startCli, temporaryFolder } from "../support/cli.ts";
import { makeFolder } from "../support/make-folder.ts";
import { serveFolder } from "../support/qdrant-places.ts";

const linux = process.platform === "linux";

/** The most memory that a process ever held, in MiB, as the kernel tells it (proc(5): VmHWM); null once it has ended. */
function peakMiB(pid: number): number | null {
  try {
    const [, kB] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kB === undefined ? null : Number(kB) / 1024;
  } catch {
    return null;
  }
}

/** Copies so many records into a served Qdrant; gives the peak of the copying process. */
async function peakOf(records: number): Promise<number> {
  using folder = temporaryFolder();
  makeFolder(join(folder.path, "chroma"), { records, dimension: 8, name: "made" });
  await using qdrant = await serveFolder(":memory:");
  const { child, ended } = startCli(["migrate", "./chroma", qdrant.url], {
    cwd: folder.path,
    // A small heap is collected often: what is left is held, and not only not collected yet.
    env: { NODE_OPTIONS: "--max-old-space-size=64 --max-semi-space-size=4" },
  });
  let peak = 0;
  // A heap that is too small for what is held is collected for ever, rather than given up.
  for (const endAt = Date.now() + 100_000; child.exitCode === null && Date.now() < endAt; ) {
    peak = Math.max(peak, peakMiB(child.pid ?? 0) ?? 0);
    await sleep(20);
  }
  child.kill("SIGKILL");
  expect(await ended).toMatchObject({ status: 0 });
  return peak;
}

describe.skipIf(!linux)(`12: memory${linux ? "" : " (the kernel's peak is read on Linux)"}`, () => {
  it("of a copy of 300,000 records is that of a copy of 100,000, give or take caches of fixed size", async () => {
    const small = await peakOf(100_000);
    const large = await peakOf(300_000);
    console.log(
      `peak of 100,000 records: ${small.toFixed()} MiB; of 300,000: ${large.toFixed()} MiB`,
    );
    // What differs is caches of fixed size that the smaller copy does not fill; 210 bytes held of each record are too many.
    expect(large - small).toBeLessThan(40);
    expect(large).toBeLessThan(300);
  });
});
