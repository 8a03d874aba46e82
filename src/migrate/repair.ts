/**
 * `repair`: verifies, writes exactly what is missing or has changed at the source, and verifies again. What somebody changed
 * at the target stays, unless it is asked to be written over; nothing is deleted unless that is asked for.
 */
import type { SourceStore, TargetStore } from "../store/port.ts";
import { throwIfAborted } from "../util/abort.ts";
import { pointsAtSource } from "./at-source.ts";
import { carry } from "./carry.ts";
import { digestAt, digestsOf, sameDigest } from "./digests.ts";
import { type Ends, withEnds } from "./ends.ts";
import type { Difference, DifferenceKind } from "./journal/difference.ts";
import type { JournalCollection } from "./journal/journal.ts";
import { recordStates } from "./journal/row.ts";
import type { Lane } from "./lane.ts";
import { propagateDeletes } from "./propagate.ts";
import type { Outcome } from "./report.ts";
import type { RepairRequest, RunContext } from "./request.ts";
import { targetInfo } from "./target-spec.ts";
import { note, phase } from "./telling.ts";
import { addTo, emptyTotals, type Totals } from "./transfer.ts";
import type { VerifyLane } from "./verify/lane.ts";
import { verifyEnds } from "./verify.ts";

/** Records that are carried, or points that are looked at and deleted, at once. */
const pageRows = 100;

interface RepairLane {
  readonly entered: JournalCollection;
  readonly lane: Lane;
}

/**
 * Repairs a migration. Quarantined records are tried again. With `dryRun` it only says what it would do, and nothing is
 * written. The report is written whatever happens. @throws as `runVerify`
 */
export function runRepair(
  source: SourceStore,
  target: TargetStore,
  request: RepairRequest,
  context: RunContext,
): Promise<Outcome> {
  const { scope, onRecord } = request.verify;
  const whole = { targetOnly: false, sample: null };
  return withEnds("repair", { source, target, scope, context }, async (ends) => {
    if (!request.dryRun) for (const { lane } of ends.lanes) lane.ledger.retryQuarantined();
    await verifyEnds(ends, { ...whole, onRecord: request.dryRun ? onRecord : null });
    const lanes = ends.lanes.map(({ entered, lane }) => ({
      entered,
      lane: { ...lane, source: lane.source ?? source },
    }));
    if (request.dryRun) {
      sayPlan(ends, request);
      return ends.report.finish();
    }
    await mend(ends, lanes, request);
    // What was listed is now carried, so that the second look is at the target and the journal alone.
    noteCopied(ends);
    await verifyEnds({ ...ends, freshJournal: false }, { ...whole, onRecord });
    return ends.report.finish();
  });
}

async function mend(
  ends: Ends,
  lanes: readonly RepairLane[],
  request: RepairRequest,
): Promise<void> {
  const { context, report } = ends;
  const { signal } = context;
  for (const { entered, lane } of lanes) {
    phase(context, "repair", lane.plan.source.name);
    const stop = report.phase("repair");
    const { created } = await lane.target.ensure(lane.spec, { signal });
    if (created) ends.journal.setMade(ends.migration, lane.spec.name, true);
    const kinds: DifferenceKind[] = ["missing", "changed-at-source"];
    report.carried(entered, await writeAgain(lane, kinds, true, signal));
    if (request.overwrite)
      report.carried(entered, await writeAgain(lane, ["changed-at-target"], false, signal));
    if (request.deleteExtra) {
      const removed = await deleteExtra(lane, signal);
      const propagated = await propagateDeletes(lane, signal);
      report.removed(entered, removed + propagated.removed);
    }
    stop();
  }
}

/** Carries the records of these differences once more; `careful` leaves alone what was changed at the target meanwhile. */
async function writeAgain(
  lane: Lane,
  kinds: readonly DifferenceKind[],
  careful: boolean,
  signal: AbortSignal,
): Promise<Totals> {
  const totals = emptyTotals();
  for (const page of pagesOf(lane, kinds)) {
    throwIfAborted(signal);
    const rows = page.flatMap(({ point }) => lane.ledger.byPoint(point) ?? []);
    const carried = await carry(lane, rows, { signal, careful, resend: true });
    addTo(totals, carried);
  }
  return totals;
}

/** Deletes points that no record of the source has, if they still are as verify saw them. Returns how many. */
async function deleteExtra(lane: Lane, signal: AbortSignal): Promise<number> {
  const info = targetInfo(lane.spec);
  let removed = 0;
  for (const page of pagesOf(lane, ["extra"])) {
    throwIfAborted(signal);
    const left = await pointsAtSource(lane, page, signal);
    const extra = page.filter(({ point }) => !left.has(point));
    const seen = new Map(extra.map(({ point, digest }) => [point, digest]));
    const { batch } = await lane.target.read(info, [...seen.keys()], { signal });
    const digests = digestsOf(batch);
    const points = batch.placement.points.filter((point, row) => {
      return sameDigest(seen.get(point), digestAt(digests, row));
    });
    if (points.length > 0) await lane.target.remove(info, { points }, { signal });
    removed += points.length;
  }
  return removed;
}

function* pagesOf(lane: Lane, kinds: readonly DifferenceKind[]): Generator<Difference[]> {
  let page: Difference[] = [];
  for (const difference of lane.ledger.eachDifference()) {
    if (!kinds.includes(difference.kind)) continue;
    page.push(difference);
    if (page.length < pageRows) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** A copy that was never finished is, once nothing is pending any more. */
function noteCopied({ journal, migration }: Ends): void {
  const state = journal.find(migration.key)?.state;
  if (state !== "PAUSED" && state !== "COPYING" && state !== "PLANNED") return;
  const done = journal
    .collections(migration)
    .every(
      (one) => one.listed && journal.ledger(one).page(recordStates.pending, -1, 1).length === 0,
    );
  if (done) journal.setState(migration, "COPIED");
}

function sayPlan({ lanes, report, context }: Ends, request: RepairRequest): void {
  for (const { lane } of lanes) {
    const text = `${JSON.stringify(lane.plan.source.name)}: ${planWords(lane, request)}`;
    note(context, report, text);
  }
}

function planWords(
  { ledger }: VerifyLane["lane"],
  { overwrite, deleteExtra }: RepairRequest,
): string {
  const counts = ledger.differenceCounts();
  const of = (...kinds: DifferenceKind[]) =>
    kinds.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0);
  const changed = of("changed-at-target");
  const taken = of("taken");
  const surplus = of("extra", "deleted-at-source");
  return [
    `would write ${of("missing", "changed-at-source") + (overwrite ? changed : 0)} records`,
    ...(changed > 0 && !overwrite
      ? [`would leave ${changed} that were changed at the target`]
      : []),
    ...(taken > 0 ? [`would leave ${taken} whose points are others'`] : []),
    `would delete ${deleteExtra ? surplus : 0} points`,
    ...(surplus > 0 && !deleteExtra
      ? [`would leave ${surplus} that the source does not have`]
      : []),
  ].join(", ");
}
