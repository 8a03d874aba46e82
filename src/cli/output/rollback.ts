/** What `rollback plan` prints for people: also what `--out` keeps, as Markdown. */
import type { Backup } from "../../migrate/rollback/backups.ts";
import type { PlannedEnd } from "../../migrate/rollback/found.ts";
import type { RollbackPlan } from "../../migrate/rollback/plan.ts";
import type { VariableChange } from "../../migrate/rollback/variables.ts";
import { count } from "./progress.ts";

/** The plan as a page. */
export function rollbackPlanText(plan: RollbackPlan): string {
  const { migration, chroma, compose } = plan;
  const files = compose.map(({ file, services }) => {
    const named = services.map(({ name, image }) => (image === null ? name : `${name} (${image})`));
    return `- ${file}: ${named.length === 0 ? "no services were read" : named.join(", ")}`;
  });
  const sections: [title: string, lines: readonly string[]][] = [
    [
      "What runs",
      [
        `- Qdrant ${endText(plan.qdrant)}`,
        `- Chroma ${chroma === null ? "none is known that can be written" : endText(chroma)}`,
        migration === null
          ? "- No journal of a migration to this Qdrant."
          : `- Migration ${migration.source} -> ${migration.target}: ${migration.state}, ${count(migration.records)} records, last touched ${migration.updatedAt}`,
      ],
    ],
    ["Compose files", files.length === 0 ? [`- None in ${plan.folder}.`] : files],
    [
      "Backups",
      plan.backups.length === 0 ? [`- None in ${plan.folder}.`] : plan.backups.map(backupText),
    ],
    ["Variables", plan.variables.map(variableText)],
    ["Steps", plan.steps.flatMap(stepLines)],
    [
      plan.ready ? "To know" : "What stands in the way",
      plan.problems.length === 0 ? ["- Nothing."] : plan.problems.map((text) => `- ${text}`),
    ],
  ];
  return [
    `# The way back to Chroma, for ${plan.folder}`,
    `Drawn up ${plan.created}. Nothing was changed.`,
    ...sections.map(([title, lines]) => `## ${title}\n\n${lines.join("\n")}`),
  ].join("\n\n");
}

function endText({ address, found, fault }: PlannedEnd): string {
  if (found === null) return `${address}: ${fault?.message ?? ""} [${fault?.code ?? ""}]`;
  const { version, collections, heldByPid } = found;
  const what = collections.map(({ name, records }) =>
    records === null ? name : `${name} (${count(records)})`,
  );
  const by = heldByPid === null ? "" : `, opened by process ${heldByPid}`;
  const running = version === null ? "" : ` ${version}`;
  return `${address}: answers${running}${by}; ${what.length === 0 ? "no collections" : what.join(", ")}`;
}

function backupText({ path, state, fault, source, ageSeconds, ...backup }: Backup): string {
  if (fault !== null) return `- ${path}: refused, ${fault.message} [${fault.code}]`;
  if (state === "unfinished") return `- ${path}: was never finished`;
  if (state === "unread") return `- ${path}: not looked at, for there are so many`;
  const records = backup.collections.reduce((sum, one) => sum + one.records, 0);
  const whose = backup.ofThisChroma ? "this Chroma" : source;
  return `- ${path}: whole, ${ageText(ageSeconds ?? 0)} old (${backup.created}), ${count(records)} ${backup.rows ?? "records"} of ${whose}`;
}

function ageText(seconds: number): string {
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const [name, length] = units.find(([, length]) => seconds >= 2 * length) ?? ["second", 1];
  return `${count(Math.floor(seconds / length))} ${name}s`;
}

function variableText({ name, places, becomes, why }: VariableChange): string {
  const now = places.map(({ where, value }) => `${value} (${where})`).join(", ");
  const then = becomes === null ? "stays" : becomes === "" ? "is unset" : `becomes ${becomes}`;
  return `- ${name}: ${now === "" ? "not set here" : now}; ${then}: ${why}`;
}

function stepLines(
  { title, text, commands, by }: RollbackPlan["steps"][number],
  at: number,
): string[] {
  const who = by === "you" ? " (you)" : "";
  return [
    `${at + 1}. ${title}${who}. ${text}`,
    ...(commands.length === 0 ? [] : ["", ...commands.map((command) => `        ${command}`), ""]),
  ];
}
