/** Findings: how they are made from the table of codes, and how they are collected. */

import { quoted } from "../../util/shell-word.ts";
import type { CodeEntry, Severity } from "./code-entry.ts";
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
  readonly #sharedTarget: boolean;

  /** `sharedTarget`: whether --target-collection was given. */
  constructor(onFinding: (finding: Finding) => void, sharedTarget = false) {
    this.#onFinding = onFinding;
    this.#sharedTarget = sharedTarget;
  }

  get list(): readonly Finding[] {
    return this.#list;
  }

  add(
    code: FindingCode,
    end: Where,
    { collection = null, text, evidence = {}, words = {} }: FindingDetails,
  ): void {
    const { severity, remedy, sharedRemedy = remedy }: CodeEntry = findingCodes[code];
    const own = {
      ...words,
      collection: words["collection"] ?? (collection === null ? undefined : quoted(collection)),
    };
    const finding = {
      code,
      severity,
      end,
      collection,
      text,
      evidence,
      remedy: filled(this.#sharedTarget ? sharedRemedy : remedy, own),
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

/** A word as `quoted` writes it. */
const word = String.raw`(?:'[^']*'|\\'|[^\s'\\])+`;
/** Flags that take one value: where a remedy gives one that was typed already, the typed one is left out. */
const singleFlags = [
  "layout",
  "default-tenant",
  "distance-metric",
  "vector-size",
  "state",
  "target-collection",
];
/** Flags that take one value for each collection: the same. */
const collectionFlags = ["rename", "id-prefix"];
const overruled = new RegExp(
  `--(?:(${singleFlags.join("|")})(?:=| )${word}|(chromadb-collections)(?:=${word})?(?: (?!-)${word})*) (?=.*--(?:\\1\\2)[= ])`,
  "g",
);

function withoutOverruled(text: string): string {
  return collectionFlags.reduce(withoutRepeated, text.replace(overruled, ""));
}

/** Without the flag's earlier values for a collection that is named again. */
function withoutRepeated(text: string, flag: string): string {
  const typed = new RegExp(`--${flag}(?:=| )(${word})( |$)`, "g");
  const all = [...text.matchAll(typed)].map(([, value = ""]) => collectionOf(value));
  let at = -1;
  return text.replace(typed, (whole, value: string) => {
    at += 1;
    return all.lastIndexOf(collectionOf(value)) === at ? whole : "";
  });
}

/** The collection that `NAME=TEXT` is about, its quotes taken off. */
function collectionOf(value: string): string {
  const plain = value.replaceAll(/'([^']*)'|\\(')/g, "$1$2");
  return plain.slice(0, plain.indexOf("="));
}
