/** What `check --drill` prints for people. */
import type { DrillSearch } from "../../migrate/drill.ts";
import type { Outcome } from "../../migrate/report.ts";
import { count } from "./progress.ts";

export interface Drill extends Pick<Outcome, "exit" | "report"> {
  readonly restoredMs: number;
  readonly bytes: number;
  readonly searched: readonly DrillSearch[];
}

/** What was restored and how long it took, whether it is the same, and what searches found. */
export function drillText({ exit, report, restoredMs, searched }: Drill): string {
  const { totals, verify, quarantine } = report;
  const seconds = (restoredMs / 1000).toFixed(1);
  const lines = [`Drill: ${count(totals.carried)} records restored and compared in ${seconds} s.`];
  if (verify !== null) lines.push(verify.verdict);
  if (quarantine.records > 0) {
    const reasons = Object.entries(quarantine.byReason).map(
      ([reason, records]) => `${count(records)} ${reason}`,
    );
    lines.push(`A Qdrant cannot hold ${count(quarantine.records)}: ${reasons.join(", ")}.`);
  }
  for (const { name, points, searches, faults } of searched) {
    const how = searches === 0 ? "no vector to search by" : `${count(searches)} searches`;
    lines.push(
      `  ${name}: ${count(points)} points, ${how}`,
      ...faults.map((one) => `  Fault: ${one}`),
    );
  }
  lines.push(
    exit === 0 || exit === 3
      ? "The archive can be restored. What the drill made is gone."
      : "The drill found differences: do not rely on this archive. What the drill made is gone.",
  );
  return lines.join("\n");
}
