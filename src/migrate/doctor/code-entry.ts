/** What the table of findings says of each code. */

export const severities = ["error", "warning", "info"] as const;
/** error = a migration would fail or lose; warning = it works, and something is to be known first; info = a fact. */
export type Severity = (typeof severities)[number];

export const groups = {
  reach: "Reaching the ends",
  key: "Keys",
  version: "Versions and ports",
  folder: "A Chroma folder",
  source: "What the source holds",
  plan: "What goes where",
  target: "What stands at the target",
  room: "Room",
  here: "This machine",
  code: "A program's code (`--code`)",
  registry: "Qdrant's image (`--registry`)",
} as const;

export interface CodeEntry {
  readonly group: keyof typeof groups;
  readonly severity: Severity;
  readonly means: string;
  /** What to type, or a line of a server's configuration; its {words} are filled in where the finding is made. "" = nothing is to be done. */
  readonly remedy: string;
  /** The same where --target-collection names the one target of all collections, and --rename decides nothing. */
  readonly sharedRemedy?: string;
}
