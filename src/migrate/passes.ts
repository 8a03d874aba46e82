/** The passes of a run over each collection: list, carry, list again, look again, carry deletions. */
import type { SourceStore } from "../store/port.ts";
import { throwIfAborted } from "../util/abort.ts";
import { lookForChanges } from "./delta.ts";
import { recordStates } from "./journal/row.ts";
import type { Lane } from "./lane.ts";
import { propagateDeletes } from "./propagate.ts";
import type { Run, RunLane } from "./running.ts";
import { assertPointsFree } from "./target-check.ts";
import { note, phase, progress } from "./telling.ts";
import {
  assertKeysFit,
  carryAll,
  listIds,
  type Page,
  planFlight,
  settleUnseen,
  type Totals,
} from "./transfer.ts";
import { sampleDiffers, sampleSize } from "./verify/reread.ts";

/** Listing again is repeated until nothing new appears, at most so often. */
const relistRounds = 3;

/** Lists the ids of one collection and looks for what would stop it, before anything is written anywhere. */
export async function prepareLane(run: Run, one: RunLane): Promise<void> {
  const { context, request, report } = run;
  const { entered, lane } = one;
  const stop = report.phase("list");
  phase(context, "list", lane.plan.source.name);
  lane.ledger.retryQuarantined();
  const { where, limit } = request.scope;
  const listing = await listIds(
    lane,
    { where, limit },
    context.signal,
    progress(context, "list", lane.plan.source.name, null),
  );
  const deleted = limit === null ? await settleUnseen(lane, listing, context.signal) : 0;
  report.listed(entered, { listed: listing.listed, deleted });
  await assertKeysFit(lane, context.signal);
  await lookForChanges(run, one, listing);
  stop();
}

/** Reads again what may have changed at the source since it was carried; goes on after an interruption. */
export async function refresh(run: Run, one: RunLane): Promise<void> {
  const { journal, plan } = run;
  await copy(run, one, "stale");
  const entered = journal.collections(plan.migration).find(({ id }) => id === one.entered.id);
  if (entered?.refresh !== true) return;
  await copy(run, one, "refresh");
  journal.setRefresh(one.entered, false);
}

/**
 * Which records a pass carries: those that were never carried (`copy`), those that the listing found written to since
 * (`stale`), or all that were carried, to look for what has changed (`refresh`, and `again` in the run that carried them).
 */
type How = "copy" | "stale" | "refresh" | "again";

/** Carries records, and only those that are not at the target as they are. Gives how many were written. */
export async function copy(run: Run, { entered, lane }: RunLane, how: How): Promise<number> {
  const { context, request, report } = run;
  const { ledger } = lane;
  const { listed, pending, written } = ledger.counts();
  const state = how === "copy" ? recordStates.pending : recordStates.written;
  const total = { copy: pending, stale: ledger.stale.count, refresh: written, again: written }[how];
  if (total === 0) return 0;
  const stop = report.phase("copy");
  phase(context, "copy", lane.plan.source.name);
  const done = how === "copy" ? listed - pending : 0;
  const begun = how === "copy" ? lane.first.flightOf(ledger) : null;
  const flight = begun ?? (await planFlight(lane, state, request.batchSize, context.signal));
  report.flight(entered, flight);
  const tell = progress(context, "copy", lane.plan.source.name, how === "copy" ? listed : total);
  tell(done, 0);
  const page: Page = (after, limit) =>
    how === "stale" ? ledger.stale.page(after, limit) : ledger.page(state, after, limit);
  const options = { signal: context.signal, careful: how !== "copy", resend: false };
  const totals = await carryAll(lane, page, flight, options, (rows, bytes, failed) =>
    tell(done + rows, bytes, failed),
  );
  // What this very run has written is no record that was found as it was, nor one that has changed since an earlier run.
  report.carried(entered, how === "again" ? { ...totals, unchanged: 0, changed: 0 } : totals);
  if (totals.written > 0) run.journal.setVerified(entered, null);
  noteTotals(run, lane, totals);
  stop();
  return totals.written;
}

