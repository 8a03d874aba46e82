/** What `checklist` prints: each line with what was measured and what to do. */
import { type ChecklistLine, type LineState, lineStates } from "../../migrate/checklist/lines.ts";

export type Counts = Readonly<Record<LineState, number>>;

export function countLines(lines: readonly ChecklistLine[]): Counts {
  const of = (wanted: LineState) => lines.filter(({ state }) => state === wanted).length;
  return { checked: of("checked"), failed: of("failed"), yours: of("yours") };
}

/** One line for people; `group` = the heading it begins, null = it goes on. */
export function lineText(
  { title, state, evidence, todo }: ChecklistLine,
  group: string | null,
): string {
  const rows = [
    ...(group === null ? [] : ["", group]),
    `  ${state.padEnd(8)}${title}`,
    ...evidence.map((text) => `            ${text}`),
    ...(todo === "" ? [] : [`            > ${todo}`]),
  ];
  return rows.join("\n");
}

/** The end, for people. */
export function checklistText(counts: Counts): string {
  const words = lineStates.map((state) => `${counts[state]} ${state}`);
  return `\n${words.join(", ")}.`;
}
