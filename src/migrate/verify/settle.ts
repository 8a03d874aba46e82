/** Second looks: records that do not seem to be equal are read again at both ends, and only then called different. */
import type { PointBatch } from "../../model/record.ts";
import type { SourceStore } from "../../store/port.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import type { Difference, DifferenceKind } from "../journal/difference.ts";
import { DigestedRows } from "../journal/digested-rows.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import { prepare } from "../prepare.ts";
import { isOwn } from "../standing.ts";
import { type Decision, decide, type Sight } from "./decide.ts";
import { describeDifference, normalizedUlps, type PointAt, sameButForUlps } from "./describe.ts";
import type { Course } from "./lane.ts";

/** Records that are looked at again at once. */
export const settleRows = 100;
const pageRows = 1000;

interface Seen {
  readonly digest: Uint8Array;
  readonly at: PointAt;
}

interface SourceSight {
  readonly records: ReadonlyMap<string, Seen>;
  readonly failures: ReadonlyMap<string, string>;
}

/** Looks again at these records, enters the differences that are left, takes back those that are none. Returns the differences. */
export async function settle(
  course: Course,
  rows: readonly LedgerRow[],
  signal: AbortSignal,
): Promise<Difference[]> {
  const { lane } = course;
  const { source } = lane;
  const found: Difference[] = [];
  for (let start = 0; start < rows.length; start += settleRows) {
    const page = rows.slice(start, start + settleRows);
    const [atSource, atTarget] = await Promise.all([
      source === null ? null : lookAtSource(source, course, page, signal),
      lookAtTarget(course, page, signal),
    ]);
    const judged = page.map((row) => judge(course, row, atSource, atTarget.get(row.point) ?? null));
    enter(course, judged);
    found.push(...judged.flatMap(({ difference }) => difference ?? []));
  }
  return found;
}

/** Looks again at every record that the journal has in `state`. */
export async function settleState(
  course: Course,
  state: number,
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = course.lane;
  for (let rows = ledger.page(state, -1, pageRows); rows.length > 0; ) {
    await settle(course, rows, signal);
    rows = ledger.page(state, rows.at(-1)?.ordinal ?? 0, pageRows);
  }
}

interface Judgement {
  readonly row: LedgerRow;
  readonly difference: Difference | null;
  readonly journal: Decision["journal"];
  /** What stands at the target of this record; null = nothing. */
  readonly digest: Uint8Array | null;
}

function judge(
  course: Course,
  row: LedgerRow,
  source: SourceSight | null,
  target: Seen | null,
): Judgement {
  const record = source?.records.get(row.id) ?? null;
  const ours = target !== null && isOwn(course.lane, target.at.batch, target.at.row, row.id);
  const digest = ours ? target.digest : null;
  if (record !== null && target !== null && withinUlps(course, row, record, target)) {
    course.tally.withinUlps += 1;
    // From here on the target is held to what it holds now.
    return { row, difference: null, journal: course.freshJournal ? "adopt" : null, digest };
  }
  const sight: Sight = {
    state: row.state,
    journal: row.digest,
    source: sourceSight(source, row.id),
    target: target === null ? null : { digest: target.digest, ours },
  };
  const { kind, journal } = decide(sight);
  if (kind === null) return { row, difference: null, journal, digest };
  const detail =
    kind === "taken" ? takenDetail(course, target) : detailOf(kind, row, source, record, target);
  return {
    row,
    difference: { point: row.point, id: row.id, kind, detail, digest: target?.digest ?? null },
    journal,
    digest,
  };
}

function sourceSight(source: SourceSight | null, id: string): Sight["source"] {
  if (source === null) return "unasked";
  return source.records.get(id)?.digest ?? (source.failures.has(id) ? "failed" : "absent");
}

/**
 * A source that does not keep the last bits of a vector cannot be held to them, but the target is held to what was written.
 * Without a journal nobody knows what that was.
 */
