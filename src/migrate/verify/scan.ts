/**
 * One pass over a target collection: digests summed by bucket for each source collection that shares it. Resumable. Parts of it
 * are read beside one another, for a server puts the points of an answer together in one thread.
 */
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { BucketSums, bucketCount, bucketOf, bucketRange, digestBytes } from "../../model/digest.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import type { Placement } from "../../model/record.ts";
import type { PointDigests, ScanOptions, TargetStore } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { parseJson } from "../../util/json.ts";
import { runWorkers } from "../../util/workers.ts";
import { scanDigests } from "../digests.ts";
import type { Progress } from "../journal/progress.ts";
import type { Course } from "./lane.ts";

/** Progress is kept so often at most. */
const saveEveryMs = 2000;
/** Parts that are read beside one another, at most. */
const partsMax = 2;

export interface TargetScan {
  /** By the journal's number of the collection. */
  readonly sums: ReadonlyMap<number, BucketSums>;
  /** Points that belong to none of these collections. */
  readonly foreign: number;
  /** The buckets that an earlier, killed scan had done; 0 = there was none. */
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

const bucketNumber = z.int().min(0).max(bucketCount);
const progressSchema = z.object({
  parts: z.array(z.object({ start: bucketNumber, at: bucketNumber, end: bucketNumber })),
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
  const anew = () => new Scan(group, partsAtOnce(first?.lane.target));
  if (first?.info == null || kept === null)
    return await scanFrom(first, anew(), progress, signal, onRows);
  const whole = await scanFrom(first, kept, progress, signal, onRows);
  const points = Array.from(whole.sums.values(), ({ total }) => total);
  const counted = points.reduce((sum, total) => sum + total, whole.foreign);
  const there = await first.lane.target.count(first.info, { signal });
  if (counted === there) return whole;
  return await scanFrom(first, anew(), progress, signal, onRows);
}

/** One where the target makes no digests: so it is where it is asked gently. */
function partsAtOnce(target: TargetStore | undefined): number {
  if (target?.digests === undefined) return 1;
  return Math.max(1, Math.min(partsMax, target.capabilities.concurrency));
}

async function scanFrom(
  first: Course | undefined,
  scan: Scan,
  progress: Progress,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<TargetScan> {
  const resumedAt = scan.done;
  if (first?.info == null || resumedAt === bucketCount) return scan.result(resumedAt);
  const { info } = first;
  const { target } = first.lane;
  let rows = 0;
  let savedMs = Date.now();
  const read = async (part: Part, signal: AbortSignal): Promise<void> => {
    for await (const page of scanDigests(target, info, { signal, ...boundsOf(part) })) {
      throwIfAborted(signal);
      scan.add(part, page);
      rows += page.points.length;
      onRows(rows);
      if (Date.now() - savedMs >= saveEveryMs) {
        progress.set(scan.toText());
        savedMs = Date.now();
      }
      await setImmediate();
    }
    part.at = part.end;
  };
  const waiting = scan.parts.filter(({ at, end }) => at < end);
  await runWorkers(Math.min(partsAtOnce(target), waiting.length), signal, async (signal) => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift())
      await read(part, signal);
  });
  progress.set(scan.toText());
  return scan.result(resumedAt);
}

/** Buckets that are read one after the other: those from `start` on are done, `at` is being read, `end` is behind the last. */
interface Part {
  readonly start: number;
  at: number;
  readonly end: number;
}

function partOf(at: number, parts: number): Part {
  const [start, end] = [at, at + 1].map((edge) => Math.round((edge * bucketCount) / parts));
  return { start: start ?? 0, at: start ?? 0, end: end ?? bucketCount };
}

/** The points of a part that are not done; points that are numbers come before all others, and belong to the first. */
function boundsOf({ at, end }: Part): Pick<ScanOptions, "from" | "to"> {
  return {
    ...(at === 0 ? {} : { from: bucketRange(at).from }),
    ...(end === bucketCount ? {} : { to: bucketRange(end - 1).to }),
  };
}

class Scan {
  /** All buckets, each in one of them. */
  readonly parts: readonly Part[];
  readonly sums: Map<number, BucketSums>;
  /** Points that are nobody's, by bucket; those that are numbers stand in bucket 0. */
  readonly foreign = new Float64Array(bucketCount);
  readonly #ownerOf: OwnerOf;
  readonly #since: string;

  /** `parts`: how many, or how far each is. */
  constructor(
    group: readonly Course[],
    parts: number | readonly Part[],
    since = new Date().toISOString(),
  ) {
    this.parts =
      typeof parts === "number"
        ? Array.from({ length: parts }, (_, at) => partOf(at, parts))
        : parts;
    this.#since = since;
    this.sums = new Map(group.map(({ entered }) => [entered.id, new BucketSums()]));
    this.#ownerOf = ownersOf(group);
  }

  /** How many buckets are done. */
  get done(): number {
    return this.parts.reduce((sum, { start, at }) => sum + at - start, 0);
  }

  add(part: Part, page: PointDigests): void {
    const { points, digests } = page;
    points.forEach((point, row) => {
      const uuid = isCanonicalUuid(point);
      const bucket = uuid ? bucketOf(point) : 0;
      part.at = Math.max(part.at, bucket);
      const owner = this.#ownerOf(page, row);
      if (owner === null || !uuid) this.foreign[bucket] = (this.foreign[bucket] ?? 0) + 1;
      else this.sums.get(owner.entered.id)?.add(bucket, digests, row * digestBytes);
    });
  }

  /** What `readProgress` takes up: of buckets that are not done it says nothing. */
  toText(): string {
    const isDone = (bucket: number) =>
      this.parts.some(({ start, at }) => bucket >= start && bucket < at);
    const sums = Array.from(this.sums, ([id, one]) => [String(id), one.toText(isDone)]);
    return JSON.stringify({
      parts: this.parts,
      sums: Object.fromEntries(sums),
      foreign: Array.from(this.foreign, (points, bucket) => (isDone(bucket) ? points : 0)),
      since: this.#since,
    });
  }

  result(resumedAt: number): TargetScan {
    const foreign = this.foreign.reduce((sum, number) => sum + number, 0);
    return { sums: this.sums, foreign, resumedAt, since: this.#since };
  }
}

/** The scan that was killed; null where there was none, or one of other collections, or of a version that kept it otherwise. */
function readProgress(group: readonly Course[], progress: Progress): Scan | null {
  const text = progress.get();
  const kept = progressSchema.safeParse(parseJson(text ?? "")).data;
  if (kept === undefined || Object.keys(kept.sums).length !== group.length) return null;
  const scan = new Scan(group, kept.parts, kept.since);
  for (const { entered } of group) {
    const sums = kept.sums[String(entered.id)];
    if (sums === undefined) return null;
    scan.sums.set(entered.id, BucketSums.fromText(sums));
  }
  scan.foreign.set(kept.foreign);
  return scan;
}
