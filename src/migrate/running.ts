/** What the steps of one run of a migration share, and what they tell while they go on. */
import type { TargetStore } from "../store/port.ts";
import type { Journal, JournalCollection } from "./journal/journal.ts";
import type { Lane } from "./lane.ts";
import type { Plan } from "./plan.ts";
import type { ReportBuilder } from "./report.ts";
import type { MigrateRequest, Phase, RunContext } from "./request.ts";

/** One run of a migration, with everything that its steps share. */
export interface Run {
  readonly target: TargetStore;
  readonly request: MigrateRequest;
  readonly context: RunContext;
  readonly journal: Journal;
  readonly plan: Plan;
  readonly report: ReportBuilder;
  readonly lanes: readonly RunLane[];
}

export interface RunLane {
  readonly entered: JournalCollection;
  readonly lane: Lane;
}

/** Tells which step begins. */
export function phase(context: RunContext, name: Phase, collection: string | null = null): void {
  context.onEvent({ type: "phase", phase: name, collection });
}

/** What a step over a collection is told how far it is. */
export function progress(
  context: RunContext,
  name: Phase,
  lane: Lane,
  total: number | null,
): (done: number, bytes: number) => void {
  const collection = lane.plan.source.name;
  return (done, bytes) =>
    context.onEvent({ type: "progress", phase: name, collection, done, total, bytes });
}

/** Tells a sentence, and keeps it in the report. */
export function note(context: RunContext, report: ReportBuilder, text: string): void {
  context.onEvent({ type: "note", text });
  report.note(text);
}