function noteTotals({ context, report }: Run, lane: Lane, { gone, kept, taken }: Totals): void {
  const name = JSON.stringify(lane.plan.source.name);
  if (gone > 0)
    note(
      context,
      report,
      `${gone} records of ${name} vanished from the source while it was copied.`,
    );
  if (kept > 0)
    note(
      context,
      report,
      `${kept} records of ${name} have changed at the source and at the target; they stay as they are there. \`vecferry repair --overwrite\` writes the source's.`,
    );
  if (taken > 0)
    note(
      context,
      report,
      `The points of ${taken} records of ${name} have been taken by others since; they were not written over.`,
    );
}

/** A source that others write to is listed again: what has appeared is carried, what has gone is named. */
export async function settle(run: Run, source: SourceStore): Promise<void> {
  const { context, request, report, lanes } = run;
  for (const one of lanes) {
    const { lane } = one;
    const stop = report.phase("relist");
    let moved = false;
    for (let round = 0; source.capabilities.live && round < relistRounds; round += 1) {
      throwIfAborted(context.signal);
      phase(context, "relist", lane.plan.source.name);
      const { where, limit } = request.scope;
      const listing = await listIds(
        lane,
        { where, limit },
        context.signal,
        progress(context, "relist", lane.plan.source.name, null),
      );
      const deleted = limit === null ? await settleUnseen(lane, listing, context.signal) : 0;
      report.relisted(one.entered, { added: listing.added, deleted });
      moved ||= listing.added > 0 || deleted > 0;
      if (listing.added === 0) break;
      note(
        context,
        report,
        `${listing.added} records of ${JSON.stringify(lane.plan.source.name)} appeared at the source during the copy; they are carried too.`,
      );
      await assertPointsFree(lane, context.signal);
      await copy(run, one, "copy");
    }
    stop();
    // Of what was copied before, this run has read every record anyway.
    if (source.capabilities.live && !one.entered.copied) await lookAgain(run, one, moved);
    else if (moved) noteMoving(run, lane);
    await settleDeleted(run, one);
  }
}

function noteMoving({ context, report }: Run, { plan }: Lane): void {
  const name = JSON.stringify(plan.source.name);
  const text = `Others write to ${name}: what they wrote since this run has read it is carried by the next one.`;
  note(context, report, text);
}

/** Carries what has changed since it was read, which no list of ids shows: looked for in a part of the records, and in all where others are seen to write. */
async function lookAgain(run: Run, one: RunLane, moved: boolean): Promise<void> {
  const { context, report } = run;
  const { lane } = one;
  const name = JSON.stringify(lane.plan.source.name);
  if (!moved && !(await sampleDiffers(lane, context.signal))) {
    const { written } = lane.ledger.counts();
    if (written <= sampleSize) return;
    const said = `${sampleSize} of the ${written} records of ${name} were read again, and none has changed; the same command again reads all of them.`;
    return note(context, report, said);
  }
  const changed = await copy(run, one, "again");
  if (changed > 0)
    note(
      context,
      report,
      `${changed} records of ${name} changed at the source during the copy; they are carried as they are now.`,
    );
}

/** Names the records that the source has deleted, and takes their points away where that is allowed. */
export async function settleDeleted(
  { context, request, report }: Run,
  { entered, lane }: RunLane,
): Promise<void> {
  const { deleted } = lane.ledger.counts();
  if (deleted === 0) return;
  const name = JSON.stringify(lane.plan.source.name);
  if (!request.propagateDeletes) {
    note(
      context,
      report,
      `${deleted} records of ${name} are at the target and no longer at the source; --propagate-deletes takes them away.`,
    );
    return;
  }
  const { removed, kept } = await propagateDeletes(lane, context.signal);
  report.removed(entered, removed);
  note(
    context,
    report,
    `${removed} records of ${name} that the source has deleted were deleted at the target${kept === 0 ? "" : `; ${kept} were changed there since and stay`}.`,
  );
}
