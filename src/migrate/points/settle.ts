/** A source that others write to while it is copied: what it has changed meanwhile is carried too, or named. */
import { type BucketSums, digestBytes } from "../../model/digest.ts";
import { digestsOf } from "../digests.ts";
import type { RunContext } from "../request.ts";
import { phase, progress } from "../telling.ts";
import type { Totals } from "../transfer.ts";
import { carryPoints } from "./carry.ts";
import type { Course } from "./course.ts";
import { type Held, pointsBeside } from "./look.ts";
import type { PointsRequest } from "./request.ts";
import { bucketAt, inBoth, sourceSums, targetSums, without } from "./sums.ts";

/** The source is read again until it has changed nothing, at most so often. */
const roundsMax = 3;

/** Both ends of a collection, as they were read last. */
export interface BothEnds {
  readonly wanted: BucketSums;
  readonly standing: BucketSums;
}

export interface Settled extends BothEnds {
  /** What was done beyond the copy. */
  readonly totals: Totals[];
  /** Points that the source deleted meanwhile and that were taken away. */
  readonly removed: number;
}

/** Reads both ends. `sent`: the source's sums where nobody else can have written to it since. */
export async function readEnds(
  course: Course,
  sent: BucketSums | null,
  context: RunContext,
): Promise<BothEnds> {
  phase(context, "verify", course.info.name);
  const [standing, wanted] = await Promise.all([
    targetSums(course, context, "verify"),
    sent ?? sourceSums(course, context),
  ]);
  return { standing, wanted };
}

/**
 * Reads both ends once all points are `sent`. Where the source has changed since it was read, what has changed is carried: what
 * differs in buckets to which nobody else has written, and what is missing in all.
 */
export async function settle(
  course: Course,
  sent: BucketSums,
  { expected, pure }: Pick<Held, "expected" | "pure">,
  request: Pick<PointsRequest, "overwrite" | "propagateDeletes">,
  context: RunContext,
): Promise<Settled> {
  const { source, info } = course;
  const totals: Totals[] = [];
  let removed = 0;
  if (!source.live) return { ...(await readEnds(course, sent, context)), totals, removed };
  for (let round = 1; ; round += 1) {
    const ends = await readEnds(course, null, context);
    const { standing, wanted } = ends;
    const open = new Set(standing.differences(wanted));
    if (open.size === 0 || round === roundsMax) return { ...ends, totals, removed };
    const ours = without(open, new Set(standing.differences(expected)));
    phase(context, "relist", info.name);
    const tell = progress(context, "relist", info.name, info.count);
    const held = { stands: true, open, ours, expected };
    const carried = await carryPoints(course, held, request.overwrite, context.signal, tell);
    totals.push(carried.totals);
    const gone = request.propagateDeletes ? inBoth(ours, pure) : new Set<number>();
    const taken = await removeGone(course, gone, expected, context.signal);
    removed += taken;
    if (carried.totals.written + taken === 0) return { ...ends, totals, removed };
  }
}

/** Takes away the points of these buckets that the source does not have; gives their number. */
export async function removeGone(
  course: Course,
  buckets: ReadonlySet<number>,
  expected: BucketSums,
  signal: AbortSignal,
): Promise<number> {
  const { target, there } = course;
  let removed = 0;
  if (buckets.size === 0) return removed;
  for await (const points of pointsBeside(course, signal, buckets)) {
    if (points.length === 0) continue;
    const { batch } = await target.read(there, points, { signal });
    const digests = digestsOf(batch);
    batch.placement.points.forEach((point, row) => {
      expected.subtract(bucketAt(point), digests, row * digestBytes);
    });
    await target.remove(there, { points: batch.placement.points }, { signal });
    removed += batch.ids.length;
  }
  return removed;
}
