/** Both ends of each collection compared: sums of digests first, and the points themselves where the sums differ. */
import { pickRows } from "../../model/rows.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { DifferenceKind } from "../journal/difference.ts";
import { examplesMax, type VerifiedCollection, type VerifyReport } from "../report-schema.ts";
import type { RunContext } from "../request.ts";
import { describeDifference } from "../verify/describe.ts";
import { uncompared } from "../verify/verdict.ts";
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
  /** Points whose payloads have floats that the target reads as their neighbours. */
  readonly respelled: number;
  /** Buckets with other sums in which every point of the source stands all the same, and nothing beside. */
  readonly sound: ReadonlySet<number>;
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
  const nothing = uncompared(info.name, spec.name, []);
  const result = { ...nothing, compared: wanted.total, readAgain: wanted.total };
  if (open.size === 0) return { result, foreign: 0, rounded: 0, respelled: 0, sound: open };
  const drilled = await drill(course, open, result.examples, context);
  const { missing, changed, rounded, respelled, found, faulty } = drilled;
  const there = [...open].reduce((sum, bucket) => sum + standing.count(bucket), 0);
  const beside = Math.max(0, there - found.reduce((sum, count) => sum + count, 0));
  const isSound = (bucket: number) =>
    !faulty.has(bucket) && standing.count(bucket) === (found[bucket] ?? 0);
  if (beside > 0 && !merge) await nameBeside(course, open, result.examples, context.signal);
  const differences: VerifiedCollection["differences"] = {
    missing,
    "changed-at-target": changed,
    ...(merge ? {} : { extra: beside }),
  };
  const foreign = merge ? beside : 0;
  const sound = new Set([...open].filter(isSound));
  return { result: { ...result, differences }, foreign, rounded, respelled, sound };
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
  const respelled = found.reduce((total, one) => total + one.respelled, 0);
  const differences = missing + changed + extra + schema;
  const verdict = [
    differences === 0
      ? `All ${compared} points of the ${word} stand at the target, equal in point id, vector bits and the whole payload with its types.`
      : `${compared} points of the ${word} were compared with the target. ${differences} differences: ${missing} missing, ${changed} not as in the ${word}, ${extra} that the ${word} does not have${schema === 0 ? "" : `, ${schema} of the collections themselves`}.`,
    rounded === 0
      ? ""
      : `${rounded} vectors that are kept as float16 have another last bit, for the target normalizes them again.`,
    respelled === 0
      ? ""
      : `The payloads of ${respelled} have floats that a Qdrant server gives back with another last digit, however they are written.`,
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

interface Drilled {
  missing: number;
  changed: number;
  rounded: number;
  respelled: number;
  /** By bucket: points in whose places something stands. */
  readonly found: number[];
  /** Buckets in which a point is missing or changed. */
  readonly faulty: Set<number>;
}

/** The source's points of these buckets one by one, each by its id. */
async function drill(
  course: Course,
  open: ReadonlySet<number>,
  examples: VerifiedCollection["examples"],
  { signal }: RunContext,
): Promise<Drilled> {
  const { source, info, batchSize } = course;
  const counts = { missing: 0, changed: 0, rounded: 0, respelled: 0 };
  const tally: Drilled = { ...counts, found: [], faulty: new Set() };
  for await (const batch of source.points(info, { signal, batchSize })) {
    throwIfAborted(signal);
    const { points } = batch.placement;
    const rows = points.flatMap((point, row) => (open.has(bucketAt(point)) ? [row] : []));
    if (rows.length === 0) continue;
    const some = pickRows(batch, rows);
    const equal = await equalRows(course, some, signal);
    tally.rounded += equal.rounded;
    tally.respelled += equal.respelled;
    some.placement.points.forEach((point, row) => {
      const pair = equal.others.get(row);
      const bucket = bucketAt(point);
      if (pair !== undefined || equal.rows.has(row))
        tally.found[bucket] = (tally.found[bucket] ?? 0) + 1;
      if (equal.rows.has(row)) return;
      tally.faulty.add(bucket);
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
