/** What a migration refuses before its first write, found out while it is planned: ids that meet, and reserved keys. */
import { VectorError } from "../../errors.ts";
import type { SourceStore } from "../../store/port.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import { findCollisions } from "../collisions.ts";
import type { Scope } from "../request.ts";
import type { Surveyed } from "./sizing.ts";

/** That no two records of collections which share a target would be one point. @throws E_ID_COLLISION, naming both */
export async function assertIdsApart(
  source: SourceStore,
  plans: readonly CollectionPlan[],
  scope: Scope,
  signal: AbortSignal,
): Promise<void> {
  for (const [target, group] of Map.groupBy(plans, (plan) => plan.target)) {
    if (group.length === 1) continue;
    const { points, examples } = await findCollisions(source, group, scope, signal);
    const [first] = examples;
    const [one, other] = first?.records ?? [];
    if (first === undefined || one === undefined || other === undefined) continue;
    throw new VectorError(
      "E_ID_COLLISION",
      `Record ${JSON.stringify(other.id)} of collection ${JSON.stringify(other.collection)} and record ${JSON.stringify(one.id)} of collection ${JSON.stringify(one.collection)} would both be one point of target collection ${JSON.stringify(target)}; there are ${points} such points.`,
      {
        next: `Give one of the collections an id prefix: --id-prefix ${JSON.stringify(`${other.collection}=TEXT`)}.`,
        details: {
          ids: [one.id, other.id],
          collections: [one.collection, other.collection],
          point: first.point,
          points,
        },
      },
    );
  }
}

/** That no record has a metadata key which its layout keeps for itself, where all were looked at. @throws E_RESERVED_KEY */
export function assertKeysFit({ plan, survey }: Surveyed): void {
  const said = reservedText({ plan, survey });
  if (said === null || !survey.complete) return;
  const { name } = plan.source;
  throw new VectorError("E_RESERVED_KEY", said, {
    details: { collection: name, layout: plan.layout },
  });
}

/** The same of a sample, as a note; none where no key is reserved. */
export function reservedNote(surveyed: Surveyed): string[] {
  const said = reservedText(surveyed);
  return said === null
    ? []
    : [`${said} migrate will refuse them: --layout vecferry keeps metadata apart.`];
}

function reservedText({ plan, survey }: Surveyed): string | null {
  const met = survey.reserved.find(({ layout }) => layout === plan.layout);
  if (met === undefined) return null;
  const keys = met.keys.map((key) => JSON.stringify(key)).join(", ");
  const records = `${met.records} record${met.records === 1 ? "" : "s"}`;
  return `Metadata of ${records} of collection ${JSON.stringify(plan.source.name)} has the key ${keys}, which layout ${plan.layout} keeps for itself.`;
}
