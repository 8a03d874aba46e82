/** The courses of a verify: each collection with its target as it stands, and what of that target is not as planned. */
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import {
  type Course,
  emptyTally,
  readableInfo,
  type VerifyInput,
  type VerifyLane,
} from "./lane.ts";

/** Looks the target collections up and compares them with the plans. */
export async function startCourses({
  lanes,
  journal,
  migration,
  context,
  freshJournal = false,
}: Pick<VerifyInput, "lanes" | "journal" | "migration" | "context" | "freshJournal">): Promise<
  Course[]
> {
  const [first] = lanes;
  if (first === undefined) return [];
  const found = await first.lane.target.collections({ signal: context.signal });
  const listed = new Set(
    journal.collections(migration).flatMap((one) => (one.listed ? [one.id] : [])),
  );
  return lanes.map((one) => {
    const info = found.find(({ name }) => name === one.lane.plan.target) ?? null;
    const course: Course = {
      ...one,
      info: info === null ? null : readableInfo(one.lane, info),
      tally: emptyTally(),
      freshJournal,
    };
    if (!listed.has(one.entered.id)) course.tally.schema.push("Its copy has not begun.");
    course.tally.schema.push(...schemaFaults(one, info));
    return course;
  });
}

function schemaFaults({ lane }: VerifyLane, info: CollectionInfo | null): string[] {
  const { plan } = lane;
  const name = JSON.stringify(plan.target);
  if (info === null) return [`Target collection ${name} is not there.`];
  const note = parseNote(plan.target, info.note);
  const pairs: [string, unknown, unknown][] = [
    ["dimension", info.dimension, plan.dimension],
    ["distance", info.distance, plan.distance],
    ["layout", note?.layout ?? plan.layout, plan.layout],
    ["tenanted", note?.tenanted ?? plan.tenanted, plan.tenanted],
  ];
  return pairs
    .filter(([, there, wanted]) => there !== wanted)
    .map(
      ([field, there, wanted]) =>
        `Target collection ${name} has ${field} ${there}; the plan says ${wanted}.`,
    );
}
