/** One collection of the migration, seen from the way back: what it was carried as, and what Chroma has of it now. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import type { SourceStore } from "../../store/port.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import type { Journal, JournalCollection, Migration } from "../journal/journal.ts";
import type { Ledger } from "../journal/ledger.ts";
import type { LedgerRow } from "../journal/row.ts";
import { prepare } from "../prepare.ts";
import { normalizedUlps, type PointAt, sameButForUlps } from "../verify/describe.ts";

export interface Way {
  readonly entered: JournalCollection;
  readonly plan: CollectionPlan;
  readonly run: string;
  readonly ledger: Ledger;
  /** As Chroma has it now; null = it lacks it. */
  readonly standing: CollectionInfo | null;
}

/** A record of Chroma's as it stands now, in the shape in which it would be carried. */
export interface Standing {
  /** null = it could not be carried, so it is not as it was. */
  readonly at: PointAt | null;
  readonly digest: Uint8Array | null;
}

/** What the records of Chroma are held against beside the journal. */
export interface Witnesses {
  readonly chroma: RecordTarget;
  /** A whole backup of this Chroma; null = none. */
  readonly backup: SourceStore | null;
}

/** What is known of records that were just read at Chroma. */
export interface Known {
  /** As the journal has it. */
  row(id: string): LedgerRow | null;
  /** Its point as it is at Qdrant now. */
  point(id: string): PointAt | null;
}

/** The collections of a migration, with what Chroma has of them. */
export function waysOf(
  journal: Journal,
  migration: Migration,
  standing: readonly CollectionInfo[],
): Way[] {
  return journal.collections(migration).map((entered) => ({
    entered,
    plan: entered.plan,
    run: migration.run,
    ledger: journal.ledger(entered),
    standing: standing.find(({ name }) => name === entered.plan.source.name) ?? null,
  }));
}

/** Records that were just read at Chroma, by their ids. */
export function standingOf({ plan, run }: Way, records: RecordBatch): Map<string, Standing> {
  const found = new Map<string, Standing>(
    records.ids.map((id) => [id, { at: null, digest: null }]),
  );
  const { batch } = prepare(records, plan, run);
  const digests = digestsOf(batch);
  batch.ids.forEach((id, row) => {
    found.set(id, { at: { batch, row }, digest: digestAt(digests, row) });
  });
  return found;
}

/**
 * The ids among records that were just read at Chroma which stand there as the migration read them: by the journal's digest; but for
 * the last bits of a vector, which a Chroma moves when it flushes, beside the point; or because the backup holds the very same.
 */
export async function carriedIds(
  way: Way,
  standing: ReadonlyMap<string, Standing>,
  known: Known,
  { chroma, backup }: Witnesses,
  signal: AbortSignal,
): Promise<Set<string>> {
  const ulps = chroma.capabilities.vectorUlps;
  const carried = new Set<string>();
  const open: string[] = [];
  for (const [id, one] of standing) {
    const row = known.row(id);
    if (row !== null && sameDigest(row.digest, one.digest)) carried.add(id);
    else if (row !== null && isSameButForUlps(one, row, known.point(id), ulps)) carried.add(id);
    else if (one.at !== null) open.push(id);
  }
  if (backup === null || open.length === 0) return carried;
  const kept = await readBackup(way, backup, chroma, open, signal);
  for (const id of open) {
    const [now, then] = [standing.get(id), kept.get(id)];
    if (now?.at == null || then?.at == null) continue;
    const isSame =
      sameDigest(now.digest, then.digest) ||
      (ulps > 0 && sameButForUlps(now.at, then.at, normalizedUlps(ulps)));
    if (isSame) carried.add(id);
  }
  return carried;
}

/** Whether the record is as it was carried, beside a point whose vector nobody has changed: with that vector its digest is the journal's. */
function isSameButForUlps(
  { at }: Standing,
  { digest }: LedgerRow,
  point: PointAt | null,
  ulps: 0 | 2,
): boolean {
  if (ulps === 0 || at === null || point === null) return false;
  const own = pickRows(at.batch, [at.row]);
  const there = pickRows(point.batch, [point.row]);
  const placement = { ...own.placement, norms: there.placement.norms };
  const mixed: PointBatch = { ...own, vectors: there.vectors, placement };
  if (!sameDigest(digestAt(digestsOf(mixed), 0), digest)) return false;
  return sameButForUlps(at, { batch: mixed, row: 0 }, normalizedUlps(ulps));
}

async function readBackup(
  way: Way,
  backup: SourceStore,
  chroma: RecordTarget,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Standing>> {
  const { name } = way.plan.source;
  const info = (await backup.collections({ signal })).find((one) => one.name === name);
  if (info === undefined) return new Map();
  const { batch } = await backup.read(info, ids, { signal });
  // So are its floats in a Chroma of another version, where it was restored.
  return standingOf(way, chroma.nearest(batch));
}
