/** What `checklist` prints: each line with what was measured and what to do. */
import { type ChecklistLine, type LineState, lineStates } from "../../migrate/checklist/lines.ts";

export type Counts = Readonly<Record<LineState, number>>;

export function countLines(lines: readonly ChecklistLine[]): Counts {
  const of = (wanted: LineState) => lines.filter(({ state }) => state === wanted).length;
  return { checked: of("checked"), failed: of("failed"), yours: of("yours") };
}

/** Evidence that begins with a code of doctor's. */
const finding = /^([a-z]+(?:-[a-z]+)+): .*$/s;

/** One line for people; `group` = the heading it begins, null = it goes on. A finding that is in `said` is not said again; what is said joins it. */
export function lineText(
  { title, state, evidence, todo }: ChecklistLine,
  group: string | null,
  said: Set<string>,
): string {
  const found = evidence.map((text) =>
    said.has(text) ? text.replace(finding, "$1: as above.") : text,
  );
  for (const text of evidence) said.add(text);
  const rows = [
    ...(group === null ? [] : ["", group]),
    `  ${state.padEnd(8)}${title}`,
    ...found.map((text) => `            ${text}`),
    ...(todo === "" ? [] : [`            > ${todo}`]),
  ];
  return rows.join("\n");
}

/** The end, for people. */
export function checklistText(counts: Counts): string {
  const words = lineStates.map((state) => `${counts[state]} ${state}`);
  return `\n${words.join(", ")}.`;
}
