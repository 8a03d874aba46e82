/**
 * `verify`: does the target hold what the source holds, bit for bit and type for type?
 *
 * Each target collection is read once; digests are summed by bucket of the point id and compared with the journal's sums.
 * Only where they differ is looked at record by record. Unless told otherwise, every record of the source is read anew
 * too. Whatever seems different is read again at both ends before it is called so. Memory is bounded throughout:
 * differences go to the journal. A killed verify goes on where it stopped, unless something was written since.
 */
import type { SourceStore, TargetStore } from "../store/port.ts";
import { type Ends, withEnds } from "./ends.ts";
import { recordStates } from "./journal/row.ts";
import type { Outcome, VerifyReport } from "./report.ts";
import type { Phase, RunContext, VerifyRequest } from "./request.ts";
import { note, phase, progress } from "./telling.ts";
import { startCourses } from "./verify/course.ts";
import { drill } from "./verify/drill.ts";
import type { Course, VerifyInput } from "./verify/lane.ts";
import { tellRecords } from "./verify/records.ts";
import { listAnew, readSource, rereadSource } from "./verify/reread.ts";
import { verifySample } from "./verify/sample.ts";
import { scanTarget, type TargetScan } from "./verify/scan.ts";
import { settle, settleRows, settleState } from "./verify/settle.ts";
import {
  collectionResult,
  differencesOf,
  type TargetFound,
  verifyResult,
} from "./verify/verdict.ts";

/**
 * Verifies between two ends: with the journal of their migration where there is one, else by reading both. `source` may be
 * null with `targetOnly`; then the newest migration to this target is meant. The report is written whatever happens.
 * @throws E_LOCKED, E_NO_MIGRATION, E_COLLECTION_NOT_FOUND, and what the stores throw
 */
export function runVerify(
  source: SourceStore | null,
  target: TargetStore,
  request: VerifyRequest,
  context: RunContext,
): Promise<Outcome> {
  return withEnds("verify", { source, target, scope: request.scope, context }, async (ends) => {
    await verifyEnds(ends, request);
    return ends.report.finish();
  });
}

/** Verifies what `ends` holds and sets the migration's state by what was found. */
export async function verifyEnds(
  ends: Ends,
  request: Omit<VerifyRequest, "scope">,
): Promise<VerifyReport> {
  const { journal, migration } = ends;
  const { targetOnly, sample, onRecord } = request;
  const readSource = !targetOnly && !ends.freshJournal;
  const lanes =
    targetOnly && !ends.freshJournal
      ? ends.lanes.map(({ entered, lane }) => ({ entered, lane: { ...lane, source: null } }))
      : ends.lanes;
  const result = await verifyCollections({ ...ends, lanes, readSource, sample, onRecord });
  const state = journal.find(migration.key)?.state;
  const copied = state === "COPIED" || state === "STALE" || state === "VERIFIED";
  if (sample !== null || !copied) return result;
  const verified = journal.collections(migration).every(({ verified_at }) => verified_at !== null);
  if (verified) journal.setState(migration, "VERIFIED");
  else if (state === "VERIFIED") journal.setState(migration, "STALE");
  return result;
}

/** Compares these collections with their target, and with their source where asked; enters the result in the report. */
export async function verifyCollections(input: VerifyInput): Promise<VerifyReport> {
  const { journal, report, context, onRecord } = input;
  const courses = await startCourses(input);
  const targets = new Map<string, TargetFound>();
  const sample = input.sample === null ? null : await sampleOf(input, courses, input.sample);
  if (sample === null) {
    for (const course of courses) await takeUp(input, course);
    if (input.freshJournal || input.readSource) await readIds(input, courses);
    for (const [name, group] of Map.groupBy(courses, ({ lane }) => lane.plan.target))
      targets.set(name, await compareTarget(input, name, group));
    if (input.readSource) await compareSource(input, courses);
    for (const course of courses) {
      finishCourse(input, course);
      if (onRecord !== null) await tellRecords(course, onRecord, context.signal);
    }
  }
  const result = verifyResult(input, courses, targets, sample);
  report.verified(result);
  for (const { entered } of courses) journal.readProgress(entered).set(null);
  for (const { entered } of courses) journal.scanProgress(entered).set(null);
  return result;
}

async function sampleOf(
  input: VerifyInput,
  courses: readonly Course[],
  wanted: number,
): Promise<NonNullable<VerifyReport["sample"]>> {
  const stop = begin(input, "verify", null);
  for (const { lane } of courses) lane.ledger.clearDifferences();
  const drawn = await verifySample(courses, wanted, input);
  stop();
  return drawn;
}

