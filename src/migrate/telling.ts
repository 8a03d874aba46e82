/** What a run tells while it goes on. */
import type { ReportBuilder } from "./report.ts";
import type { Phase, RunContext } from "./request.ts";

type Teller = Pick<RunContext, "onEvent">;

/** Tells which step begins. */
export function phase({ onEvent }: Teller, name: Phase, collection: string | null = null): void {
  onEvent({ type: "phase", phase: name, collection });
}

/** What a step over a collection is told how far it is. */
export function progress(
  { onEvent }: Teller,
  name: Phase,
  collection: string,
  total: number | null,
): (done: number, bytes?: number, quarantined?: number) => void {
  return (done, bytes = 0, quarantined = 0) =>
    onEvent({ type: "progress", phase: name, collection, done, total, bytes, quarantined });
}

/** Tells a sentence, and keeps it in the report. */
export function note({ onEvent }: Teller, report: ReportBuilder, text: string): void {
  onEvent({ type: "note", text });
  report.note(text);
}
