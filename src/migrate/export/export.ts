/**
 * `export`: records of a Qdrant, an embedded one, FAISS files or an archive into a Chroma. Plan, list, look at the target, carry, verify.
 * The same call again goes on where the last one stopped, and on an export that is done it carries what has changed since.
 */
import type { RecordTarget } from "../../store/record-target.ts";
import { Journal } from "../journal/journal.ts";
import { lockMigration } from "../lock.ts";
import { migrationKey, runOf } from "../plan.ts";
import { type Outcome, ReportBuilder, type VerifyReport } from "../report.ts";
import type { RunContext } from "../request.ts";
import { note, phase, progress } from "../telling.ts";
import { emptyTotals, type Totals } from "../transfer.ts";
import { carryPiece } from "./carry.ts";
import { assertFree, courseOf } from "./check.ts";
import { verifyRun } from "./ends.ts";
import type { Course, ExportLane } from "./lane.ts";
import { type Listed, listSource, listVanished } from "./list.ts";
import { planRun } from "./plan.ts";
import { propagateDeletes } from "./propagate.ts";
import type { ExportRequest, ExportSource } from "./request.ts";
import { type ExportRun, flightOf, overPieces } from "./running.ts";

/** A source that others write to is carried anew at most so often. */
const rounds = 3;

/**
 * Carries every record in scope to the target, verifies, and reports. Idempotent and resumable. The report is written whatever happens.
 * @throws E_ID_COLLISION, E_FOREIGN_POINTS, E_POINT_TAKEN, E_SCHEMA_CONFLICT, E_NAME, E_CONFIG before anything is written; E_LOCKED,
 * E_COLLECTION_NOT_FOUND, and what the stores throw
 */
export async function runExport(
  source: ExportSource,
  target: RecordTarget,
  request: ExportRequest,
  context: RunContext,
): Promise<Outcome> {
  using journal = Journal.open(context.stateFolder);
  const key = migrationKey(source.identity, target.identity);
  await using _lock = await lockMigration(context.stateFolder, runOf(key));
  const migration = journal.begin(key, runOf(key), source.identity, target.identity);
  const { command, base, ...shape } = request;
  const report = new ReportBuilder({ command, journal, migration, context, asTheyAre: true });
  try {
    const ends = { source, target, shape, base, context, journal, migration, report };
    return await steps(await planRun(ends), request);
  } catch (error) {
    throw report.pause(error);
  }
}

async function steps(run: ExportRun, request: ExportRequest): Promise<Outcome> {
  const { journal, migration, report } = run;
  const lanes = await list(run);
  const stop = report.phase("check");
  const held = await assertFree(run, lanes, request);
  let courses = await ensureAll(run, lanes, held);
  stop();
  journal.setState(migration, "COPYING");
  for (let round = 1; ; round += 1) {
    await carryAll(run, courses, request);
    if (request.propagateDeletes) for (const course of courses) await removeDeleted(run, course);
    for (const { entered, ledger } of courses)
      if (ledger.counts().pending === 0) journal.setCopied(entered);
    journal.setState(migration, "COPIED");
    const { verify, moved } = await verifyRun(run, courses, false);
    if (round === rounds || !run.source.capabilities.live || !hasMoved(verify, moved)) break;
    note(
      run.context,
      report,
      "The source was written to meanwhile; what has changed is carried too.",
    );
    journal.setState(migration, "COPYING");
    courses = courses.map((course) => ({ ...course, held: true }));
    await list(run, "relist");
  }
  settleState(run, courses);
  return report.finish();
}

/** Lists the source into the journal and tells what was found. */
async function list(run: ExportRun, phase: "list" | "relist" = "list"): Promise<ExportLane[]> {
  const { report } = run;
  const stop = report.phase(phase);
  const listed = await listSource(run, true);
  const found = [...listed, ...listVanished(run, listed)];
  if (phase === "list") {
    report.plan({ entered: found.map(({ lane }) => lane.entered), skipped: [] });
    for (const one of found) report.listed(one.lane.entered, one);
  } else for (const one of found) report.relisted(one.lane.entered, one);
  stop();
  if (phase === "list") tellDeleted(run, found);
  return found.map(({ lane }) => lane);
}

function tellDeleted({ context, report }: ExportRun, found: readonly Listed[]): void {
  for (const { lane, deleted } of found) {
    if (deleted === 0) continue;
    const name = JSON.stringify(lane.plan.info.name);
    note(context, report, `The source has deleted ${deleted} records of ${name} since.`);
  }
}

