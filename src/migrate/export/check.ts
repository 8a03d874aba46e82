/** Before the first write of an export: the target's collections fit, and nothing there will be harmed. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { phase } from "../telling.ts";
import { knownRows } from "./carry.ts";
import type { Course, ExportLane } from "./lane.ts";
import { recordsOf } from "./records.ts";
import type { ExportRequest } from "./request.ts";
import { byTarget, type Courses, type ExportRun, flightOf, overPieces } from "./running.ts";
import { lookAtStanding } from "./standing.ts";
import { unknownOf } from "./verify.ts";

/** The lanes whose target collections are there already, and hold records. */
export async function assertFree(
  run: ExportRun,
  lanes: readonly ExportLane[],
  request: ExportRequest,
): Promise<ReadonlySet<ExportLane>> {
  const { target, context } = run;
  phase(context, "check");
  const standing = await target.collections(context);
  const held = new Map<ExportLane, Course>();
  for (const [name, group] of byTarget(lanes)) {
    const there = standing.find((info) => info.name === name);
    if (there === undefined) continue;
    for (const lane of group) assertFits(lane, there);
    const count = await target.count(there, context);
    if (count === 0) continue;
    if (!request.merge) await assertNoOthers(run, group, there);
    for (const lane of group) held.set(lane, courseOf(run, lane, there, true));
  }
  const unknown = [...held.values()].filter(({ ledger }) => ledger.counts().written === 0);
  if (!request.merge && !request.overwrite && request.base === null && unknown.length > 0)
    await assertNoneDiffers(run, new Map(unknown.map((course) => [course.plan.index, course])));
  return new Set(held.keys());
}

/** A lane with its collection at the target. */
export function courseOf(
  { source, target }: Pick<ExportRun, "source" | "target">,
  lane: ExportLane,
  there: CollectionInfo,
  held: boolean,
): Course {
  return { ...lane, source, target, there, held };
}

/** @throws E_SCHEMA_CONFLICT */
function assertFits({ plan }: ExportLane, there: CollectionInfo): void {
  const { spec } = plan;
  for (const field of ["distance", "dimension"] as const) {
    if (there[field] === null || spec[field] === null || there[field] === spec[field]) continue;
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `Target collection ${JSON.stringify(spec.name)} is already there with ${field} ${there[field]}; the source's has ${spec[field]}.`,
      { details: { collection: spec.name, field, there: there[field], wanted: spec[field] } },
    );
  }
}

/** @throws E_FOREIGN_POINTS where the target collection holds records that the source does not have */
async function assertNoOthers(
  { target, context }: ExportRun,
  group: readonly ExportLane[],
  there: CollectionInfo,
): Promise<void> {
  const { signal } = context;
  let count = 0;
  let first: string | undefined;
  for await (const ids of target.ids(there, { signal })) {
    throwIfAborted(signal);
    const unknown = unknownOf(group, ids);
    first ??= unknown[0];
    count += unknown.length;
  }
  if (count === 0) return;
  throw new VectorError(
    "E_FOREIGN_POINTS",
    `Target collection ${JSON.stringify(there.name)} holds ${count} records that the source does not have; ${JSON.stringify(first)} is the first.`,
    {
      next: "Choose another target collection (--rename, --target-collection), or say --merge to write beside them.",
      details: { collection: there.name, id: first, count },
    },
  );
}

/** Where no journal tells what was written, none of our ids may bear another record. @throws E_POINT_TAKEN */
async function assertNoneDiffers(run: ExportRun, courses: Courses): Promise<void> {
  for (const router of run.routers) {
    const flight = flightOf(run, router, null);
    await overPieces(run, router, flight, courses, async (course, piece, signal) => {
      const { batch } = await recordsOf(course, piece, signal);
      const known = knownRows(course, batch.ids);
      const { others } = await lookAtStanding(course, known, batch, null, signal);
      const [first] = others;
      if (first === undefined) return;
      throw new VectorError(
        "E_POINT_TAKEN",
        `In target collection ${JSON.stringify(course.there.name)} stands another record ${JSON.stringify(first)} than the source's; it is not written over.`,
        {
          next: "Choose another target collection (--rename, --target-collection). --merge carries the others and names such records, --overwrite takes the source's.",
          details: { collection: course.there.name, id: first },
        },
      );
    });
  }
}
