/** What a run that carries or compares leaves behind and says. */
import type { UnbegunRun } from "../migrate/report.ts";
import type { Address } from "../store/address.ts";
import { hookFlags, logFlags, outputFlags, reportFlags, stateFlags } from "./flags.ts";
import { assertFolderOf, type Session } from "./session.ts";
import { readSettings } from "./setting.ts";
import { defaultState } from "./verb.ts";

export const leftFlags = {
  ...stateFlags,
  ...reportFlags,
  ...logFlags,
  ...hookFlags,
  ...outputFlags,
} as const;

export interface Left {
  /** The state folder. */
  readonly state: string;
  /** Opens log and hook, and names the run. `verb`: its name in the log, where that is another. */
  readonly begin: (
    command: UnbegunRun["command"],
    ends: { readonly source: Address | null; readonly target: Address },
    verb?: string,
  ) => void;
}

/** @throws E_CONFIG where the folder of a report is not there */
export function readLeft(session: Session, flags: Readonly<Record<string, unknown>>): Left {
  const { values } = readSettings(leftFlags, flags, session.environment);
  assertFolderOf("--report-file", values.reportFile);
  return {
    state: values.state ?? defaultState,
    begin: (command, ends, verb = command) => {
      session.openLog(verb, values);
      session.openHook(values.onEvent);
      session.follow(command, ends, values.reportFile);
    },
  };
}
