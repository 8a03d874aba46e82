/** `migrate`: plan, list, copy, list again, verify. The same call again goes on where the last one stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { isVectorError } from "../errors.ts";
import type { CollectionSpec } from "../model/collection.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import { abortError, throwIfAborted } from "../util/abort.ts";
import { emptied } from "./emptied.ts";
import { hasJournal } from "./journal/file.ts";
import {
  Journal,
  type JournalCollection,
  type Migration,
  type MigrationState,
} from "./journal/journal.ts";
import { recordStates } from "./journal/ledger.ts";
import { flightPlaces, type Lane } from "./lane.ts";
import { lockMigration } from "./lock.ts";
import { type Draft, draftPlan, makePlan, migrationKey, type Plan, runOf } from "./plan.ts";
import { propagateDeletes } from "./propagate.ts";
import { type Outcome, ReportBuilder } from "./report.ts";
import type { MigrateRequest, Phase, RunContext } from "./request.ts";
import { assertNoForeignPoints, assertPointsFree } from "./target-check.ts";
import { specOf, targetInfo } from "./target-spec.ts";
import {
  assertKeysFit,
  carryAll,
  listIds,
  planFlight,
  settleUnseen,
  type Totals,
} from "./transfer.ts";
import { sampleDiffers, sampleSize } from "./verify/reread.ts";
import { verifyCollections } from "./verify.ts";

/** Listing again is repeated until nothing new appears, at most so often. */
const relistRounds = 3;
const greenWaitMs = 600_000;
const greenPollMs = 500;

/** One run of a migration, with everything that its steps share. */
interface Run {
  readonly target: TargetStore;
  readonly request: MigrateRequest;
  readonly context: RunContext;
  readonly journal: Journal;
  readonly plan: Plan;
  readonly report: ReportBuilder;
  readonly lanes: readonly RunLane[];
}

interface RunLane {
  readonly entered: JournalCollection;
  readonly lane: Lane;
}

/** What `migrate` would do, from both ends and the journal, and nothing is written. @throws as `draftPlan` */
export async function dryRun(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  context: RunContext,
): Promise<Draft> {
  if (!hasJournal(context.stateFolder))
    return await draftPlan(source, target, request, null, context);
  using journal = Journal.open(context.stateFolder);
  const known = request.restart
    ? null
    : journal.find(migrationKey(source.identity, target.identity));
  return await draftPlan(source, target, request, known, context);
}

/**
 * Carries every record in scope to the target, verifies, and reports. Idempotent and resumable: a checkpoint follows each
 * acknowledgement. The report is written whatever happens. @throws VectorError with the exit status in its code
 */
export async function runMigrate(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  context: RunContext,
): Promise<Outcome> {
  using journal = Journal.open(context.stateFolder);
  const key = migrationKey(source.identity, target.identity);
  await using _lock = await lockMigration(context.stateFolder, runOf(key));
  const migration = journal.begin(key, runOf(key), source.identity, target.identity);
  const report = new ReportBuilder({ command: "migrate", journal, migration, context });
  try {
    return await steps(source, target, request, context, journal, migration, report);
  } catch (error) {
    const failure = context.signal.aborted ? abortError(context.signal) : error;
    const reason = isVectorError(failure) ? failure.message : String(failure);
    const state = journal.find(key)?.state;
    journal.setState(migration, state === "COPYING" ? "PAUSED" : (state ?? "PLANNED"), reason);
    report.fail(failure);
    throw failure;
  }
}

