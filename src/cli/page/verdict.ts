/** What a page says first: how it stands, in a sentence. */
import { count, duration } from "../output/progress.ts";
import type { PageFacts } from "./facts.ts";

export interface Verdict {
  readonly tone: "good" | "warn" | "bad" | "busy";
  readonly word: string;
  readonly sentence: string;
  /** What it rests on; empty where the sentence says all. */
  readonly detail: string;
}

/** Of a migration at work the journal decides, else the run that ended last. */
export function verdictOf(facts: PageFacts): Verdict {
  return { detail: "", ...judged(facts) };
}

type Judged = Omit<Verdict, "detail"> & Partial<Verdict>;

function judged(facts: PageFacts): Judged {
  const { status, newest } = facts;
  if (status?.runningPid != null) {
    const rate =
      status.recordsPerSecond === null ? "" : `, ${count(status.recordsPerSecond)} records/s`;
    return { tone: "busy", word: "At work", sentence: `${standing(facts)}${rate}.` };
  }
  if (status?.diedPid != null) {
    const sentence = `The process that worked on it died. ${standing(facts)}; the same command goes on from there.`;
    return { tone: "bad", word: "Interrupted", sentence };
  }
  if (newest === null) {
    return {
      tone: "warn",
      word: status?.state ?? "Nothing",
      sentence: `No run has ended yet. ${standing(facts)}.`,
    };
  }
  return ended(facts, newest);
}

function ended(facts: PageFacts, newest: NonNullable<PageFacts["newest"]>): Judged {
  const { failure, exit } = newest;
  if (facts.status?.state === "CANCELLED")
    return { tone: "warn", word: "Cancelled", sentence: "What the migration made was taken away." };
  if (exit === 6)
    return {
      tone: "bad",
      word: "Gate missed",
      sentence: failure?.message ?? "A gate was missed.",
      detail: `${standing(facts)}.`,
    };
  if (failure !== null) {
    const tone = exit === 5 || exit === 130 ? "warn" : "bad";
    const word = exit === 130 ? "Paused" : exit === 5 ? "Stopped for now" : "Failed";
    return { tone, word, sentence: failure.message, detail: `${standing(facts)}.` };
  }
  const left = facts.verify?.verify?.differences ?? 0;
  if (exit === 4 || left > 0)
    return {
      tone: "bad",
      word: "Differences",
      sentence: `${count(left)} ${left === 1 ? "difference is" : "differences are"} left. ${standing(facts)}.`,
    };
  return whole(facts, newest);
}

/** Of a run that did what it was for. */
function whole(facts: PageFacts, newest: NonNullable<PageFacts["newest"]>): Judged {
  const verdict = facts.verify?.verify?.verdict ?? "";
  const { records } = newest.quarantine;
  if (records > 0) {
    const are = records === 1 ? "record was" : "records were";
    const sentence = `${standing(facts)}; ${count(records)} ${are} not carried and stand in quarantine, each with its reason.`;
    return { tone: "warn", word: "Done, with quarantine", sentence, detail: verdict };
  }
  if (facts.status?.state === "STALE")
    return {
      tone: "warn",
      word: "Stale",
      sentence: `The source has changed since. ${standing(facts)}.`,
    };
  if (verdict === "")
    return {
      tone: "warn",
      word: "Not verified",
      sentence: `${standing(facts)}; nothing has compared them yet.`,
    };
  return {
    tone: "good",
    word: "Verified",
    sentence: `${standing(facts)}, and verified.`,
    detail: verdict,
  };
}

/** `All 50,000 records of 3 collections are at the target`. */
function standing({ status, newest }: PageFacts): string {
  const counts = status?.counts ?? sums(newest);
  const collections = status?.collections.length ?? newest?.collections.length ?? 0;
  if (counts.listed === 0) return "No record is at the target";
  const of = `${count(collections)} ${collections === 1 ? "collection" : "collections"}`;
  if (counts.written === counts.listed)
    return counts.listed === 1
      ? `The one record of ${of} is at the target`
      : `All ${count(counts.listed)} records of ${of} are at the target`;
  return `${count(counts.written)} of ${count(counts.listed)} records of ${of} are at the target`;
}

function sums(report: PageFacts["newest"]): { listed: number; written: number } {
  const all = report?.collections.map(({ counts }) => counts) ?? [];
  const of = (key: "listed" | "written") => all.reduce((sum, one) => sum + one[key], 0);
  return { listed: of("listed"), written: of("written") };
}

/** `2 min 5 s` for people, out of milliseconds. */
export function spanText(ms: number): string {
  return ms < 10_000
    ? `${(ms / 1000).toFixed(1)} s`
    : ms < 60_000
      ? `${Math.round(ms / 1000)} s`
      : duration(ms / 1000);
}
