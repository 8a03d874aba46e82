/** Before the first write of a restore: nothing that stands at the target is in the way, and nothing there will be harmed. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { RunContext } from "../request.ts";
import { progress } from "../telling.ts";
import { assertPoints, type Course, type Held } from "./course.ts";
import { equalRows } from "./equal.ts";

/**
 * What of the archive's collection stands at the target already.
 * @throws E_SCHEMA_CONFLICT; E_POINT_TAKEN where another point stands in the place of one of the archive's; E_FOREIGN_POINTS
 * where points stand there that the archive does not have, unless `merge`
 */
export async function assertFree(
  course: Course,
  found: CollectionInfo,
  merge: boolean,
  context: RunContext,
): Promise<Held> {
  const { target, info, spec, there } = course;
  const { signal } = context;
  if (found.dimension !== info.dimension) {
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `Target collection ${JSON.stringify(spec.name)} is already there with dimension ${found.dimension}; the archive's has ${info.dimension}.`,
    );
  }
  const standing = await target.count(there, { signal });
  if (standing === 0) return { points: 0 };
  const points = await countEqual(course, context);
  if (standing === points || merge) return { points };
  throw await foreign(course, standing - points, signal);
}

async function countEqual(course: Course, context: RunContext): Promise<number> {
  const { archive, info, spec, batchSize } = course;
  const { signal } = context;
  const tell = progress(context, "check", info.name, info.count);
  let points = 0;
  let done = 0;
  for await (const batch of archive.batches(info, { signal, batchSize })) {
    throwIfAborted(signal);
    const { rows, others } = await equalRows(course, assertPoints(batch), signal);
    const [taken] = others.values();
    if (taken !== undefined) {
      const point = taken.found.batch.placement.points[taken.found.row];
      throw new VectorError(
        "E_POINT_TAKEN",
        `In target collection ${JSON.stringify(spec.name)} stands another point ${point} than the archive's; it is not written over.`,
        {
          next: "Choose another target collection (--target-collection, --rename), or delete the point or the collection that stands there.",
          details: { collection: spec.name, point },
        },
      );
    }
    points += rows.size;
    done += batch.ids.length;
    tell(done);
  }
  return points;
}

/** The error that names the first point that the archive does not have. */
async function foreign(
  { archive, target, info, spec, there }: Course,
  count: number,
  signal: AbortSignal,
): Promise<VectorError> {
  let point: string | undefined;
  for await (const ids of target.ids(there, { signal, chunk: 1000 })) {
    throwIfAborted(signal);
    [point] = (await archive.read(info, ids, { signal, vectors: false })).absent;
    if (point !== undefined) break;
  }
  return new VectorError(
    "E_FOREIGN_POINTS",
    `Target collection ${JSON.stringify(spec.name)} holds ${count} points that the archive does not have; point ${point} is the first.`,
    { details: { collection: spec.name, point, count } },
  );
}
