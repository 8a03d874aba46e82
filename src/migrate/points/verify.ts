/** Both ends of each collection compared: sums of digests first, and the points themselves where the sums differ. */
import { pickRows } from "../../model/rows.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { DifferenceKind } from "../journal/difference.ts";
import { examplesMax, type VerifiedCollection, type VerifyReport } from "../report-schema.ts";
import type { RunContext } from "../request.ts";
import { describeDifference } from "../verify/describe.ts";
import type { Course } from "./course.ts";
import { equalRows } from "./equal.ts";
import { pointsBeside } from "./look.ts";
import type { BothEnds } from "./settle.ts";
import { bucketAt } from "./sums.ts";

/** What was found of one collection. */
export interface Verified {
  readonly result: VerifiedCollection;
  /** Points of the target that the source does not have, where these are no difference. */
  readonly foreign: number;
  /** Vectors that float16 gave another last bit. */
  readonly rounded: number;
  /** Buckets in which the ends are not equal. */
  readonly open: ReadonlySet<number>;
}

/** Compares what was read of both ends. `merge`: other points may stand there too, and are counted. */
export async function verifyCourse(
  course: Course,
  { wanted, standing }: BothEnds,
  merge: boolean,
  context: RunContext,
): Promise<Verified> {
  const { info, spec } = course;
  const open = new Set(standing.differences(wanted));
  const result: VerifiedCollection = {
    name: info.name,
    target: spec.name,
    schema: [],
    compared: wanted.total,
    readAgain: wanted.total,
    differences: {},
    quarantined: 0,
    goneAtBothEnds: 0,
    examples: [],
  };
  if (open.size === 0) return { result, foreign: 0, rounded: 0, open };
  const { missing, changed, found, rounded } = await drill(course, open, result.examples, context);
  const there = [...open].reduce((sum, bucket) => sum + standing.count(bucket), 0);
  const beside = Math.max(0, there - found);
  if (beside > 0 && !merge) await nameBeside(course, open, result.examples, context.signal);
  const differences: VerifiedCollection["differences"] = {
    missing,
    "changed-at-target": changed,
    ...(merge ? {} : { extra: beside }),
  };
  return { result: { ...result, differences }, foreign: merge ? beside : 0, rounded, open };
}

/** The result of all. */
export function verdictOf(
  word: string,
  found: readonly Verified[],
  tuned: readonly string[],
): VerifyReport {
  const collections = found.map(({ result }) => result);
  const sum = (of: (one: VerifiedCollection) => number) =>
    collections.reduce((total, one) => total + of(one), 0);
  const count = (kind: DifferenceKind) => sum(({ differences }) => differences[kind] ?? 0);
  const [missing, changed, extra] = [count("missing"), count("changed-at-target"), count("extra")];
  const schema = sum((one) => one.schema.length);
  const compared = sum((one) => one.compared);
  const rounded = found.reduce((total, one) => total + one.rounded, 0);
  const differences = missing + changed + extra + schema;
  const verdict = [
    differences === 0
      ? `All ${compared} points of the ${word} stand at the target, equal in point id, vector bits and the whole payload with its types.`
      : `${compared} points of the ${word} were compared with the target. ${differences} differences: ${missing} missing, ${changed} not as in the ${word}, ${extra} that the ${word} does not have${schema === 0 ? "" : `, ${schema} of the collections themselves`}.`,
    rounded === 0
      ? ""
      : `${rounded} vectors that are kept as float16 have another last bit, for the target normalizes them again.`,
    ...tuned,
  ];
  return {
    verdict: verdict.filter((sentence) => sentence !== "").join(" "),
    readSource: true,
    differences,
    foreign: Object.fromEntries(found.map(({ result, foreign }) => [result.target, foreign])),
    sample: null,
    collections,
  };
}

/** The source's points of these buckets one by one, each by its id. `found`: those in whose places something stands. */
async function drill(
  course: Course,
  open: ReadonlySet<number>,
  examples: VerifiedCollection["examples"],
  { signal }: RunContext,
): Promise<{ missing: number; changed: number; found: number; rounded: number }> {
  const { source, info, batchSize } = course;
  const tally = { missing: 0, changed: 0, found: 0, rounded: 0 };
  for await (const batch of source.points(info, { signal, batchSize })) {
    throwIfAborted(signal);
    const { points } = batch.placement;
    const rows = points.flatMap((point, row) => (open.has(bucketAt(point)) ? [row] : []));
    if (rows.length === 0) continue;
    const some = pickRows(batch, rows);
    const equal = await equalRows(course, some, signal);
    tally.rounded += equal.rounded;
    some.placement.points.forEach((point, row) => {
      const pair = equal.others.get(row);
      if (pair !== undefined || equal.rows.has(row)) tally.found += 1;
      if (equal.rows.has(row)) return;
      if (pair === undefined) tally.missing += 1;
      else tally.changed += 1;
      if (examples.length >= examplesMax) return;
      const detail =
        pair === undefined
          ? "Not at the target."
          : `${source.word} -> target: ${describeDifference(pair.wanted, pair.found)}`;
      const kind = pair === undefined ? "missing" : "changed-at-target";
      examples.push({ kind, id: point, point, detail });
    });
  }
  return tally;
}

/** Names points that the source does not have, as far as there is room among the examples. */
async function nameBeside(
  course: Course,
  open: ReadonlySet<number>,
  examples: VerifiedCollection["examples"],
  signal: AbortSignal,
): Promise<void> {
  const detail = `The ${course.source.word} does not have it.`;
  for await (const points of pointsBeside(course, signal, open)) {
    for (const point of points) {
      if (examples.length >= examplesMax) return;
      examples.push({ kind: "extra", id: point, point, detail });
    }
  }
}