/** Forgets what an earlier verify found, or, where it was killed, looks again at what it found so far. */
async function takeUp({ journal, context }: VerifyInput, course: Course): Promise<void> {
  const { entered, lane } = course;
  const killed =
    journal.scanProgress(entered).get() !== null || journal.readProgress(entered).get() !== null;
  if (!killed) return lane.ledger.clearDifferences();
  for (let after = ""; ; ) {
    const page = lane.ledger.differences(after, settleRows);
    const last = page.at(-1);
    if (last === undefined) return;
    const rows = page.flatMap(({ point }) => lane.ledger.byPoint(point) ?? []);
    const known = new Set(rows.map(({ point }) => point));
    lane.ledger.dropDifferences(
      page.map(({ point }) => point).filter((point) => !known.has(point)),
    );
    await settle(course, rows, context.signal);
    after = last.point;
  }
}

/** Lists the source anew; where the journal was made just for this, reads its records too. */
async function readIds(input: VerifyInput, courses: readonly Course[]): Promise<void> {
  const { signal } = input.context;
  for (const course of courses) {
    const { source, plan } = course.lane;
    if (source === null) continue;
    const stop = begin(input, "verify-source", plan.source.name);
    const tell = ofWritten(input, "verify-source", course);
    if (input.freshJournal) await readSource(course, source, signal, tell);
    else await listAnew(course, source, signal);
    stop();
  }
}

async function compareTarget(
  input: VerifyInput,
  name: string,
  group: readonly Course[],
): Promise<TargetFound> {
  const { journal, report, context } = input;
  const { signal } = context;
  const [first] = group;
  if (first === undefined) return { foreign: 0, earlier: "" };
  const stop = begin(input, "verify", name);
  const scan = await scanTarget(
    group,
    journal.scanProgress(first.entered),
    signal,
    ofWritten(input, "verify", first),
  );
  if (scan.resumedAt > 0) {
    const text = `The reading of target collection ${JSON.stringify(name)} was taken up where it had stopped: ${scan.resumedAt} of 256 parts were done.`;
    note(context, report, text);
  }
  const buckets = new Set<number>();
  for (const { entered, lane } of group) {
    const expected = await lane.ledger.sums(signal);
    for (const bucket of scan.sums.get(entered.id)?.differences(expected) ?? [])
      buckets.add(bucket);
  }
  const outOfScope = await drill(
    group,
    [...buckets].sort((one, other) => one - other),
    journal,
    signal,
  );
  // Records that are pending or deleted at the source are differences although the sums agree.
  for (const course of group) {
    await settleState(course, recordStates.deleted, signal);
    await settleState(course, recordStates.pending, signal);
  }
  stop();
  return { foreign: scan.foreign + outOfScope, earlier: earlierPart(name, scan) };
}

function earlierPart(name: string, { resumedAt, since }: TargetScan): string {
  return resumedAt === 0
    ? ""
    : `Of target collection ${JSON.stringify(name)}, ${resumedAt} of 256 parts were read by an earlier verify that was interrupted, from ${since} on, and not again.`;
}

async function compareSource(input: VerifyInput, courses: readonly Course[]): Promise<void> {
  const { journal, context } = input;
  for (const course of courses) {
    const { source, plan } = course.lane;
    if (source === null) continue;
    const stop = begin(input, "verify-source", plan.source.name);
    const kept = journal.readProgress(course.entered);
    const tell = ofWritten(input, "verify-source", course);
    await rereadSource(course, source, kept, context.signal, tell);
    stop();
  }
}

function finishCourse({ journal }: VerifyInput, course: Course): void {
  const { entered, lane, tally } = course;
  tally.compared = lane.ledger.counts().written;
  const clean = differencesOf(collectionResult(course)) === 0;
  journal.setVerified(entered, clean ? new Date().toISOString() : null);
}

function begin(
  { context, report }: VerifyInput,
  name: Phase,
  collection: string | null,
): () => void {
  phase(context, name, collection);
  return report.phase(name);
}

/** How many rows of what stands in the journal were looked at. */
function ofWritten(
  { context }: VerifyInput,
  name: Phase,
  { lane }: Course,
): (rows: number) => void {
  const { written } = lane.ledger.counts();
  return progress(context, name, lane.plan.source.name, written === 0 ? null : written);
}
