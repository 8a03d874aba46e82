/** One pass over a target collection: digests summed by bucket for each source collection that shares it. Resumable. */
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { BucketSums, bucketCount, bucketOf, bucketRange, digestBytes } from "../../model/digest.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import type { Placement } from "../../model/record.ts";
import type { PointDigests } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { scanDigests } from "../digests.ts";
import type { Progress } from "../journal/progress.ts";
import type { Course } from "./lane.ts";

/** Progress is kept so often at most. */
const saveEveryMs = 2000;

export interface TargetScan {
  /** By the journal's number of the collection. */
  readonly sums: ReadonlyMap<number, BucketSums>;
  /** Points that belong to none of these collections. */
  readonly foreign: number;
  /** The bucket at which an earlier, killed scan was taken up; 0 = from the beginning. */
  readonly resumedAt: number;
  /** When the first part was read; ISO 8601. */
  readonly since: string;
}

/** The owner of a point among collections that share a target: by its mark. */
export type OwnerOf = (placement: Owned, row: number) => Course | null;
/** What tells whose points are. */
type Owned = Pick<Placement, "points" | "runs" | "collections">;

export function ownersOf(group: readonly Course[]): OwnerOf {
  const byMark = new Map(
    group.map((course) => [course.lane.plan.merged ? course.lane.plan.source.name : null, course]),
  );
  const run = group[0]?.lane.run;
  return (placement, row) => {
    if (placement.runs[row] !== run || !isCanonicalUuid(placement.points[row] ?? "")) return null;
    return byMark.get(placement.collections[row] ?? null) ?? null;
  };
}

const progressSchema = z.object({
  /** The first bucket that is not done. */
  bucket: z.int().min(0).max(bucketCount),
  sums: z.record(z.string(), z.string()),
  foreign: z.array(z.number()),
  since: z.iso.datetime(),
});

/**
 * Scans the target that `group` shares; `onRows` is told how many points were read so far. A killed scan is taken up, and
 * begun anew where the target has another number of points than both parts together.
 */
export async function scanTarget(
  group: readonly Course[],
  progress: Progress,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<TargetScan> {
  const [first] = group;
  const kept = readProgress(group, progress);
  if (first?.info == null || kept === null)
    return await scanFrom(first, new Scan(group, 0), progress, signal, onRows);
  const whole = await scanFrom(first, kept, progress, signal, onRows);
  const points = Array.from(whole.sums.values(), ({ total }) => total);
  const counted = points.reduce((sum, total) => sum + total, whole.foreign);
  const there = await first.lane.target.count(first.info, { signal });
  if (counted === there) return whole;
  return await scanFrom(first, new Scan(group, 0), progress, signal, onRows);
}

async function scanFrom(
  first: Course | undefined,
  scan: Scan,
  progress: Progress,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<TargetScan> {
  const resumedAt = scan.bucket;
  if (first?.info == null || resumedAt === bucketCount) return scan.result(resumedAt);
  const from = resumedAt === 0 ? {} : { from: bucketRange(resumedAt).from };
  let rows = 0;
  let savedMs = Date.now();
  for await (const page of scanDigests(first.lane.target, first.info, { signal, ...from })) {
    throwIfAborted(signal);
    scan.add(page);
    rows += page.points.length;
    onRows(rows);
    if (Date.now() - savedMs >= saveEveryMs) {
      progress.set(scan.toText());
      savedMs = Date.now();
    }
    await setImmediate();
  }
  scan.bucket = bucketCount;
  progress.set(scan.toText());
  return scan.result(resumedAt);
}

class Scan {
  /** The bucket that is being read. Those before it are done, for points come in order. */
  bucket: number;
  readonly sums: Map<number, BucketSums>;
  /** Points that are nobody's, by bucket; those that are numbers come first and stand in bucket 0. */
  readonly foreign = new Float64Array(bucketCount);
  readonly #ownerOf: OwnerOf;

  readonly #since: string;

  constructor(group: readonly Course[], bucket: number, since = new Date().toISOString()) {
    this.bucket = bucket;
    this.#since = since;
    this.sums = new Map(group.map(({ entered }) => [entered.id, new BucketSums()]));
    this.#ownerOf = ownersOf(group);
  }

  add(page: PointDigests): void {
    const { points, digests } = page;
    points.forEach((point, row) => {
      const uuid = isCanonicalUuid(point);
      const bucket = uuid ? bucketOf(point) : 0;
      this.bucket = Math.max(this.bucket, bucket);
      const owner = this.#ownerOf(page, row);
      if (owner === null || !uuid) this.foreign[bucket] = (this.foreign[bucket] ?? 0) + 1;
      else this.sums.get(owner.entered.id)?.add(bucket, digests, row * digestBytes);
    });
  }

  toText(): string {
    const sums = Array.from(this.sums, ([id, one]) => [String(id), one.toText(this.bucket)]);
    const foreign = [...this.foreign.subarray(0, this.bucket)];
    return JSON.stringify({
      bucket: this.bucket,
      sums: Object.fromEntries(sums),
      foreign,
      since: this.#since,
    });
  }

  result(resumedAt: number): TargetScan {
    const foreign = this.foreign.reduce((sum, number) => sum + number, 0);
    return { sums: this.sums, foreign, resumedAt, since: this.#since };
  }
}

/** The scan that was killed; null where there was none, or one of other collections. */
function readProgress(group: readonly Course[], progress: Progress): Scan | null {
  const text = progress.get();
  if (text === null) return null;
  const kept = progressSchema.parse(JSON.parse(text));
  const scan = new Scan(group, kept.bucket, kept.since);
  if (Object.keys(kept.sums).length !== group.length) return null;
  for (const { entered } of group) {
    const sums = kept.sums[String(entered.id)];
    if (sums === undefined) return null;
    scan.sums.set(entered.id, BucketSums.fromText(sums));
  }
  scan.foreign.set(kept.foreign);
  return scan;
}
