/**
 * Points as they were, from an archive or a Qdrant into a Qdrant: collections as they were described, points as they are. What stands
 * at the target already, equal to the last bit, is found there and not sent again: that is how the same call goes on after an
 * interruption.
 */
import type { CollectionInfo } from "../../model/collection.ts";
import type { TargetStore } from "../../store/port.ts";
import { placePlan } from "../backup/collection.ts";
import { Journal, type JournalCollection, type Migration } from "../journal/journal.ts";
import { lockMigration } from "../lock.ts";
import { migrationKey, runOf } from "../plan.ts";
import { type Outcome, ReportBuilder } from "../report.ts";
import type { VerifyReport } from "../report-schema.ts";
import type { RunContext } from "../request.ts";
import { phase, progress } from "../telling.ts";
import { uncompared } from "../verify/verdict.ts";
import { greenWaitMs, waitUntilGreen } from "../wait-green.ts";
import { carryPoints, workersOf } from "./carry.ts";
import type { Course } from "./course.ts";
import { holdFault, schemaFaults, tuningText } from "./described.ts";
import { enterCourses } from "./enter.ts";
import { type Left, leftKey, readLeft, writeLeft } from "./left.ts";
import { type Held, lookAt, nothingHeld } from "./look.ts";
import type { PointsRequest } from "./request.ts";
import { readEnds, removeGone, settle } from "./settle.ts";
import type { PointSource } from "./source.ts";
import { allBuckets, inBoth, without } from "./sums.ts";
import { type Verified, verdictOf, verifyCourse } from "./verify.ts";

/** A collection on its way, and what is known of it so far. */
interface Way {
  readonly course: Course;
  readonly entered: JournalCollection;
  /** As it stands at the target; null = it does not. */
  readonly found: CollectionInfo | null;
  held: Held;
}

interface Run {
  readonly source: PointSource;
  readonly target: TargetStore;
  readonly request: PointsRequest;
  readonly context: RunContext;
  readonly journal: Journal;
  readonly migration: Migration;
  readonly report: ReportBuilder;
}

/**
 * Puts the points of the source into a target, compares both ends, and gives the target the collections' aliases. The report is
 * written whatever happens. @throws E_CONFIG where both ends are one; E_FOREIGN_POINTS, E_POINT_TAKEN, E_SCHEMA_CONFLICT before
 * anything is written; E_LOCKED, E_COLLECTION_NOT_FOUND, and what the stores throw
 */
export async function runPoints(
  source: PointSource,
  target: TargetStore,
  request: PointsRequest,
  context: RunContext,
): Promise<Outcome> {
  return await reported(source, target, request, context, async (run) => {
    const { journal, migration, report } = run;
    const ways = await enter(run);
    const left = readLeft(context.stateFolder, migration.run);
    journal.setState(migration, "COPYING");
    await look(run, ways, left);
    await make(run, ways);
    const sent = new Map<Way, Awaited<ReturnType<typeof copy>>>();
    for (const way of ways) sent.set(way, await copy(run, way));
    journal.setState(migration, "COPIED");
    report.verified(await settleAll(run, ways, sent, left));
    return report.finish();
  });
}

/** Compares both ends and changes neither. @throws as `runPoints` */
export async function verifyPoints(
  source: PointSource,
  target: TargetStore,
  request: PointsRequest,
  context: RunContext,
): Promise<Outcome> {
  return await reported(source, target, request, context, async (run) => {
    const ways = await enter(run);
    const stop = run.report.phase("verify");
    const verified: Verified[] = [];
    for (const { course, found } of ways) {
      const fault = found === null ? null : holdFault(course.info, found);
      if (found === null)
        verified.push(
          faulted(course, `The target has no collection ${JSON.stringify(course.spec.name)}.`),
        );
      else if (fault !== null) verified.push(faulted(course, `It is there ${fault}.`));
      else {
        const ends = await readEnds(course, null, context);
        verified.push(await verifyCourse(course, ends, request.merge, context));
      }
    }
    stop();
    run.report.verified(await judge(run, ways, verified));
    return run.report.finish();
  });
}

/** Does the work under the migration's lock, with a report of it. */
async function reported(
  source: PointSource,
  target: TargetStore,
  request: PointsRequest,
  context: RunContext,
  work: (run: Run) => Promise<Outcome>,
): Promise<Outcome> {
  const key = migrationKey(source.identity, target.identity);
  await using _lock = await lockMigration(context.stateFolder, runOf(key));
  using journal = Journal.open(":memory:");
  const migration = journal.begin(key, runOf(key), source.identity, target.identity);
  const { command } = request;
  const report = new ReportBuilder({ command, journal, migration, context, asTheyAre: true });
  try {
    return await work({ source, target, request, context, journal, migration, report });
  } catch (error) {
    throw report.pause(error);
  }
}

/** The collections in scope, and where each goes. */
async function enter(run: Run): Promise<Way[]> {
  const { source, target, request, context, journal, migration, report } = run;
  const entering = await enterCourses(source, target, request, context);
  const ways = entering.map(({ course, found }): Way => {
    const plan = { ...placePlan(course.info), target: course.spec.name };
    const entered = journal.enter(migration, plan, { where: null, limit: null });
    return { course, entered, found, held: nothingHeld() };
  });
  report.plan({ entered: ways.map(({ entered }) => entered), skipped: [] });
  return ways;
}

