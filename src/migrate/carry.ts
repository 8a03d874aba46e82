/** Carries records that the journal lists, a batch at a time: read, prepare, write, and only then the checkpoint. */
import { setImmediate } from "node:timers/promises";
import type { RecordFailure } from "../model/record.ts";
import { bytesOf, pickRows } from "../model/rows.ts";
import { releaseVectors } from "../model/vector-column.ts";
import { writeOrFail } from "../store/halving.ts";
import { passStop } from "../util/stops.ts";
import { pointOf } from "./collection-plan.ts";
import { digestAt, digestsOf, sameDigest } from "./digests.ts";
import { DigestedRows } from "./journal/digested-rows.ts";
import type { Ledger } from "./journal/ledger.ts";
import { type LedgerRow, recordStates } from "./journal/row.ts";
import type { Lane } from "./lane.ts";
import { prepare } from "./prepare.ts";
import { RowsById } from "./rows-by-id.ts";
import { lookAtStanding } from "./standing.ts";

export interface CarryOptions {
  readonly signal: AbortSignal;
  /** Records whose points were changed at the target since we wrote them are left as they are. */
  readonly careful: boolean;
  /** Send also what the journal says is at the target already. */
  readonly resend: boolean;
}

export interface Carried {
  readonly written: number;
  /** Those of the written that were carried before, and changed at the source since. */
  readonly changed: number;
  /** Digest equal to the journal's: nothing was sent. */
  readonly unchanged: number;
  /** Changed at the target since we wrote them, so left as they are. */
  readonly kept: readonly LedgerRow[];
  /** Their points are others': never written over, whatever the options. */
  readonly taken: readonly LedgerRow[];
  readonly failures: readonly RecordFailure[];
  /** Listed, and no longer at the source. */
  readonly gone: readonly LedgerRow[];
  /** Bytes of vectors and payload that were sent, as float32 and text. */
  readonly bytes: number;
  /** The same of everything that could be prepared, sent or not. */
  readonly readBytes: number;
}

/**
 * Carries these records, in the source's newest form, and enters what became of each in the journal after the target has
 * acknowledged it. Where a record was carried before, and wherever `careful` or `resend` is asked, what stands at the target
 * is looked at first. A record that was never carried is written as it is: its point was found free before.
 */
export async function carry(
  lane: Lane,
  rows: readonly LedgerRow[],
  { signal, careful, resend }: CarryOptions,
): Promise<Carried> {
  const { source, plan, ledger } = lane;
  const ids = rows.map(({ id }) => id);
  const read = await lane.reads.run(async () => {
    const first = lane.first.take(ledger, ids);
    const found = first ?? (await source.read(plan.source, ids, { signal }));
    // What the batch before has made to be sent leaves first: a source that has more at hand would be read, and all of it prepared.
    await setImmediate();
    return found;
  }, signal);
  const byId = new RowsById(rows);
  const prepared = prepare(read.batch, plan, lane.run, {
    pointFor: (id) => byId.get(id)?.point ?? pointOf(plan, id),
    takeVectors: true,
  });
  const readBytes = bytesOf(prepared.batch);
  const digests = digestsOf(prepared.batch);
  const known = prepared.batch.ids.map((id) => byId.get(id));
  const all = Array.from(known.keys());
  /** Those that were carried before: none in a first copy. */
  const before = all.filter((row) => known[row]?.digest != null);
  const same = resend ? new Set<number>() : unchangedRows(ledger, known, before, digests);
  const changed = same.size === 0 ? all : all.filter((row) => !same.has(row));
  const looked = careful || resend ? changed : before.filter((row) => !same.has(row));
  const standing = await lookAtStanding(lane, byId, pickRows(prepared.batch, looked), signal);
  const kept = resend && !careful ? new Set<string>() : standing.changed;
  const without = (rows: readonly number[], ids: ReadonlySet<string>): readonly number[] =>
    ids.size === 0 ? rows : rows.filter((row) => !ids.has(prepared.batch.ids[row] ?? ""));
  const sent = without(
    changed,
    new Set([...kept, ...standing.taken, ...(resend ? [] : standing.same)]),
  );
  const batch = pickRows(prepared.batch, sent);
  const entered = (some: readonly number[]) =>
    DigestedRows.of(some, (row) => known[row]?.ordinal, digests);
  ledger.sending.add(entered(sent.filter((row) => known[row]?.digest != null)));
  const bytes = batch === prepared.batch ? readBytes : bytesOf(batch);
  const refused = await writeOrFail(batch, (rows) =>
    lane.writes.run(() => lane.target.write(lane.spec, rows, { signal }), signal),
  );
  releaseVectors(read.batch);
  releaseVectors(prepared.batch);
  const lost = new Set(refused.map(({ id }) => id));
  const failures = [...read.failures, ...prepared.failures, ...refused];
  const gone = read.absent.flatMap((id) => byId.get(id) ?? []);
  const settled = without(changed, new Set([...lost, ...kept, ...standing.taken]));
  const keptRows = [...kept].flatMap((id) => byId.get(id) ?? []);
  const written = without(sent, lost);
  if (batch.ids.length > 0) passStop("after-acknowledge");
  ledger.checkpoint({
    written: entered(settled),
    unchanged: [...same].flatMap((row) => known[row]?.ordinal ?? []),
    // What was changed at the target stays in the journal as we wrote it: verify then names it.
    kept: keptRows.map(({ ordinal }) => ordinal),
    failures: failures.flatMap(({ id, reason, detail }) => {
      const known = byId.get(id);
      return known === undefined ? [] : [{ ordinal: known.ordinal, reason, detail }];
    }),
    gone: gone.map(({ ordinal }) => ordinal),
  });
  return {
    written: written.length,
    changed: written.filter((row) => known[row]?.state === recordStates.written).length,
    unchanged: same.size + (resend ? 0 : standing.same.size),
    kept: keptRows,
    taken: [...standing.taken].flatMap((id) => byId.get(id) ?? []),
    failures,
    gone,
    bytes,
    readBytes,
  };
}

/** Those of the rows that the journal has with the digest that they have now. */
function unchangedRows(
  { sending }: Ledger,
  known: readonly (LedgerRow | undefined)[],
  rows: readonly number[],
  digests: Uint8Array,
): Set<number> {
  const open = sending.open(rows.flatMap((row) => known[row]?.ordinal ?? []));
  const isUnchanged = (one: LedgerRow | undefined, row: number): boolean =>
    one?.state === recordStates.written &&
    !open.has(one.ordinal) &&
    sameDigest(one.digest, digestAt(digests, row));
  return new Set(rows.filter((row) => isUnchanged(known[row], row)));
}
