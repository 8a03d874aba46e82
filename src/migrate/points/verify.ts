/** Restored points against the archive: sums of digests first, and the points themselves where the sums differ. */
import { BucketSums, bucketCount, bucketOf, digestBytes } from "../../model/digest.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import type { PointBatch } from "../../model/record.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { release } from "../../util/release.ts";
import { wholePoints } from "../backup/rows.ts";
import { digestsOf } from "../digests.ts";
import type { DifferenceKind } from "../journal/difference.ts";
import { examplesMax, type VerifiedCollection, type VerifyReport } from "../report-schema.ts";
import type { RunContext } from "../request.ts";
import { phase, progress } from "../telling.ts";
import { describeDifference } from "../verify/describe.ts";
import { assertPoints, type Course } from "./course.ts";
import { equalRows } from "./equal.ts";

/** Compares what the target holds with the archive. `merge`: other points may stand there too, and are counted. */
export async function verifyPoints(
  courses: readonly Course[],
  merge: boolean,
  context: RunContext,
): Promise<VerifyReport> {
  const collections: VerifiedCollection[] = [];
  const foreign: Record<string, number> = {};
  for (const course of courses) {
    phase(context, "verify", course.info.name);
    const expected = await archiveSums(course, context.signal);
    const standing = await targetSums(course, context);
    const others = standing.total - expected.total;
    const equal = standing.differences(expected).length === 0;
    const found = equal
      ? none(course, expected.total)
      : await drill(course, merge, others, context);
    collections.push(found.result);
    foreign[course.spec.name] = found.foreign;
  }
  const compared = collections.reduce((sum, one) => sum + one.compared, 0);
  const counts = (kind: DifferenceKind) =>
    collections.reduce((sum, one) => sum + (one.differences[kind] ?? 0), 0);
  const differences = counts("missing") + counts("changed-at-target") + counts("extra");
  return {
    verdict:
      differences === 0
        ? `All ${compared} points of the archive stand at the target, equal in point id, vector bits and the whole payload with its types.`
        : `${compared} points of the archive were compared with the target. ${differences} differences: ${counts("missing")} missing, ${counts("changed-at-target")} not as in the archive, ${counts("extra")} that the archive does not have.`,
    readSource: true,
    differences,
    foreign,
    sample: null,
    collections,
  };
}

async function archiveSums({ archive, info }: Course, signal: AbortSignal): Promise<BucketSums> {
  const sums = new BucketSums();
  for await (const batch of archive.batches(info, { signal })) {
    throwIfAborted(signal);
    add(sums, wholePoints(assertPoints(batch), info));
  }
  return sums;
}

async function targetSums(
  { target, there, info }: Course,
  context: RunContext,
): Promise<BucketSums> {
  const { signal } = context;
  const tell = progress(context, "verify", info.name, info.count);
  const sums = new BucketSums();
  let done = 0;
  for await (const batch of target.scan(there, { signal })) {
    throwIfAborted(signal);
    add(sums, batch);
    for (const { data } of batch.vectors.values()) release(data);
    done += batch.ids.length;
    tell(done);
  }
  return sums;
}

function add(sums: BucketSums, batch: PointBatch): void {
  const digests = digestsOf(batch);
  batch.placement.points.forEach((point, row) => {
    const bucket = isCanonicalUuid(point)
      ? bucketOf(point)
      : Number(BigInt(point) % BigInt(bucketCount));
    sums.add(bucket, digests, row * digestBytes);
  });
}

/** The points one by one, each by its id. */
async function drill(
  course: Course,
  merge: boolean,
  others: number,
  { signal }: RunContext,
): Promise<{ readonly result: VerifiedCollection; readonly foreign: number }> {
  const { archive, info, batchSize } = course;
  const examples: VerifiedCollection["examples"] = [];
  let compared = 0;
  let missing = 0;
  let changed = 0;
  for await (const rows of archive.batches(info, { signal, batchSize })) {
    throwIfAborted(signal);
    const batch = assertPoints(rows);
    const equal = await equalRows(course, batch, signal);
    batch.placement.points.forEach((point, row) => {
      compared += 1;
      if (equal.rows.has(row)) return;
      const pair = equal.others.get(row);
      if (pair === undefined) missing += 1;
      else changed += 1;
      const detail =
        pair === undefined
          ? "Not at the target."
          : `archive -> target: ${describeDifference(pair.wanted, pair.found)}`;
      const kind = pair === undefined ? "missing" : "changed-at-target";
      if (examples.length < examplesMax)
        examples.push({ kind, id: batch.ids[row] ?? point, point, detail });
    });
  }
  const beside = others + missing;
  const result = {
    ...none(course, compared).result,
    differences: { missing, "changed-at-target": changed, ...(merge ? {} : { extra: beside }) },
    examples,
  };
  return { result, foreign: merge ? beside : 0 };
}

function none(
  { info, spec }: Course,
  compared: number,
): { readonly result: VerifiedCollection; readonly foreign: number } {
  return {
    foreign: 0,
    result: {
      name: info.name,
      target: spec.name,
      schema: [],
      compared,
      readAgain: compared,
      differences: {},
      quarantined: 0,
      goneAtBothEnds: 0,
      examples: [],
    },
  };
}
