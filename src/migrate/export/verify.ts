/**
 * Does the target hold what the source holds? Every record of the source is made anew and compared with what stands at the target: id,
 * document, uri, every metadata key with its type, exactly; vectors to the bit, under cosine as near as the target gives them back.
 */
import type { RecordFailure } from "../../model/record.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { Difference, DifferenceKind } from "../journal/difference.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import { describeDifference } from "../verify/describe.ts";
import { knownRows } from "./carry.ts";
import { type Course, placeOf } from "./lane.ts";
import type { Piece } from "./pieces.ts";
import { recordsOf } from "./records.ts";
import { lookAtStanding } from "./standing.ts";

const pageRows = 500;

/** What was compared of one lane. */
export interface Tally {
  compared: number;
  quarantined: number;
  goneAtBothEnds: number;
  /** Records that have come to the source since it was listed. */
  appeared: number;
  /** Listed records that the source still has. */
  met: number;
}

export function emptyTally(): Tally {
  return { compared: 0, quarantined: 0, goneAtBothEnds: 0, appeared: 0, met: 0 };
}

/** Reads points of the piece again, as they are now. */
export type ReadAgain = (points: readonly string[]) => Promise<Piece["batch"]>;

/**
 * Compares a piece with the target. What seems to differ is read again at both ends (`again`; null = the source is at rest) before
 * it is called so. `isFresh`: there is no journal of what was written.
 */
export async function verifyPiece(
  course: Course,
  piece: Piece["batch"],
  tally: Tally,
  again: ReadAgain | null,
  isFresh: boolean,
  signal: AbortSignal,
): Promise<void> {
  const first = await compare(course, piece, isFresh, signal);
  const points = new Set(first.differences.map(({ point }) => point));
  const second =
    again === null || points.size === 0
      ? { differences: first.differences }
      : await compare(course, await again([...points]), isFresh, signal);
  const { differences } = second;
  tally.compared += first.compared;
  tally.quarantined += first.quarantined;
  tally.met += first.met;
  tally.appeared += differences.filter(({ isNew }) => isNew).length;
  course.ledger.addDifferences(differences.map(({ isNew: _, ...one }) => one));
}

interface Compared {
  readonly compared: number;
  readonly met: number;
  readonly quarantined: number;
  readonly differences: readonly (Difference & { readonly isNew: boolean })[];
}

async function compare(
  course: Course,
  piece: Piece["batch"],
  isFresh: boolean,
  signal: AbortSignal,
): Promise<Compared> {
  const { batch, points, failures } = await recordsOf(course, piece, signal);
  const known = knownRows(course, [...batch.ids, ...failures.map(({ id }) => id)]);
  const standing = await lookAtStanding(course, known, batch, null, signal);
  const differences = batch.ids.flatMap((id, row) => {
    if (standing.same.has(id)) return [];
    const found = standing.found.get(id);
    const one = known.get(id);
    const point = points[row] ?? "";
    const isNew = one === undefined;
    if (found === undefined && !standing.others.has(id)) {
      return [{ ...differenceOf(point, id, "missing", "The target does not have it."), isNew }];
    }
    const detail =
      found === undefined
        ? "What stands at the target cannot be read."
        : describeDifference({ batch, row }, found);
    const kind = kindOf(one, standing.ours.has(id), isFresh);
    return [{ ...differenceOf(point, id, kind, detail), isNew }];
  });
  const inTheWay = await standingUnder(course, failures, signal);
  const unreadable = failures.flatMap(({ id, point, detail }) => {
    const isNew = !known.has(id);
    if (known.get(id)?.digest != null)
      return [{ ...differenceOf(point, id, "unreadable", detail), isNew }];
    if (!inTheWay.has(id)) return [];
    return [{ ...differenceOf(point, id, "taken", `${underIt} ${detail}`), isNew }];
  });
  return {
    compared: batch.ids.length,
    met: known.size,
    quarantined: failures.length - unreadable.length,
    differences: [...differences, ...unreadable],
  };
}

const underIt = "The target cannot hold it, and has another record under its id.";

/** The ids of records that the target cannot hold, and under which something stands there all the same. */
async function standingUnder(
  { target, there }: Course,
  failures: readonly RecordFailure[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  // An id that it refuses is asked for in vain.
  const ids = failures.filter(({ reason }) => reason !== "id-refused").map(({ id }) => id);
  if (ids.length === 0) return new Set();
  const { absent } = await target.read(there, ids, { signal, vectors: false });
  const gone = new Set(absent);
  return new Set(ids.filter((id) => !gone.has(id)));
}

function kindOf(known: LedgerRow | undefined, isOurs: boolean, isFresh: boolean): DifferenceKind {
  if (isFresh) return "changed-at-target";
  if (known?.digest == null) return "taken";
  return isOurs ? "changed-at-source" : "changed-at-target";
}

/** Records that the source has deleted since they were written, and that still stand at the target. */
export async function verifyDeleted(
  course: Course,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, target, there } = course;
  const page = (after: number) => ledger.page(recordStates.deleted, after, pageRows);
  for (let rows = page(-1); rows.length > 0; rows = page(rows.at(-1)?.ordinal ?? 0)) {
    throwIfAborted(signal);
    const ids = rows.map(({ id }) => id);
    const { absent } = await target.read(there, ids, { signal, vectors: false });
    const gone = new Set(absent);
    tally.goneAtBothEnds += gone.size;
    const left = ids.filter((id) => !gone.has(id));
    const text = "The source has deleted it; the target holds it still.";
    ledger.addDifferences(left.map((id) => differenceOf(id, id, "deleted-at-source", text)));
  }
}

/** Records at the target of which the source has none, in any of these lanes, which share a target collection. */
export async function countForeign(
  courses: readonly Course[],
  signal: AbortSignal,
): Promise<number> {
  const [first] = courses;
  if (first === undefined) return 0;
  let foreign = 0;
  for await (const ids of first.target.ids(first.there, { signal })) {
    throwIfAborted(signal);
    foreign += unknownOf(courses, ids).length;
  }
  return foreign;
}

/** Those of some ids of a target collection that none of its lanes has listed. */
export function unknownOf(
  courses: readonly Pick<Course, "ledger">[],
  ids: readonly string[],
): string[] {
  const places = ids.map(placeOf);
  const known = new Set(
    courses.flatMap(({ ledger }) => ledger.backedUp.find(places).map(({ id }) => id)),
  );
  return ids.filter((id) => !known.has(id));
}

function differenceOf(point: string, id: string, kind: DifferenceKind, detail: string): Difference {
  return { point, id, kind, detail, digest: null };
}
