/** Making a plan and printing it: what `plan` does, and `migrate --dry-run`. */
import { resolve } from "node:path";
import { assertPlanFits } from "../migrate/planning/follow-plan.ts";
import { makePlanFile, type PlanOptions } from "../migrate/planning/make-plan.ts";
import { writePlan } from "../migrate/planning/plan-file.ts";
import type { PlanFile } from "../migrate/planning/plan-schema.ts";
import type { MigrateRequest, RunContext } from "../migrate/request.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import type { SourceAddress, TargetAddress } from "./identity.ts";
import { assertNoMapping, writeMappingDraft } from "./mapping-draft.ts";
import { type Access, openSource } from "./open.ts";
import { planText } from "./output/plan.ts";
import { openPassingTarget } from "./passing-target.ts";
import type { Session } from "./session.ts";

export interface Rehearsal {
  readonly source: SourceAddress;
  /** null = the plan is about the source alone. */
  readonly target: TargetAddress | null;
  readonly access: Access;
  readonly request: MigrateRequest;
  readonly options: PlanOptions;
  /** A plan that the ends must still fit; null = none. */
  readonly followed: PlanFile | null;
  /** Where the plan is written; null = nowhere. */
  readonly out: string | null;
  /** Where a first tenant mapping is written; null = nowhere. */
  readonly mapping: string | null;
}

/** Prints the plan. An embedded target that was not there before is not there after. */
export async function rehearse(
  session: Session,
  rehearsal: Rehearsal,
  context: RunContext,
): Promise<number> {
  const { source, target, access, out, mapping } = rehearsal;
  if (mapping !== null) assertNoMapping(mapping);
  await using from = await openSource(session, source, access);
  await using to = target === null ? null : await openPassingTarget(session, target, access);
  const plan = await planOf(from, to?.store ?? null, rehearsal, context);
  if (out !== null) writePlan(out, plan);
  if (mapping !== null) writeMappingDraft(mapping, plan);
  const files = {
    plan: out === null ? null : resolve(out),
    tenantMapping: mapping === null ? null : resolve(mapping),
  };
  const written = Object.values(files).filter((file) => file !== null);
  const text = [planText(plan), ...written.map((file) => `Written for you: ${file}`)].join("\n");
  session.output.result("plan", { plan, files }, text);
  return 0;
}

async function planOf(
  source: SourceStore,
  target: TargetStore | null,
  { request, options, followed }: Rehearsal,
  context: RunContext,
): Promise<PlanFile> {
  if (followed !== null && target !== null)
    await assertPlanFits(followed, source, target, request, context);
  return await makePlanFile(source, target, request, options, context);
}
