/** An archive made of a source, and a target made of the archive. */
import { existsSync } from "node:fs";
// Loaded before the clock starts.
import "../src/adapters/archive/index.ts";
import { runBackup } from "../src/migrate/backup/backup.ts";
import { defaultRequest, type Indexing } from "../src/migrate/request.ts";
import { runMigrate } from "../src/migrate/run.ts";
import { connectArchive, connectSource, createArchive, keepGenerations } from "../src/open.ts";
import type { Measured } from "./measured.ts";
import { openTarget } from "./server.ts";

const contextOf = (stateFolder: string) => ({
  stateFolder,
  signal: new AbortController().signal,
  onEvent: () => undefined,
});

/** `backup`, from the opened source to the archive under its name. */
export async function backup(
  sourceAddress: string,
  path: string,
  stateFolder: string,
): Promise<Measured> {
  await using source = await connectSource(sourceAddress);
  const startedMs = performance.now();
  const place = {
    path,
    stands: existsSync(path),
    write: (options: Parameters<typeof createArchive>[1]) =>
      createArchive(`archive:${path}`, options),
    read: () => connectArchive(`archive:${path}`),
    keep: (policy: Parameters<typeof keepGenerations>[1]) =>
      keepGenerations(`archive:${path}`, policy),
  };
  const request = {
    scope: defaultRequest.scope,
    batchSize: null,
    verify: false,
    keep: { last: null, daily: null },
  };
  const { exit, report } = await runBackup(source, place, request, contextOf(stateFolder));
  if (exit !== 0) throw new Error(`backup ended with ${exit}`);
  return { rows: report.totals.carried, ms: performance.now() - startedMs };
}

/** `restore`; parts: `check` of the archive's bytes, `copy` alone, and `whole`: both, and all between them, before the verify. */
export async function restore(
  path: string,
  targetAddress: string,
  stateFolder: string,
  indexing: Indexing,
): Promise<Measured> {
  await using target = await openTarget(targetAddress);
  const startedMs = performance.now();
  await using archive = await connectArchive(`archive:${path}`);
  const check = performance.now() - startedMs;
  const request = { ...defaultRequest, indexing };
  const { exit, report } = await runMigrate(archive, target, request, contextOf(stateFolder));
  if (exit !== 0) throw new Error(`restore ended with ${exit}: ${report.verify?.verdict}`);
  const ms = performance.now() - startedMs;
  const { copy = 0, verify = 0 } = report.phases;
  return { rows: report.totals.carried, ms, parts: { check, copy, whole: ms - verify } };
}
