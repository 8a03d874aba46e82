/**
 * How a quick test knows what it made. A collection is its own only where three things agree: the name,
 * `vecferry-quick-test-YYYYMMDDhhmmss-RUN` (UTC; RUN = the mark of its points, 16 hex digits); that RUN in what the collection
 * notes of itself, where the store keeps notes; and that RUN in the mark of every point.
 */
import { randomUUID } from "node:crypto";
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import type { SourceStore, StoreIdentity, TargetStore } from "../../store/port.ts";
import { migrationKey, runOf } from "../plan.ts";

const pattern = /^vecferry-quick-test-(\d{14})-([0-9a-f]{16})$/;
/** The key under which a collection that was written into a Chroma bears its run. */
export const sourceMark = "vecferry_quick_test";

/** One quick test, among all that there ever were. */
export interface QuickTestMark {
  /** Name of its collections, at either end. */
  readonly name: string;
  readonly run: string;
  /** The source's identity with a name that is this test's alone: no migration's points bear its run. */
  readonly identity: StoreIdentity;
}

/** The mark of a new quick test between two ends. */
export function newMark(source: SourceStore, target: TargetStore, now: Date): QuickTestMark {
  const address = `${source.identity.address}#quick-test-${randomUUID()}`;
  const identity = { ...source.identity, address };
  const run = runOf(migrationKey(identity, target.identity));
  const time = now.toISOString().replaceAll(/\D/g, "").slice(0, 14);
  return { name: `vecferry-quick-test-${time}-${run}`, run, identity };
}

/** What a name says of the quick test that made it; null where it is none of their names. */
export function parseName(name: string): { readonly run: string; readonly begun: Date } | null {
  const [, time = "", run] = pattern.exec(name) ?? [];
  if (run === undefined) return null;
  const [year, month, day, hour, minute, second] =
    /^(....)(..)(..)(..)(..)(..)$/.exec(time)?.slice(1) ?? [];
  const begun = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(begun.getTime()) ? null : { run, begun };
}

/** Whether a target collection bears the mark of the quick test that its name names; every point of it is looked at. */
export async function bearsMark(
  target: TargetStore,
  info: CollectionInfo,
  signal: AbortSignal,
): Promise<boolean> {
  const run = parseName(info.name)?.run;
  if (run === undefined || !isNoted(target, info, run)) return false;
  let points = 0;
  for await (const { placement } of target.scan(readable(info), { signal, vectors: false })) {
    if (placement.runs.some((one) => one !== run)) return false;
    points += placement.points.length;
  }
  // Where nothing is noted, the points alone tell.
  return points > 0 || target.capabilities.notes;
}

function isNoted(target: TargetStore, info: CollectionInfo, run: string): boolean {
  if (!target.capabilities.notes) return true;
  try {
    const sources = parseNote(info.name, info.note)?.sources ?? [];
    return sources.length > 0 && sources.every((source) => source.run === run);
  } catch {
    return false;
  }
}

/** Where a store keeps no notes, the mark still stands in the same place in every layout. */
function readable(info: CollectionInfo): CollectionInfo {
  const note = { format: 1, layout: "vecferry", tenanted: false, sources: [] };
  return { ...info, note: info.note ?? JSON.stringify(note) };
}

/** Whether a collection of the source is one that a quick test wrote there. */
export function isWrittenByTest(info: CollectionInfo): boolean {
  const run = parseName(info.name)?.run;
  if (run === undefined || info.metadata === null) return false;
  const metadata: unknown = JSON.parse(info.metadata);
  return Object(metadata)[sourceMark] === run;
}