async function steps(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  context: RunContext,
  journal: Journal,
  migration: Migration,
  report: ReportBuilder,
): Promise<Outcome> {
  phase(context, "plan");
  if (request.restart) {
    // A plan that cannot be made must not cost the journal of the one before.
    await draftPlan(source, target, request, null, context);
    journal.forget(migration);
  }
  const plan = await makePlan(source, target, request, journal, context);
  report.plan(plan);
  const places = flightPlaces(source, target);
  const gone = new Set(plan.vanished);
  const lanes = [...plan.entered, ...plan.vanished].map((entered) => ({
    entered,
    lane: {
      source: gone.has(entered) ? emptied(source) : source,
      target,
      plan: entered.plan,
      spec: specOf(plan.specs, entered.plan),
      run: plan.run,
      ledger: journal.ledger(entered),
      ...places,
    },
  }));
  const run: Run = { target, request, context, journal, plan, report, lanes };
  for (const { plan: missing } of plan.vanished) {
    note(
      context,
      report,
      `The source has no collection ${JSON.stringify(missing.source.name)} any more.`,
    );
  }
  for (const one of lanes) await prepareLane(run, one);
  await checkTarget(run);
  await ensureTargets(run);
  journal.setState(migration, "COPYING");
  for (const one of lanes) await refresh(run, one);
  for (const one of lanes) await copy(run, one, recordStates.pending, "copy");
  await settle(run, source);
  journal.setState(migration, stateOf(journal, migration, false));
  await verifyCollections({
    journal,
    migration,
    lanes,
    readSource: false,
    sample: null,
    onRecord: null,
    context,
    report,
  });
  journal.setState(migration, stateOf(journal, migration, true));
  if (request.indexing === "after") await startIndexing(run);
  if (request.waitGreen) await waitUntilGreen(run);
  return await report.finish();
}

/** Where the whole migration stands, the collections included that this run was not about. */
function stateOf(journal: Journal, migration: Migration, compared: boolean): MigrationState {
  const collections = journal.collections(migration);
  if (collections.some((collection) => journal.ledger(collection).counts().pending > 0)) {
    return "PAUSED";
  }
  const verified = collections.every(({ verified_at }) => verified_at !== null);
  return compared && verified ? "VERIFIED" : "COPIED";
}

/** Lists the ids of one collection and looks for what would stop it, before anything is written anywhere. */
async function prepareLane(run: Run, { entered, lane }: RunLane): Promise<void> {
  const { context, request, report } = run;
  const stop = report.phase("list");
  phase(context, "list", lane.plan.source.name);
  const { pending, written } = lane.ledger.counts();
  // Since an interruption, however long, others may have written even to what nobody can write to while a run reads it.
  if (written > 0 && (pending === 0 || (await sampleDiffers(lane, context.signal))))
    run.journal.setRefresh(entered, true);
  lane.ledger.retryQuarantined();
  const { where, limit } = request.scope;
  const listing = await listIds(
    lane,
    { where, limit },
    context.signal,
    progress(context, "list", lane, null),
  );
  const deleted = limit === null ? await settleUnseen(lane, listing, context.signal) : 0;
  report.listed(entered, { listed: listing.listed, deleted });
  await assertKeysFit(lane, context.signal);
  stop();
}

/** Nothing that stands at the target may be in the way. */
async function checkTarget({ target, request, context, lanes, plan }: Run): Promise<void> {
  const standing = new Set((await target.collections(context)).map(({ name }) => name));
  for (const spec of plan.specs.filter(({ name }) => standing.has(name))) {
    if ((await target.count(targetInfo(spec), context)) === 0) continue;
    const here = lanes.filter(({ lane }) => lane.spec === spec);
    const begun = here.some(({ lane }) => lane.ledger.counts().written > 0);
    if (!request.merge && !begun) await assertNoForeignPoints(target, spec, context.signal);
    for (const { lane } of here) await assertPointsFree(lane, context.signal);
  }
}

/** Makes what lacks. An index that is built beside the copy takes its processors, and much of it is built twice. */
async function ensureTargets({ target, request, journal, plan, context }: Run): Promise<void> {
  const options = { signal: context.signal, holdIndexing: request.indexing === "after" };
  for (const spec of plan.specs) {
    const { created } = await target.ensure(spec, options);
    if (created) journal.setMade(plan.migration, spec.name, true);
  }
}

/** Lets the target index what was held back. */
async function startIndexing({ target, plan, context }: Run): Promise<void> {
  const { signal } = context;
  for (const spec of plan.specs) await target.ensure(spec, { signal });
}

