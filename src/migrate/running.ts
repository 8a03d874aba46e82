/** What the steps of one run of a migration share. */
import type { TargetStore } from "../store/port.ts";
import type { Journal, JournalCollection } from "./journal/journal.ts";
import type { Lane } from "./lane.ts";
import type { Plan } from "./plan.ts";
import type { ReportBuilder } from "./report.ts";
import type { MigrateRequest, RunContext } from "./request.ts";

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
