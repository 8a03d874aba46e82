/** Buckets whose sums differ, record by record: the target read again beside the journal, both in point order. */
import { bucketCount, bucketRange } from "../../model/digest.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import type { PointBatch } from "../../model/record.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { pointsAtSource } from "../at-source.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import type { Journal } from "../journal/journal.ts";
import type { PointRow } from "../journal/points.ts";
import { recordStates } from "../journal/row.ts";
import type { Course } from "./lane.ts";
import { type OwnerOf, ownersOf } from "./scan.ts";
import { settle, settleRows } from "./settle.ts";

interface TargetPoint {
  readonly point: string;
  readonly id: string;
  readonly digest: Uint8Array;
  readonly ours: boolean;
  readonly owner: Course | null;
}

/** Records of one collection that are to be looked at again, a few at a time. */
type Suspects = Map<Course, PointRow[]>;

/** Points with our mark that the journal does not know, a few at a time. */
type Surplus = Map<Course, TargetPoint[]>;

/**
 * Goes through these buckets and enters every difference. Returns how many points bear our mark and are only out of scope:
 * the source has their records.
 */
export async function drill(
  group: readonly Course[],
  buckets: readonly number[],
  journal: Journal,
  signal: AbortSignal,
): Promise<number> {
  const [first] = group;
  if (first === undefined) return 0;
  let outOfScope = 0;
  const byId = new Map(group.map((course) => [course.entered.id, course]));
  const suspects: Suspects = new Map(group.map((course) => [course, []]));
  const surplus: Surplus = new Map(group.map((course) => [course, []]));
  const ownerOf = ownersOf(group);
  for (const bucket of buckets.filter((one) => one < bucketCount)) {
    const { from, to } = bucketRange(bucket);
    const known = journal.points(first.entered, from, to);
    let row = known.next();
    for await (const point of pointsOf(first, ownerOf, from, to, signal)) {
      for (; !row.done && row.value.point < point.point; row = known.next())
        suspect(suspects, byId, row.value, null);
      if (!row.done && row.value.point === point.point) {
        suspect(suspects, byId, row.value, point);
        row = known.next();
      } else if (point.owner !== null) surplus.get(point.owner)?.push(point);
      await settleFull(suspects, settleRows, signal);
      outOfScope += await enterFull(surplus, settleRows, signal);
    }
    for (; !row.done; row = known.next()) {
      suspect(suspects, byId, row.value, null);
      await settleFull(suspects, settleRows, signal);
    }
  }
  await settleFull(suspects, 1, signal);
  return outOfScope + (await enterFull(surplus, 1, signal));
}

async function* pointsOf(
  { lane, info }: Course,
  ownerOf: OwnerOf,
  from: string,
  to: string,
  signal: AbortSignal,
): AsyncGenerator<TargetPoint> {
  if (info === null) return;
  for await (const batch of lane.target.scan(info, { from, to, signal })) {
    throwIfAborted(signal);
    yield* targetPoints(batch, ownerOf, lane.run);
  }
}

function* targetPoints(batch: PointBatch, ownerOf: OwnerOf, run: string): Generator<TargetPoint> {
  const digests = digestsOf(batch);
  for (const [row, point] of batch.placement.points.entries()) {
    if (!isCanonicalUuid(point)) continue;
    yield {
      point,
      id: batch.ids[row] ?? "",
      digest: Uint8Array.from(digestAt(digests, row)),
      ours: batch.placement.runs[row] === run,
      owner: ownerOf(batch.placement, row),
    };
  }
}

/** Notes a record unless the target has exactly what the journal says. */
function suspect(
  suspects: Suspects,
  byId: ReadonlyMap<number, Course>,
  row: PointRow,
  point: TargetPoint | null,
): void {
  const course = byId.get(row.collection);
  if (course === undefined) return;
  const { written, deleted } = recordStates;
  const stands = row.state === written || row.state === deleted;
  const equal =
    point === null ? !stands : stands && point.ours && sameDigest(row.digest, point.digest);
  if (!equal) suspects.get(course)?.push(row);
}

async function settleFull(suspects: Suspects, least: number, signal: AbortSignal): Promise<void> {
  for (const [course, rows] of suspects) {
    if (rows.length < least) continue;
    suspects.set(course, []);
    await settle(course, rows, signal);
  }
}

async function enterFull(surplus: Surplus, least: number, signal: AbortSignal): Promise<number> {
  let outOfScope = 0;
  for (const [course, points] of surplus) {
    if (points.length < least) continue;
    surplus.set(course, []);
    outOfScope += await enterExtra(course, points, signal);
  }
  return outOfScope;
}

/** Enters as extra the points whose records the source does not have; returns how many of them it has. */
async function enterExtra(
  { lane }: Course,
  points: readonly TargetPoint[],
  signal: AbortSignal,
): Promise<number> {
  const left = await pointsAtSource(lane, points, signal);
  const asked = lane.source === null ? "journal" : "source";
  const detail = `Bears this migration's mark, and the ${asked} has no such record.`;
  const extra = points.filter(({ point }) => !left.has(point));
  lane.ledger.addDifferences(
    extra.map(({ point, id, digest }) => ({ point, id, kind: "extra", detail, digest })),
  );
  return left.size;
}
