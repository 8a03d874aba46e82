/** Digests of points, summed up by bucket: what two ends are compared by before any point is. */
import { BucketSums, bucketCount, bucketOf, digestBytes } from "../../model/digest.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import type { PointBatch } from "../../model/record.ts";
import { releaseVectors } from "../../model/vector-column.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { digestsOf } from "../digests.ts";
import type { RunContext } from "../request.ts";
import { progress } from "../telling.ts";
import type { Course } from "./course.ts";

/** The bucket of a point: by the first byte of a UUID; numbers are dealt out over all. */
export function bucketAt(point: string): number {
  return isCanonicalUuid(point) ? bucketOf(point) : Number(BigInt(point) % BigInt(bucketCount));
}

/** All buckets. */
export const allBuckets: ReadonlySet<number> = new Set(
  Array.from({ length: bucketCount }, (_, bucket) => bucket),
);

/** Those that are in both. */
export function inBoth(one: ReadonlySet<number>, other: ReadonlySet<number>): Set<number> {
  return new Set([...one].filter((bucket) => other.has(bucket)));
}

/** Those that are not in the other. */
export function without(one: ReadonlySet<number>, other: ReadonlySet<number>): Set<number> {
  return new Set([...one].filter((bucket) => !other.has(bucket)));
}

/** Adds a batch's points. */
export function addPoints(sums: BucketSums, batch: PointBatch): void {
  const digests = digestsOf(batch);
  batch.placement.points.forEach((point, row) => {
    sums.add(bucketAt(point), digests, row * digestBytes);
  });
}

/** All points of the source, read now. */
export function sourceSums(course: Course, context: RunContext): Promise<BucketSums> {
  const { source, info } = course;
  return sumsOf(source.points(info, context), context.signal, () => undefined);
}

/** All points of the target, read now. */
export function targetSums(
  course: Course,
  context: RunContext,
  phase: "check" | "verify",
): Promise<BucketSums> {
  const { target, there, info } = course;
  const tell = progress(context, phase, info.name, info.count);
  return sumsOf(target.scan(there, context), context.signal, tell);
}

async function sumsOf(
  batches: AsyncIterable<PointBatch>,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<BucketSums> {
  const sums = new BucketSums();
  let done = 0;
  for await (const batch of batches) {
    throwIfAborted(signal);
    addPoints(sums, batch);
    releaseVectors(batch);
    done += batch.ids.length;
    onRows(done);
  }
  return sums;
}
