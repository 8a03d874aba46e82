/** What a verify found, as data and as one sentence. */
import type { DifferenceKind } from "../journal/difference.ts";
import type { Ledger } from "../journal/ledger.ts";
import { examplesMax, type VerifiedCollection, type VerifyReport } from "../report-schema.ts";
import type { Course, VerifyInput } from "./lane.ts";

const words: Readonly<Record<DifferenceKind, string>> = {
  missing: "missing at the target",
  taken: "with another's point in their place",
  extra: "only at the target",
  "changed-at-target": "changed at the target",
  "changed-at-source": "changed at the source",
  "deleted-at-source": "deleted at the source",
  unreadable: "no longer readable",
};

/** What the scan of a target collection found beside the differences. */
export interface TargetFound {
  /** Points that are not these collections'. */
  readonly foreign: number;
  /** A sentence on what an earlier verify read of it; empty where this one read all. */
  readonly earlier: string;
}

/** The counts of one collection, and its first differences. */
export function collectionResult({ lane, tally }: Course): VerifiedCollection {
  const { ledger, plan } = lane;
  return {
    name: plan.source.name,
    target: plan.target,
    schema: [...tally.schema],
    compared: tally.compared,
    readAgain: tally.readAgain,
    quarantined: ledger.counts().quarantined,
    goneAtBothEnds: tally.goneAtBothEnds,
    ...differencesIn(ledger),
  };
}

/** What the journal has of a collection's differences. */
export function differencesIn(
  ledger: Ledger,
): Pick<VerifiedCollection, "differences" | "examples"> {
  const examples = ledger
    .differences("", examplesMax)
    .map(({ kind, id, point, detail }) => ({ kind, id, point, detail }));
  return { differences: Object.fromEntries(ledger.differenceCounts()), examples };
}

/** A collection of whose records none was compared. `schema`: what of the target collection itself differs. */
export function uncompared(name: string, target: string, schema: string[]): VerifiedCollection {
  return {
    name,
    target,
    schema,
    compared: 0,
    readAgain: 0,
    differences: {},
    quarantined: 0,
    goneAtBothEnds: 0,
    examples: [],
  };
}

export function differencesOf({ schema, differences }: VerifiedCollection): number {
  return Object.values(differences).reduce((sum, number) => sum + number, schema.length);
}

/** The whole result. */
export function verifyResult(
  input: Pick<VerifyInput, "readSource" | "freshJournal" | "journal">,
  courses: readonly Course[],
  targets: ReadonlyMap<string, TargetFound>,
  sample: VerifyReport["sample"],
): VerifyReport {
  const collections = courses.map(collectionResult);
  const differences = collections.reduce((sum, one) => sum + differencesOf(one), 0);
  const readSource = sample === null && (input.readSource || input.freshJournal === true);
  const withinUlps = courses.reduce((sum, { tally }) => sum + tally.withinUlps, 0);
  const quarantined = collections.reduce((sum, one) => sum + one.quarantined, 0);
  const verdict = [
    comparedSentence(collections, differences, sample),
    sourceSentence(readSource, sample),
    withinUlps === 0 ? "" : ulpsSentence(withinUlps, input.journal.kept),
    ...Array.from(targets.values(), ({ earlier }) => earlier),
    quarantined === 0
      ? ""
      : `${quarantined} records are in quarantine: they were not carried, and are no difference.`,
    differences === 0 ? "" : `${differences} differences are left: ${foundWords(collections)}.`,
  ];
  return {
    verdict: verdict.filter((sentence) => sentence !== "").join(" "),
    readSource,
    differences,
    foreign: Object.fromEntries(Array.from(targets, ([name, { foreign }]) => [name, foreign])),
    sample,
    collections,
  };
}

function ulpsSentence(vectors: number, journal: boolean): string {
  return journal
    ? `${vectors} vectors came back from the source with other last bits than before, within the 2 ulp that it allows itself.`
    : `${vectors} vectors differ in their last bits from what the source answers, within the 2 ulp that it allows itself; without a journal nothing tells which of the two was sent.`;
}

function comparedSentence(
  collections: readonly VerifiedCollection[],
  differences: number,
  sample: VerifyReport["sample"],
): string {
  const compared = collections.reduce((sum, one) => sum + one.compared, 0);
  const what = "id, vector bits, document, uri, tenant, and every metadata key with its type";
  if (sample !== null) {
    const bound = sample.bound === null ? "" : ` So ${sample.bound}.`;
    return `${sample.records} records drawn at random (seed ${sample.seed}) were compared in ${what}; ${sample.mismatches} differ.${bound}`;
  }
  return differences === 0
    ? `All ${compared} carried records stand at the target, equal in ${what}; nothing is missing and nothing is there besides.`
    : `${compared} carried records were compared with the target in ${what}.`;
}

function sourceSentence(readSource: boolean, sample: VerifyReport["sample"]): string {
  if (sample !== null) return "The others were not looked at.";
  return readSource
    ? "Every record of the source was read for it anew."
    : "The source's records were not read again: the target was compared with the journal of what was sent.";
}

function foundWords(collections: readonly VerifiedCollection[]): string {
  const counts = new Map<string, number>();
  const add = (name: string, number: number) => counts.set(name, (counts.get(name) ?? 0) + number);
  for (const { differences, schema } of collections) {
    for (const [kind, number] of Object.entries(differences))
      add(kind in words ? words[kind as DifferenceKind] : kind, number);
    if (schema.length > 0) add("of the target collection itself", schema.length);
  }
  return Array.from(counts, ([name, number]) => `${number} ${name}`).join(", ");
}
