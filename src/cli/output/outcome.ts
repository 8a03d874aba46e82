/** The last words of a run that came to its end. */
import type { Outcome } from "../../migrate/report.ts";
import type { Session } from "../session.ts";
import { compareLines } from "./compare.ts";
import { count, deltaText } from "./progress.ts";

/** Prints what a run did and where it says so; gives the exit status. */
export function tellOutcome(session: Session, outcome: Outcome): number {
  const { exit, report, files } = outcome;
  const copies = session.writeReportCopies(report);
  const named = {
    ...files,
    report: copies.json ?? files.report,
    page: copies.page,
    log: session.logPath,
  };
  session.logEnd(exit, { files: named });
  session.output.result(
    "result",
    { exit, report, files: named },
    [...summary(outcome), ...fileLines(named)].join("\n"),
  );
  if (report.failure !== null) {
    const { code, message, next } = report.failure;
    session.output.fail(
      { ...report.failure, exit },
      `${message} [${code}]\n  What to do:    ${next}`,
    );
  }
  tellHook(session, outcome, named.report);
  return exit;
}

/** Quarantined records are told of, and then the end: with differences left or a gate missed, the run has not done what it was for. */
function tellHook(session: Session, { exit, report, files }: Outcome, reportFile: string): void {
  const { quarantine, totals, verify, state } = report;
  if (quarantine.records > 0) {
    const { records, byReason } = quarantine;
    session.fire("quarantined", exit, { records, byReason, file: files.quarantine });
  }
  session.fire(exit === 4 || exit === 6 ? "failed" : "done", exit, {
    state,
    carried: totals.carried,
    differences: verify?.differences ?? null,
    verdict: verify?.verdict ?? null,
    report: reportFile,
  });
}

function summary({ exit, report }: Outcome): string[] {
  const { totals, quarantine, verify, compare, rates } = report;
  const lines: string[] = [];
  if (report.command !== "verify" && report.command !== "compare") {
    const rate =
      rates.recordsPerSecond === null ? "" : ` at ${count(rates.recordsPerSecond)} records/s`;
    const unchanged =
      totals.unchanged === 0 ? "" : `, ${count(totals.unchanged)} found as they were`;
    lines.push(`${count(totals.carried)} records carried${rate}${unchanged}.`);
  }
  if (report.delta !== null)
    lines.push(`Since the last run the source had: ${deltaText(report.delta)}.`);
  for (const { name, reason } of report.skipped) lines.push(`Left out: ${name}: ${reason}`);
  if (verify !== null) {
    lines.push(verify.verdict);
    const foreign = Object.entries(verify.foreign).filter(([, points]) => points > 0);
    for (const [target, points] of foreign) {
      lines.push(`${target} also holds ${count(points)} points that are not these collections'.`);
    }
    if (verify.sample !== null) lines.push(verify.sample.bound ?? "");
  }
  if (compare !== null) lines.push(...compareLines(compare));
  if (quarantine.records > 0 && report.command !== "compare") {
    const reasons = Object.entries(quarantine.byReason).map(
      ([reason, records]) => `${count(records)} ${reason}`,
    );
    lines.push(`${count(quarantine.records)} records in quarantine: ${reasons.join(", ")}.`);
  }
  if (exit === 0) lines.push("Done.");
  return [...lines, ...report.next.map((step) => `Next: ${step}`)];
}

/** The last lines: where journal, quarantine, log and report are. */
export function fileLines(files: Readonly<Record<string, string | null>>): string[] {
  const order = ["journal", "quarantine", "log", "report", "page"];
  return order.flatMap((name) => {
    const path = files[name];
    if (path === undefined || path === null) return [];
    return [`${`${name.charAt(0).toUpperCase()}${name.slice(1)}:`.padEnd(12)}${path}`];
  });
}
