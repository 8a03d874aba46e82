/** What `cancel` prints for people. */
import type { CancelOutcome } from "../../migrate/cancel.ts";
import { count } from "./progress.ts";

/** What was removed; with `dryRun`, what would be. */
export function cancelText({ run, collections, state }: CancelOutcome, dryRun: boolean): string {
  const lines = collections.map(({ name, removed, left, dropped }) => {
    const stays = left === 0 ? "" : `; ${count(left)} points of others stay`;
    const whole = dropped ? ", and the collection itself" : "";
    return `  ${name}: ${count(removed)} points${whole}${stays}`;
  });
  const head = dryRun ? `Migration ${run} would lose:` : `Migration ${run} lost:`;
  return [
    lines.length === 0 ? `Nothing of migration ${run} stands at the target.` : head,
    ...lines,
    dryRun ? "Nothing was removed." : `Its state is ${state}.`,
  ].join("\n");
}
