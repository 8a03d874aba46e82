/** The whole: a copy with its verify until the target is green, and a verify of what was copied. */

import { runPoints } from "../src/migrate/points/run.ts";
import { standingPoints } from "../src/migrate/points/source.ts";
import { defaultRequest, type Indexing } from "../src/migrate/request.ts";
import { runMigrate } from "../src/migrate/run.ts";
import { runVerify } from "../src/migrate/verify.ts";
import { connectSource } from "../src/open.ts";
import type { Measured } from "./measured.ts";
import { dropCollection, openTarget } from "./server.ts";

/** The collection that sources hold, and copies make. */
export const copied = "bench";

const contextOf = (stateFolder: string) => ({
  stateFolder,
  signal: new AbortController().signal,
  onEvent: () => undefined,
});

/** `migrate`; parts: `copy` without the verify, and `green` until the index is built. */
export async function copy(
  sourceAddress: string,
  targetAddress: string,
  stateFolder: string,
  indexing: Indexing,
): Promise<Measured> {
  await using source = await connectSource(sourceAddress);
  await using target = await openTarget(targetAddress);
  const startedMs = performance.now();
  const request = { ...defaultRequest, indexing, waitGreen: true };
  const { exit, report } = await runMigrate(source, target, request, contextOf(stateFolder));
  if (exit !== 0) throw new Error(`migrate ended with ${exit}: ${report.verify?.verdict}`);
  const green = performance.now() - startedMs;
  const ms = green - (report.phases["wait-green"] ?? 0);
  const made = (await target.collections()).find(({ name }) => name === copied);
  return {
    rows: report.totals.carried,
    ms,
    parts: {
      copy: ms - (report.phases["verify"] ?? 0),
      green: made?.status === "green" ? green : null,
    },
  };
}

/** `migrate` between two Qdrants; part: `copy` without the verify. */
export async function points(
  sourceAddress: string,
  targetAddress: string,
  stateFolder: string,
  indexing: Indexing,
): Promise<Measured> {
  await using source = await openTarget(sourceAddress);
  await using target = await openTarget(targetAddress);
  const startedMs = performance.now();
  const request = {
    command: "migrate",
    scope: { ...defaultRequest.scope, collections: [copied] },
    renames: new Map<string, string>(),
    targetCollection: null,
    merge: false,
    overwrite: false,
    propagateDeletes: false,
    aliases: true,
    indexing,
    waitGreen: false,
    batchSize: null,
  } as const;
  const { exit, report } = await runPoints(
    standingPoints(source),
    target,
    request,
    contextOf(stateFolder),
  );
  if (exit !== 0) throw new Error(`migrate ended with ${exit}: ${report.verify?.verdict}`);
  const ms = performance.now() - startedMs;
  const { verify = 0 } = report.phases;
  return { rows: report.totals.carried, ms, parts: { copy: ms - verify } };
}

/** `verify`; part: `target`, which is what `migrate` does at its end. */
export async function verify(
  sourceAddress: string,
  targetAddress: string,
  stateFolder: string,
): Promise<Measured> {
  await using source = await connectSource(sourceAddress);
  await using target = await openTarget(targetAddress);
  const startedMs = performance.now();
  const request = { scope: null, targetOnly: false, sample: null, onRecord: null };
  const { exit, report } = await runVerify(source, target, request, contextOf(stateFolder));
  if (exit !== 0) throw new Error(`verify ended with ${exit}: ${report.verify?.verdict}`);
  const ms = performance.now() - startedMs;
  const rows = report.verify?.collections.reduce((sum, { compared }) => sum + compared, 0) ?? 0;
  return { rows, ms, parts: { target: report.phases["verify"] ?? null } };
}

/** Takes away what a copy has made. */
export async function drop(targetAddress: string): Promise<Measured> {
  await using target = await openTarget(targetAddress);
  await dropCollection(target, copied);
  return { rows: 0, ms: 0 };
}
