/** Ids that would meet in one point of the target. */
import type { SourceStore } from "../../store/port.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import { findCollisions } from "../collisions.ts";
import type { Scope } from "../request.ts";
import type { Findings, Words } from "./finding.ts";

/**
 * Looks at the ids of collections that share a target collection, and, where listing costs nothing, at those of the others
 * too: within one collection ids differ, and meet only where they are no valid Unicode.
 */
export async function collisionFindings(
  source: SourceStore,
  plans: readonly CollectionPlan[],
  scope: Scope,
  findings: Findings,
  words: Words,
  signal: AbortSignal,
): Promise<void> {
  for (const [target, group] of Map.groupBy(plans, (plan) => plan.target)) {
    if (group.length === 1 && source.capabilities.live) continue;
    const { points, examples } = await findCollisions(source, group, scope, signal);
    const [one, other] = examples[0]?.records ?? [];
    if (one === undefined || other === undefined) continue;
    const shown = [one, other].map(
      ({ id, collection }) => `${JSON.stringify(id)} of ${JSON.stringify(collection)}`,
    );
    findings.add("id-collision", "source", {
      collection: other.collection,
      text: `${points} points of target collection ${JSON.stringify(target)} would be those of several records: ${shown.join(" and ")} are the first.`,
      evidence: { target, points, examples },
      words,
    });
  }
}