/** What stands at the target of each collection, and that none of it is in the way. */
async function look(
  { request, context, report }: Run,
  ways: readonly Way[],
  left: ReadonlyMap<string, Left>,
): Promise<void> {
  const stop = report.phase("check");
  for (const way of ways) {
    const { course, found } = way;
    if (found === null) continue;
    phase(context, "check", course.info.name);
    const before = left.get(leftKey(course)) ?? null;
    way.held = await lookAt(course, before, request, context);
    const { others } = way.held;
    if (others > 0)
      report.note(
        `In target collection ${JSON.stringify(course.spec.name)} ${others} points stood otherwise than at the source; they are written over.`,
      );
  }
  stop();
}

/** Collections that stand there are held against the source's before any is made. */
async function make({ target, request, context }: Run, ways: readonly Way[]): Promise<void> {
  const holdIndexing = request.indexing === "after";
  const inOrder = ways.toSorted(
    (one, other) => Number(one.found === null) - Number(other.found === null),
  );
  for (const { course } of inOrder) await target.ensure(course.spec, { ...context, holdIndexing });
}

/** Writes the points that do not stand there as they are; gives the source's sums. */
async function copy({ request, context, report }: Run, { course, entered, held }: Way) {
  const { info } = course;
  const stop = report.phase("copy");
  phase(context, "copy", info.name);
  report.flight(entered, { batchSize: course.batchSize, workers: workersOf(course) });
  const tell = progress(context, "copy", info.name, info.count ?? 0);
  const { totals, sums } = await carryPoints(course, held, request.overwrite, context.signal, tell);
  report.carried(entered, totals);
  const written = totals.written + totals.unchanged;
  const none = { pending: 0, quarantined: 0, left: totals.kept, deleted: 0 };
  report.stands(entered, { listed: sums.total, written, ...none });
  if (request.propagateDeletes && held.stands) {
    const gone = inBoth(inBoth(held.open, held.ours), held.pure);
    report.removed(entered, await removeGone(course, gone, held.expected, context.signal));
  }
  stop();
  return sums;
}

/** Carries what the source has changed meanwhile, compares both ends, and finishes the collections. */
async function settleAll(
  run: Run,
  ways: readonly Way[],
  sent: ReadonlyMap<Way, Awaited<ReturnType<typeof copy>>>,
  left: Map<string, Left>,
): Promise<VerifyReport> {
  const { target, request, context, report, migration } = run;
  const stop = report.phase("verify");
  const verified: Verified[] = [];
  for (const way of ways) {
    const { course, held, entered } = way;
    const sums = sent.get(way);
    if (sums === undefined) continue;
    const settled = await settle(course, sums, held, request, context);
    for (const totals of settled.totals) report.carried(entered, { ...totals, unchanged: 0 });
    report.removed(entered, settled.removed);
    const compared = await verifyCourse(course, settled, request.merge, context);
    verified.push(compared);
    const touched = new Set(settled.standing.differences(held.expected));
    const known = without(allBuckets, without(touched, compared.sound));
    left.set(leftKey(course), {
      sums: settled.standing,
      known,
      pure: inBoth(held.pure, known),
    });
  }
  stop();
  writeLeft(context.stateFolder, migration.run, left);
  for (const [place, { course }] of ways.entries()) {
    const { differences } = verified[place]?.result ?? {};
    const isWhole = Object.values(differences ?? {}).every((count) => count === 0);
    const aliases = request.aliases ? (course.info.aliases ?? []) : [];
    await target.ensure(course.spec, { ...context, ...(isWhole ? { aliases } : {}) });
  }
  const names = new Set(ways.map(({ course }) => course.spec.name));
  if (request.waitGreen) await waitUntilGreen(target, names, greenWaitMs, context.signal);
  return await judge(run, ways, verified);
}

/** The verdict: of the points as they were found, and of the collections as they stand now. */
async function judge(
  { source, target, request, context }: Run,
  ways: readonly Way[],
  verified: readonly Verified[],
): Promise<VerifyReport> {
  const standing = await target.collections(context);
  const tuned: string[] = [];
  ways.forEach(({ course: { info, spec } }, place) => {
    const found = standing.find(({ name }) => name === spec.name);
    const one = verified[place];
    if (found === undefined || one === undefined) return;
    one.result.schema.push(...schemaFaults(info, found, request.aliases));
    const text = tuningText(info, found);
    if (text !== "")
      tuned.push(`Target collection ${JSON.stringify(spec.name)} is set otherwise: ${text}.`);
  });
  return verdictOf(source.word, verified, tuned);
}

/** Of a collection whose points cannot be compared. */
function faulted({ info, spec }: Course, fault: string): Verified {
  const result = uncompared(info.name, spec.name, [fault]);
  return { result, foreign: 0, rounded: 0, respelled: 0, sound: new Set() };
}
