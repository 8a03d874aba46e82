/** A verify of some records, drawn at random, and what they say of all. */
import { randomInt } from "node:crypto";
import { throwIfAborted } from "../../util/abort.ts";
import { seededRandom } from "../../util/seeded-random.ts";
import type { Difference } from "../journal/difference.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import type { VerifyReport } from "../report-schema.ts";
import type { Course, VerifyInput } from "./lane.ts";
import { type OnRecord, tellDifference, tellRow } from "./records.ts";
import { readRows } from "./reread.ts";
import { settle, settleRows, settleState } from "./settle.ts";

const pageRows = 5000;

/**
 * Compares `wanted` carried records of these collections at both ends; each is as likely as any other. Those that are not
 * carried yet are differences, all of them. With a fresh journal, one that lists the source's ids and nothing else, it draws
 * from all that it lists and reads them into the journal first.
 */
export async function verifySample(
  courses: readonly Course[],
  wanted: number,
  { freshJournal = false, onRecord, context }: VerifyInput,
  seed = randomInt(2 ** 32),
): Promise<NonNullable<VerifyReport["sample"]>> {
  const { signal } = context;
  if (!freshJournal)
    for (const course of courses) await settleState(course, recordStates.pending, signal);
  const total = courses.reduce((sum, { lane }) => {
    const { pending, written, deleted } = lane.ledger.counts();
    return sum + (freshJournal ? pending : written + deleted);
  }, 0);
  const ranks = drawRanks(Math.min(wanted, total), total, seed);
  let rank = 0;
  let mismatches = 0;
  for (const course of courses) {
    for (const rows of pages(course, freshJournal)) {
      throwIfAborted(signal);
      const picked = rows.filter((_, place) => ranks.has(rank + place));
      rank += rows.length;
      const drawn = freshJournal ? await readPicked(course, picked, signal) : picked;
      const differences = await settle(course, drawn, signal);
      if (onRecord !== null) tellDrawn(course, drawn, differences, onRecord);
      mismatches += differences.length;
      course.tally.compared += drawn.length;
    }
  }
  return {
    records: ranks.size,
    seed: String(seed),
    mismatches,
    bound: boundOf(ranks.size, mismatches, freshJournal ? "source's" : "carried"),
  };
}

/**
 * Rule of three (Hanley and Lippman-Hand, JAMA 249, 1983): when none of n records drawn at random differs, fewer than 3/n
 * of all differ, with 95 % confidence.
 */
export function boundOf(
  records: number,
  mismatches: number,
  whose: "carried" | "source's",
): string | null {
  if (records === 0 || mismatches > 0) return null;
  const percent = Math.min(100, 300 / records);
  return `fewer than ${Number(percent.toPrecision(3))} % of the ${whose} records differ (3/${records}, rule of three, 95 % confidence)`;
}

function tellDrawn(
  { lane }: Course,
  drawn: readonly LedgerRow[],
  differences: readonly Difference[],
  onRecord: OnRecord,
): void {
  const collection = lane.plan.source.name;
  const byPoint = new Map(differences.map((one) => [one.point, one]));
  for (const row of drawn) {
    const difference = byPoint.get(row.point);
    if (difference === undefined) tellRow(row, collection, onRecord);
    else tellDifference(difference, collection, onRecord);
  }
}

async function readPicked(
  course: Course,
  rows: readonly LedgerRow[],
  signal: AbortSignal,
): Promise<LedgerRow[]> {
  const { source, ledger } = course.lane;
  for (let start = 0; source !== null && start < rows.length; start += settleRows)
    await readRows(course, source, rows.slice(start, start + settleRows), signal);
  return rows.flatMap(({ point }) => ledger.byPoint(point) ?? []);
}

function* pages({ lane }: Course, listed: boolean): Generator<LedgerRow[]> {
  for (let after = -1; ; ) {
    const rows = listed
      ? lane.ledger.page(recordStates.pending, after, pageRows)
      : lane.ledger.carried(after, pageRows);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.ordinal;
  }
}

/** So many different numbers below `total` (Floyd's method: each set of them is as likely as any other). */
function drawRanks(wanted: number, total: number, seed: number): Set<number> {
  const random = seededRandom(seed);
  const ranks = new Set<number>();
  for (let top = total - wanted; top < total; top += 1) {
    const rank = Math.floor(random() * (top + 1));
    ranks.add(ranks.has(rank) ? top : rank);
  }
  return ranks;
}
