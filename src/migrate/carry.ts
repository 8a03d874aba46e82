/** Carries records that the journal lists, a batch at a time: read, prepare, write, and only then the checkpoint. */
import { setImmediate } from "node:timers/promises";
import type { RecordFailure } from "../model/record.ts";
import { bytesOf, pickRows } from "../model/rows.ts";
import { releaseVectors } from "../model/vector-column.ts";
import { writeOrFail } from "../store/halving.ts";
import { passStop } from "../util/stops.ts";
import { pointOf } from "./collection-plan.ts";
import { digestAt, digestsOf, sameDigest } from "./digests.ts";
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
    const found = await source.read(plan.source, ids, { signal });
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
  const open = ledger.sending.open(rows.map(({ ordinal }) => ordinal));
  const isUnchanged = (one: LedgerRow | undefined, row: number): boolean =>
    !resend &&
    one?.state === recordStates.written &&
    !open.has(one.ordinal) &&
    sameDigest(one.digest, digestAt(digests, row));
  const same = known.map(isUnchanged);
  const changed = [...known.keys()].filter((row) => same[row] !== true);
  const looked = changed.filter((row) => careful || resend || known[row]?.digest != null);
  const standing = await lookAtStanding(lane, byId, pickRows(prepared.batch, looked), signal);
  const overwrite = resend && !careful;
  const kept = overwrite ? new Set<string>() : standing.changed;
  const left = new Set([...kept, ...standing.taken, ...(resend ? [] : standing.same)]);
  const sent = changed.filter((row) => !left.has(prepared.batch.ids[row] ?? ""));
  const batch = pickRows(prepared.batch, sent);
  /** These rows with their digests, as the journal takes them. */
  const entered = (some: readonly number[]) =>
    some.flatMap((row) => {
      const ordinal = known[row]?.ordinal;
      return ordinal === undefined ? [] : [{ ordinal, digest: digestAt(digests, row) }];
    });
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
  const unsettled = new Set([...lost, ...kept, ...standing.taken]);
  const settled = changed.filter((row) => !unsettled.has(prepared.batch.ids[row] ?? ""));
  const unchanged = known.flatMap((one, row) => (same[row] === true && one ? one.ordinal : []));
  const keptRows = [...kept].flatMap((id) => byId.get(id) ?? []);
  const written = sent.filter((row) => !lost.has(prepared.batch.ids[row] ?? ""));
  if (batch.ids.length > 0) passStop("after-acknowledge");
  ledger.checkpoint({
    written: entered(settled),
    unchanged,
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
    unchanged: unchanged.length + (resend ? 0 : standing.same.size),
    kept: keptRows,
    taken: [...standing.taken].flatMap((id) => byId.get(id) ?? []),
    failures,
    gone,
    bytes,
    readBytes,
  };
}