/** Looks through what an earlier run finished for changes at the source since; goes on after an interruption. */
async function refresh(run: Run, one: RunLane): Promise<void> {
  const { journal, plan } = run;
  const entered = journal.collections(plan.migration).find(({ id }) => id === one.entered.id);
  if (entered?.refresh !== true) return;
  await copy(run, one, recordStates.written, "refresh");
  journal.setRefresh(one.entered, false);
}

/** Carries the pending records, or (refresh, again) looks through the carried ones for what has changed at the source since. Gives how many were written. */
async function copy(
  run: Run,
  { entered, lane }: RunLane,
  state: number,
  how: "copy" | "refresh" | "again",
): Promise<number> {
  const { context, request, report } = run;
  const { listed, pending, written } = lane.ledger.counts();
  const total = state === recordStates.pending ? pending : written;
  if (total === 0) return 0;
  const stop = report.phase("copy");
  phase(context, "copy", lane.plan.source.name);
  const done = how === "copy" ? listed - pending : 0;
  const flight = await planFlight(lane, state, request.batchSize, context.signal);
  report.flight(entered, flight);
  const tell = progress(context, "copy", lane, how === "copy" ? listed : written);
  tell(done, 0);
  const options = { signal: context.signal, careful: how !== "copy", resend: false };
  const totals = await carryAll(lane, state, flight, options, (rows, bytes) =>
    tell(done + rows, bytes),
  );
  // What this very run has written is no record that was found as it was.
  report.carried(entered, how === "again" ? { ...totals, unchanged: 0 } : totals);
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
async function settle(run: Run, source: SourceStore): Promise<void> {
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
        progress(context, "relist", lane, null),
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
      await copy(run, one, recordStates.pending, "copy");
    }
    stop();
    if (source.capabilities.live) await lookAgain(run, one, moved);
    await settleDeleted(run, one);
  }
}

/** Carries what has changed since it was read, which no list of ids shows: looked for in a part of the records, and in all where others are seen to write. */
async function lookAgain(run: Run, one: RunLane, moved: boolean): Promise<void> {
  const { context, report } = run;
  const { lane } = one;
  const name = JSON.stringify(lane.plan.source.name);
  if (!moved && !(await sampleDiffers(lane, context.signal))) {
    const { written } = lane.ledger.counts();
    if (written <= sampleSize) return;
    const said = `${sampleSize} of the ${written} records of ${name} were read again, and none has changed; \`vecferry verify\` reads all of them.`;
    return note(context, report, said);
  }
  const changed = await copy(run, one, recordStates.written, "again");
  if (changed > 0)
    note(
      context,
      report,
      `${changed} records of ${name} changed at the source during the copy; they are carried as they are now.`,
    );
}

async function settleDeleted(
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

async function waitUntilGreen({ target, context, report, plan }: Run): Promise<void> {
  const stop = report.phase("wait-green");
  phase(context, "wait-green");
  const names = new Set(plan.specs.map(({ name }: CollectionSpec) => name));
  for (const endAt = Date.now() + greenWaitMs; Date.now() < endAt; ) {
    const waiting = (await target.collections(context)).filter(
      ({ name, status }) => names.has(name) && status !== "green",
    );
    if (waiting.length === 0) return stop();
    await sleep(greenPollMs, undefined, { signal: context.signal });
  }
  note(
    context,
    report,
    `The target has not finished indexing after ${greenWaitMs / 1000} s; the data are all there.`,
  );
  stop();
}

function phase(context: RunContext, name: Phase, collection: string | null = null): void {
  context.onEvent({ type: "phase", phase: name, collection });
}

function progress(
  context: RunContext,
  name: Phase,
  lane: Lane,
  total: number | null,
): (done: number, bytes: number) => void {
  const collection = lane.plan.source.name;
  return (done, bytes) =>
    context.onEvent({ type: "progress", phase: name, collection, done, total, bytes });
}

function note(context: RunContext, report: ReportBuilder, text: string): void {
  context.onEvent({ type: "note", text });
  report.note(text);
}
