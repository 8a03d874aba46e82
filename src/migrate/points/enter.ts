/** Which collections a run over points is about, where each goes, and that nothing but points may stand in its way there. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { StoreIdentity, TargetStore } from "../../store/port.ts";
import { endAddress } from "../next-steps.ts";
import type { RunContext } from "../request.ts";
import { selectCollections } from "../select.ts";
import { phase } from "../telling.ts";
import { assertAliasesFree } from "./aliases.ts";
import { type Course, coursesOf } from "./course.ts";
import { assertHolds } from "./described.ts";
import type { PointsRequest } from "./request.ts";
import type { PointSource } from "./source.ts";

export interface Entering {
  readonly course: Course;
  /** As it stands at the target; null = it does not. */
  readonly found: CollectionInfo | null;
}

/**
 * The collections in scope; those of a run that only compares stand there as they may. @throws E_CONFIG where both ends are one; E_COLLECTION_NOT_FOUND, E_NAME;
 * E_SCHEMA_CONFLICT where a collection that stands at the target holds other points, or has an alias of another
 */
export async function enterCourses(
  source: PointSource,
  target: TargetStore,
  request: PointsRequest,
  context: RunContext,
): Promise<Entering[]> {
  assertTwo(source.identity, target.identity);
  phase(context, "plan");
  const { address } = source.identity;
  const infos = selectCollections(await source.collections(context), request.scope, address);
  const courses = coursesOf(source, target, infos, request);
  const standing = await target.collections(context);
  const isWritten = request.command !== "verify";
  if (isWritten && request.aliases) assertAliasesFree(courses, standing);
  return courses.map((course) => {
    const found = standing.find(({ name }) => name === course.spec.name) ?? null;
    if (isWritten && found !== null) assertHolds(course.spec.name, course.info, found);
    return { course, found };
  });
}

function assertTwo(source: StoreIdentity, target: StoreIdentity): void {
  if (source.kind !== target.kind || source.address !== target.address) return;
  if (source.address === ":memory:") return;
  throw new VectorError(
    "E_CONFIG",
    `Source and target are one and the same: ${endAddress(source)}.`,
    { next: "Give two addresses." },
  );
}
