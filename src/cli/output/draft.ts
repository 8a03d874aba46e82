/** What `--dry-run` prints: the plan, with nothing written anywhere. */
import { endsText } from "../../migrate/next-steps.ts";
import type { Draft } from "../../migrate/plan.ts";
import { count } from "./progress.ts";

/** The plan for programs. */
export function draftData(draft: Draft): object {
  const { mapping, defaultTenant } = draft.tenants;
  return {
    ...draft,
    tenants: { mapping: mapping === null ? null : Object.fromEntries(mapping), defaultTenant },
  };
}

/** The plan for people. */
export function draftText(draft: Draft): string {
  const lines = draft.collections.map((plan) => {
    const { name, count: records } = plan.source;
    const size = records === null ? "" : `, ${count(records)} records`;
    const tenant = plan.tenant === null ? "" : `, tenant ${plan.tenant}`;
    const how = `${plan.dimension} × ${plan.distance}, layout ${plan.layout}${tenant}${size}`;
    return `  ${name} -> ${plan.target} (${how})`;
  });
  const skipped = draft.skipped.map(({ name, reason }) => `  ${name}: left out, ${reason}`);
  return [
    `Plan of migration ${draft.run}: ${endsText(draft)}`,
    ...lines,
    ...skipped,
    "Nothing was written.",
  ].join("\n");
}