function withinUlps(
  { lane, freshJournal }: Course,
  row: LedgerRow,
  record: Seen,
  target: Seen,
): boolean {
  const ulps = lane.source?.capabilities.vectorUlps ?? 0;
  if (ulps === 0 || lane.plan.distance !== "cosine") return false;
  if (sameDigest(record.digest, target.digest)) return false;
  if (!freshJournal && !sameDigest(row.digest, target.digest)) return false;
  return sameButForUlps(record.at, target.at, normalizedUlps(ulps));
}

/** Whose point stands where a record's should. */
function takenDetail({ lane }: Course, target: Seen | null): string {
  const run = target?.at.batch.placement.runs[target.at.row] ?? null;
  if (run === null) return "A point that no migration wrote stands in its place.";
  return run === lane.run
    ? "Another record's point stands in its place."
    : "A point of another migration stands in its place.";
}

function detailOf(
  kind: Exclude<DifferenceKind, "taken">,
  row: LedgerRow,
  source: SourceSight | null,
  record: Seen | null,
  target: Seen | null,
): string {
  const failure = source?.failures.get(row.id);
  switch (kind) {
    case "missing":
      if (row.digest === null) return "Not carried yet.";
      return target === null ? "Not at the target." : "Listed anew and not carried yet.";
    case "unreadable":
      return failure ?? "The source gives no such record.";
    case "changed-at-source":
      if (record === null || target === null)
        return `The source's can no longer be carried (${failure ?? "it is quarantined"}); the target has what was carried before.`;
      return `target -> source: ${describeDifference(target.at, record.at)}`;
    case "changed-at-target":
      if (target === null) return "";
      if (record === null) return "Differs from what was written.";
      return `source -> target: ${describeDifference(record.at, target.at)}`;
    case "deleted-at-source":
      return "The source has deleted it; the target has what was written.";
    case "extra":
      return "The source does not have it.";
  }
}

function enter({ lane, tally }: Course, judged: readonly Judgement[]): void {
  const { ledger } = lane;
  const differences = judged.flatMap(({ difference }) => difference ?? []);
  const equal = judged.filter(({ difference }) => difference === null);
  const adopted = new DigestedRows();
  for (const { row, journal, digest } of judged)
    if (journal === "adopt" && digest !== null) adopted.add(row.ordinal, digest);
  const gone = judged.filter(({ journal }) => journal === "gone");
  const [still = [], nowhere = []] = [false, true].map((empty) =>
    gone.filter(({ digest }) => (digest === null) === empty).map(({ row }) => row.ordinal),
  );
  ledger.dropDifferences(equal.map(({ row }) => row.point));
  ledger.addDifferences(differences);
  if (adopted.length > 0) ledger.adopt(adopted);
  ledger.setState(still, recordStates.deleted);
  ledger.setState(nowhere, recordStates.left);
  tally.goneAtBothEnds += nowhere.length;
}

async function lookAtSource(
  source: SourceStore,
  { lane }: Course,
  rows: readonly LedgerRow[],
  signal: AbortSignal,
): Promise<SourceSight> {
  const ids = rows.map(({ id }) => id);
  const read = await lane.reads.run(() => source.read(lane.plan.source, ids, { signal }), signal);
  const prepared = prepare(read.batch, lane.plan, lane.run);
  const failures = [...read.failures, ...prepared.failures];
  return {
    records: new Map(seen(prepared.batch).map((one) => [one.at.batch.ids[one.at.row] ?? "", one])),
    failures: new Map(failures.map(({ id, detail }) => [id, detail])),
  };
}

async function lookAtTarget(
  { lane, info }: Course,
  rows: readonly LedgerRow[],
  signal: AbortSignal,
): Promise<Map<string, Seen>> {
  if (info === null) return new Map();
  const points = rows.map(({ point }) => point);
  const { batch } = await lane.target.read(info, points, { signal });
  return new Map(seen(batch).map((one) => [batch.placement.points[one.at.row] ?? "", one]));
}

function seen(batch: PointBatch): Seen[] {
  const digests = digestsOf(batch);
  return batch.ids.map((_, row) => ({
    digest: digestAt(digests, row),
    at: { batch, row },
  }));
}
