/** What is to be true before a migration and after it: one table, from which both lists are made. */

export const stages = ["before", "after"] as const;
export type Stage = (typeof stages)[number];

interface Line {
  readonly title: string;
  readonly group: string;
  /** What a person does about it: a command, or words. */
  readonly todo: string;
}

const ready = "Made ready";
const program = "The program";
const data = "The data";
const works = "It works";
const watched = "It is watched and kept";
const onward = "What comes next";

export const lines = {
  before: {
    backup: { group: ready, title: "Backup", todo: "vecferry backup {source} archive:./backup" },
    resources: {
      group: ready,
      title: "Resources for both systems",
      todo: "vecferry plan {ends}",
    },
    firewall: { group: ready, title: "Firewall", todo: "vecferry doctor {ends}" },
    keys: { group: ready, title: "Keys", todo: "vecferry deploy env" },
    monitoring: {
      group: ready,
      title: "Monitoring",
      todo: "Have both servers' figures collected before anything moves: docs/monitoring.md.",
    },
    code: { group: program, title: "Code reviewed", todo: "vecferry doctor --code ." },
    dependencies: { group: program, title: "Dependencies", todo: "vecferry doctor --code ." },
    configuration: { group: program, title: "Configuration", todo: "vecferry deploy env" },
    "test-environment": {
      group: program,
      title: "Test environment",
      todo: "vecferry quick-test {ends}",
    },
    inventory: { group: data, title: "Inventory", todo: "vecferry plan {ends}" },
    volume: { group: data, title: "Volume", todo: "vecferry plan {ends}" },
    tenants: {
      group: data,
      title: "Tenants",
      todo: "vecferry plan {ends} --write-tenant-mapping tenants.json",
    },
    dimensions: {
      group: data,
      title: "Dimensions and metrics",
      todo: "vecferry plan {ends}",
    },
  },
  after: {
    search: { group: works, title: "Search", todo: "vecferry compare {ends}" },
    isolation: { group: works, title: "Isolation", todo: "vecferry tenants {target}" },
    performance: { group: works, title: "Performance", todo: "vecferry compare {ends}" },
    monitoring: {
      group: works,
      title: "Monitoring",
      todo: "Look at what your monitoring shows of the Qdrant: docs/monitoring.md.",
    },
    health: { group: works, title: "Health", todo: "vecferry doctor {target}" },
    resources: { group: watched, title: "Resources", todo: "vecferry doctor {target}" },
    backups: {
      group: watched,
      title: "Backups",
      todo: "vecferry backup {target} archive:./backup-qdrant",
    },
    metrics: { group: watched, title: "Metrics", todo: "{metrics}" },
    alerts: {
      group: watched,
      title: "Alerts",
      todo: "Have somebody told when the Qdrant is down, slow or full: docs/monitoring.md.",
    },
    documentation: {
      group: watched,
      title: "Documentation",
      todo: "Write down where the data is now, who may read it, and the way back: vecferry rollback plan --out ROLLBACK.md.",
    },
    tuning: { group: onward, title: "Tuning", todo: "vecferry doctor {target}" },
    capacity: { group: onward, title: "Capacity", todo: "vecferry doctor {target}" },
    security: { group: onward, title: "Security review", todo: "vecferry doctor {target}" },
    training: {
      group: onward,
      title: "Training",
      todo: "Let those who run it restore a backup once: vecferry check ARCHIVE --drill.",
    },
    "clean-up": {
      group: onward,
      title: "Clean-up",
      todo: "Keep the Chroma and its backup until nobody would go back; then stop it, and drop what still names it: vecferry doctor --code . --fail-on warning.",
    },
  },
} as const satisfies Record<Stage, Record<string, Line>>;

export type LineOf<Of extends Stage> = keyof (typeof lines)[Of];

/** `checked` = measured now, and in order; `failed` = measured, and not; `yours` = only a person can tell. */
export const lineStates = ["checked", "failed", "yours"] as const;
export type LineState = (typeof lineStates)[number];

/** What was found of one line. */
export interface Judged {
  readonly state: LineState;
  /** Sentences: what was measured. Never a key, never a document's text. */
  readonly evidence: readonly string[];
}

export interface ChecklistLine extends Judged {
  readonly line: string;
  readonly group: string;
  readonly title: string;
  /** What to do; "" where it is checked. */
  readonly todo: string;
}

export function checked(...evidence: string[]): Judged {
  return { state: "checked", evidence };
}
export function failed(...evidence: string[]): Judged {
  return { state: "failed", evidence };
}
export function yours(...evidence: string[]): Judged {
  return { state: "yours", evidence };
}
