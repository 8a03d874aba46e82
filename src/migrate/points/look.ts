/** Before the first write: what stands at the target already, and that none of it is in the way. */
import { VectorError } from "../../errors.ts";
import { BucketSums } from "../../model/digest.ts";
import { pickRows } from "../../model/rows.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { RunContext } from "../request.ts";
import { progress } from "../telling.ts";
import type { Course } from "./course.ts";
import { equalRows } from "./equal.ts";
import type { Left } from "./left.ts";
import type { PointsRequest } from "./request.ts";
import { allBuckets, bucketAt, sourceSums, targetSums, without } from "./sums.ts";

/** What of a collection stands at the target before the copy. */
export interface Held {
  /** Whether anything stands there at all. */
  readonly stands: boolean;
  /** Buckets in which the ends differ. */
  readonly open: ReadonlySet<number>;
  /** Buckets that nobody has written to since an earlier run left them. */
  readonly ours: ReadonlySet<number>;
  /** Buckets in which nothing stands but what the source has, or had when an earlier run carried it. */
  readonly pure: ReadonlySet<number>;
  /** What stands there, as far as this run knows: what it writes is added. */
  readonly expected: BucketSums;
  /** Points that are equal at both ends. */
  readonly equal: number;
  /** Points that stand there otherwise than at the source. */
  readonly others: number;
  /** Points that the source has and the target does not. */
  readonly missing: number;
  /** Points that the source does not have. */
  readonly extra: number;
}

/** Of a collection of which nothing stands at the target. */
export function nothingHeld(): Held {
  const none = { equal: 0, others: 0, missing: 0, extra: 0 };
  const expected = new BucketSums();
  return { stands: false, open: allBuckets, ours: allBuckets, pure: allBuckets, expected, ...none };
}

/**
 * What of a collection stands at the target. `left`: what an earlier run left there.
 * @throws E_POINT_TAKEN where another point stands in the place of one of the source's, unless it has changed at
 * the source since, or `overwrite`; E_FOREIGN_POINTS where points stand there that the source does not have, unless it has deleted
 * them since, or `merge`
 */
export async function lookAt(
  course: Course,
  left: Left | null,
  { merge, overwrite }: Pick<PointsRequest, "merge" | "overwrite">,
  context: RunContext,
): Promise<Held> {
  const { target, there } = course;
  if ((await target.count(there, context)) === 0) return nothingHeld();
  const [wanted, standing] = await Promise.all([
    sourceSums(course, context),
    targetSums(course, context, "check"),
  ]);
  const open = new Set(standing.differences(wanted));
  const ours =
    left === null
      ? new Set<number>()
      : without(left.known, new Set(standing.differences(left.sums)));
  const seen = await seeOpen(course, open, ours, overwrite, context);
  const beside = (bucket: number) =>
    open.has(bucket) ? standing.count(bucket) - (seen.standing[bucket] ?? 0) : 0;
  const isPure = (bucket: number) =>
    (ours.has(bucket) && left?.pure.has(bucket) === true) ||
    (beside(bucket) === 0 && !seen.changed.has(bucket));
  const pure = new Set([...allBuckets].filter(isPure));
  const unknown = sumOf(without(open, pure), beside);
  if (unknown > 0 && !merge) throw await foreign(course, unknown, context.signal);
  const { others, missing } = seen;
  const equal = wanted.total - seen.total + seen.equal;
  const extra = sumOf(open, beside);
  return { stands: true, open, ours, pure, expected: standing, equal, others, missing, extra };
}

function sumOf(buckets: ReadonlySet<number>, of: (bucket: number) => number): number {
  return [...buckets].reduce((sum, bucket) => sum + of(bucket), 0);
}

interface Seen {
  total: number;
  equal: number;
  others: number;
  missing: number;
  /** By bucket: points of the source in whose places something stands. */
  readonly standing: number[];
  /** Buckets in which something stands otherwise than at the source. */
  readonly changed: Set<number>;
}

/** The points of the open buckets, one by one. */
async function seeOpen(
  course: Course,
  open: ReadonlySet<number>,
  ours: ReadonlySet<number>,
  overwrite: boolean,
  context: RunContext,
): Promise<Seen> {
  const { source, info, batchSize } = course;
  const { signal } = context;
  const tell = progress(context, "check", info.name, info.count);
  const seen: Seen = {
    total: 0,
    equal: 0,
    others: 0,
    missing: 0,
    standing: [],
    changed: new Set(),
  };
  if (open.size === 0) return seen;
  let done = 0;
  for await (const batch of source.points(info, { signal, batchSize })) {
    throwIfAborted(signal);
    const { points } = batch.placement;
    const rows = points.flatMap((point, row) => (open.has(bucketAt(point)) ? [row] : []));
    if (rows.length > 0) {
      const some = pickRows(batch, rows);
      const { rows: equal, others } = await equalRows(course, some, signal);
      for (const row of others.keys()) {
        const point = some.placement.points[row] ?? "";
        if (!overwrite && !ours.has(bucketAt(point))) throw taken(course, point);
        seen.changed.add(bucketAt(point));
      }
      some.placement.points.forEach((point, row) => {
        const bucket = bucketAt(point);
        if (equal.has(row) || others.has(row))
          seen.standing[bucket] = (seen.standing[bucket] ?? 0) + 1;
      });
      seen.total += rows.length;
      seen.equal += equal.size;
      seen.others += others.size;
      seen.missing += rows.length - equal.size - others.size;
    }
    done += batch.ids.length;
    tell(done);
  }
  return seen;
}

function taken({ source: { word }, spec }: Course, point: string): VectorError {
  return new VectorError(
    "E_POINT_TAKEN",
    `In target collection ${JSON.stringify(spec.name)} stands another point ${point} than the ${word}'s; it is not written over.`,
    {
      next: "Choose another target collection (--target-collection, --rename), or delete the point or the collection that stands there. Or write over what differs: --overwrite.",
      details: { collection: spec.name, point },
    },
  );
}

/** The error that names the first point that the source does not have. */
async function foreign(course: Course, count: number, signal: AbortSignal): Promise<VectorError> {
  const { source, spec } = course;
  let point: string | undefined;
  for await (const points of pointsBeside(course, signal)) {
    [point] = points;
    if (point !== undefined) break;
  }
  return new VectorError(
    "E_FOREIGN_POINTS",
    `Target collection ${JSON.stringify(spec.name)} holds ${count} points that the ${source.word} does not have; point ${point} is the first.`,
    { details: { collection: spec.name, point, count } },
  );
}

/** Points of the target that the source does not have; of these buckets, or of all. */
export async function* pointsBeside(
  { source, target, info, there }: Course,
  signal: AbortSignal,
  buckets: ReadonlySet<number> | null = null,
): AsyncGenerator<string[]> {
  for await (const ids of target.ids(there, { signal, chunk: 1000 })) {
    throwIfAborted(signal);
    const some = buckets === null ? ids : ids.filter((point) => buckets.has(bucketAt(point)));
    if (some.length > 0) yield await source.absent(info, some, { signal });
  }
}
