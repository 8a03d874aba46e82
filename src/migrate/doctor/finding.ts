/** Findings: how they are made from the table of codes, and how they are collected. */
import type { Severity } from "./code-entry.ts";
import { type FindingCode, findingCodes } from "./codes.ts";

/** Where a finding lies; `here` = on this machine. */
export type Where = "source" | "target" | "here";

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly end: Where;
  /** The source collection's name, or the target's where it is about what stands there; null = about all. */
  readonly collection: string | null;
  /** One or two sentences. */
  readonly text: string;
  /** Figures and names. Never a key, never document text. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** What to type, or a line of a server's configuration; "" where there is nothing to mend. */
  readonly remedy: string;
}

/** Words that remedies are filled in with: of the run, of the end, of the finding. A word that is not known stays in capitals. */
export type Words = Readonly<Record<string, string | undefined>>;

export interface FindingDetails {
  readonly collection?: string | null;
  readonly text: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
  readonly words?: Words;
}

export class Findings {
  readonly #list: Finding[] = [];
  readonly #onFinding: (finding: Finding) => void;

  constructor(onFinding: (finding: Finding) => void) {
    this.#onFinding = onFinding;
  }

  get list(): readonly Finding[] {
    return this.#list;
  }

  add(
    code: FindingCode,
    end: Where,
    { collection = null, text, evidence = {}, words = {} }: FindingDetails,
  ): void {
    const { severity, remedy } = findingCodes[code];
    const own = { ...words, collection: words["collection"] ?? collection ?? undefined };
    const finding = {
      code,
      severity,
      end,
      collection,
      text,
      evidence,
      remedy: filled(remedy, own),
    };
    this.#list.push(finding);
    this.#onFinding(finding);
  }

  count(severity: Severity): number {
    return this.#list.filter((finding) => finding.severity === severity).length;
  }
}

/** The remedy with its {words}, each quoted for a shell where it stands alone. */
export function filled(remedy: string, words: Words): string {
  const text = remedy.replaceAll(
    /\{([a-zA-Z]+)\}/g,
    (_, name: string) => words[name] ?? name.toUpperCase(),
  );
  return withoutOverruled(text);
}

/** Flags that take one value: where a remedy gives one that was typed already, the typed one is left out. */
const singleFlags = ["layout", "default-tenant", "distance-metric", "vector-size", "state"];
const overruled = new RegExp(
  `--(${singleFlags.join("|")})(?:=| )(?:'[^']*'|[^ ]+) (?=.*--\\1[= ])`,
  "g",
);

function withoutOverruled(text: string): string {
  return text.replace(overruled, "");
}

/** A word as a POSIX shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