/** Makes what lacks; what stands there is looked at first. */
async function ensureAll(
  run: ExportRun,
  lanes: readonly ExportLane[],
  held: ReadonlySet<ExportLane>,
): Promise<Course[]> {
  const { target, journal, migration, context } = run;
  // Of one whose source has vanished only what stands there matters.
  const wanted = lanes.filter((lane) => lane.plan.index >= 0 || held.has(lane));
  const ordered = [...wanted].sort((one, other) => Number(held.has(other)) - Number(held.has(one)));
  const courses = new Map<ExportLane, Course>();
  for (const lane of ordered) {
    const { created, collection } = await target.ensure(lane.plan.spec, context);
    if (created) journal.setMade(migration, collection.name, true);
    courses.set(lane, courseOf(run, lane, collection, held.has(lane)));
  }
  return lanes.flatMap((lane) => courses.get(lane) ?? []);
}

async function carryAll(
  run: ExportRun,
  courses: readonly Course[],
  request: ExportRequest,
): Promise<void> {
  const { context, report } = run;
  const stop = report.phase("copy");
  const byPlan = new Map(courses.map((course) => [course.plan.index, course]));
  const totals = new Map(courses.map((course) => [course, emptyTotals()]));
  for (const router of run.routers) {
    const { name, count } = router.info;
    phase(context, "copy", name);
    const tell = progress(context, "copy", name, count);
    const flight = flightOf(run, router, request.batchSize);
    let [done, bytes, failed] = [0, 0, 0];
    const { unchanged } = await overPieces(
      run,
      router,
      flight,
      byPlan,
      async (course, piece, signal) => {
        const carried = await carryPiece(course, piece, request, signal);
        const sum = totals.get(course);
        if (sum !== undefined) addTo(sum, carried);
        done += piece.ids.length;
        bytes += carried.bytes;
        failed += carried.failed;
        tell(done, bytes, failed);
      },
    );
    if (unchanged > 0)
      note(
        context,
        report,
        `${unchanged} records of ${JSON.stringify(name)} are as they were carried here; they are left as they are.`,
      );
    for (const course of courses.filter(({ plan }) => plan.info === router.info))
      report.flight(course.entered, flight);
  }
  stop();
  for (const [course, sum] of totals) settleTotals(run, course, sum);
}

function settleTotals(
  { context, report, journal }: ExportRun,
  course: Course,
  totals: Totals,
): void {
  const { entered, plan } = course;
  report.carried(entered, totals);
  if (entered.copied) report.delta(entered);
  if (totals.written > 0) journal.setVerified(entered, null);
  const name = JSON.stringify(plan.spec.name);
  if (totals.kept > 0)
    note(
      context,
      report,
      `${totals.kept} records of ${name} have been changed at the target since they were written; they stay as they are there. --overwrite writes the source's.`,
    );
  if (totals.taken > 0)
    note(
      context,
      report,
      `Under the ids of ${totals.taken} records others stand in ${name}; they were not written over. --overwrite writes the source's.`,
    );
}

function addTo(totals: Totals, carried: Omit<Totals, "gone">): void {
  for (const key of [
    "written",
    "changed",
    "unchanged",
    "failed",
    "bytes",
    "kept",
    "taken",
  ] as const)
    totals[key] += carried[key];
}

async function removeDeleted({ context, report }: ExportRun, course: Course): Promise<void> {
  const { removed, kept } = await propagateDeletes(course, context.signal);
  report.removed(course.entered, removed);
  if (kept > 0)
    note(
      context,
      report,
      `${kept} records of ${JSON.stringify(course.plan.spec.name)} that the source has deleted were changed at the target since; they stay.`,
    );
}

/** Whether a verify found what another round would carry. */
function hasMoved({ collections }: VerifyReport, moved: number): boolean {
  return moved > 0 || collections.some(({ differences }) => differences["changed-at-source"]);
}

function settleState({ journal, migration }: ExportRun, courses: readonly Course[]): void {
  const collections = journal.collections(migration);
  const verified = collections.every(({ verified_at }) => verified_at !== null);
  const differing = courses.some(({ entered }) => entered.copied) ? "STALE" : "COPIED";
  journal.setState(migration, verified ? "VERIFIED" : differing);
}
