/** What `rollback run` prints for people. */
import type { RollbackOutcome } from "../../migrate/rollback/run.ts";
import type { SinceCounts } from "../../migrate/rollback/since.ts";
import { environmentLines, type VariableChange } from "../../migrate/rollback/variables.ts";
import { count } from "./progress.ts";

/** Records that are shown at most. */
const shownMax = 8;

interface Told extends RollbackOutcome {
  /** Path; null = none. */
  readonly backup: string | null;
  readonly variables: readonly VariableChange[];
}

/** What was found, what was done, what is left, and the environment to set. */
export function rollbackText(told: Told): string {
  const { dryRun, since, left, restored, restore, carried, deleted, backup, goneAtQdrant } = told;
  const lines = [
    backup === null ? "No backup." : `The backup ${backup} is whole: every byte of it was read.`,
    ...(told.run === null
      ? [
          "There is no journal of the migration: nothing tells which of two records is the newer one.",
        ]
      : []),
    ...(since === null ? [] : sinceLines(since)),
    ...goneAtQdrant.map(
      (name) =>
        `Qdrant has no collection ${JSON.stringify(name)} any more: nothing of it goes back.`,
    ),
    ...(restored.length === 0
      ? []
      : [
          `${dryRun ? "To be restored" : "Restored"} from the backup: ${restored.join(", ")}${restore === null ? "" : ` (${count(restore.report.totals.carried)} records)`}.`,
        ]),
  ];
  if (dryRun)
    return [...lines, ...namedLines(told), "Nothing was written.", ...environmentText(told)].join(
      "\n",
    );
  if (carried !== null)
    lines.push(`${count(carried.report.totals.carried)} records carried to Chroma.`);
  if (deleted > 0) lines.push(`${count(deleted)} records deleted in Chroma.`);
  const { quarantine } = carried?.report ?? { quarantine: { records: 0 } };
  if (quarantine.records > 0)
    lines.push(
      `${count(quarantine.records)} records that no Chroma holds stand in ${carried?.files.quarantine ?? "quarantine"}.`,
    );
  if (left !== null) lines.push(leftText(left));
  return [...lines, ...namedLines(told), ...environmentText(told)].join("\n");
}

function sinceLines(since: SinceCounts): string[] {
  const { unchanged, added, changed, back, newer, both, lacking, deleted, onlyAtChroma } = since;
  const to = [`${count(added)} added`, `${count(changed)} changed`, `${count(deleted)} deleted`];
  const lines = [
    `Written to Qdrant since the migration: ${to.join(", ")}${back === 0 ? "" : `, ${count(back)} of them in Chroma already`}; ${count(unchanged)} as they were.`,
  ];
  if (newer + onlyAtChroma > 0)
    lines.push(
      `Newer in Chroma: ${count(newer)} records changed there, ${count(onlyAtChroma)} that Qdrant never had. They stay.`,
    );
  if (both > 0) lines.push(`Changed at both ends: ${count(both)}.`);
  if (lacking > 0) lines.push(`No longer in Chroma: ${count(lacking)}.`);
  return lines;
}

function leftText(left: SinceCounts): string {
  const { newer, both, lacking, deleted, added, changed, unchanged, back } = left;
  const kinds = [
    [newer, "newer in Chroma"],
    [both, "changed at both ends"],
    [lacking, "no longer in Chroma"],
    [deleted, "no longer at Qdrant"],
    [added + changed, "not carried"],
  ] as const;
  const found = kinds.filter(([records]) => records > 0);
  if (found.length === 0)
    return `Both ends compared, record by record: ${count(unchanged + back)} are the same, none differs.`;
  const words = found.map(([records, what]) => `${count(records)} ${what}`);
  return `Both ends compared, record by record: ${count(unchanged + back)} are the same; ${words.join(", ")}.`;
}

function namedLines({ named, examples, dryRun, left, since }: Told): string[] {
  const found = dryRun ? since : left;
  if (named === null || found === null) return [];
  const stay = examples.filter(({ kind }) => found[kind] > 0).slice(0, shownMax);
  if (stay.length === 0) return [];
  const shown = stay.map(
    ({ collection, id, kind }) => `  ${kind}: ${JSON.stringify(id)} in ${collection}`,
  );
  const steps = [
    [
      found.newer + found.both + found.lacking,
      "Next: --overwrite writes Qdrant's records over those, and brings back what Chroma has no more.",
    ],
    [found.deleted, "Next: --propagate-deletes deletes in Chroma what was deleted at Qdrant."],
  ] as const;
  const next = steps.flatMap(([records, text]) => (records > 0 ? [text] : []));
  return [`Named in ${named}:`, ...shown, ...next];
}

function environmentText({ variables }: Told): string[] {
  return ["Set for the application:", ...environmentLines(variables).map((line) => `  ${line}`)];
}
