/** What `quick-test` prints for people. */
import type { Leftover } from "../../migrate/quick-test/cleanup.ts";
import type { QuickTestOutcome } from "../../migrate/quick-test/quick-test.ts";
import { count } from "./progress.ts";

/** What was done, what was found, and whether all is ready. */
export function quickTestText(outcome: QuickTestOutcome): string {
  const { ready, collections, untested, leftovers, notRemoved, wroteSource, next } = outcome;
  const lines = leftovers.map(leftoverText);
  for (const one of collections) lines.push(...collectionLines(one, wroteSource));
  if (notRemoved.length === 0) {
    const where = wroteSource ? "from the source and from the target" : "from the target";
    lines.push(`Everything that the test made is removed again ${where}.`);
  }
  const why = [
    ...(collections.some(({ faults }) => faults.length > 0) ? ["what arrived is not right"] : []),
    ...(collections.some(({ moved }) => moved === 0) ? ["no record could be carried"] : []),
    ...(notRemoved.length > 0 ? ["what the test made could not be removed"] : []),
  ];
  lines.push(
    ready
      ? `Ready for the full migration${untestedWords(untested)}.`
      : `Not ready for the full migration: ${why.join("; ")}.`,
    `Next: ${next}`,
  );
  return lines.join("\n");
}

function untestedWords(untested: number): string {
  if (untested === 0) return "";
  const others =
    untested === 1 ? "1 other collection was" : `${count(untested)} other collections were`;
  return `; ${others} not tested (name them with --chromadb-collections)`;
}

function collectionLines(
  test: QuickTestOutcome["collections"][number],
  wroteSource: boolean,
): string[] {
  const { name, moved, quarantined, verified, indexes, search, faults, ms } = test;
  const of = wroteSource ? "a collection written for the test" : JSON.stringify(name);
  const keys = search.filters.map((filter) => filter.keys.join(" and "));
  const filters = keys.length === 0 ? "" : `; filters on ${keys.join(", ")}`;
  const made = indexes.length === 0 ? "" : ` Indexes made: ${indexes.join(", ")}.`;
  const reasons = Object.entries(quarantined).map(([reason, n]) => `${count(n)} ${reason}`);
  return [
    `${count(moved)} records of ${of} moved, ${count(verified)} verified one by one, ${count(search.queries)} searches by a record's own vector${filters} (${count(ms)} ms).${made}`,
    ...(reasons.length === 0
      ? []
      : [`The full migration will put such records in quarantine: ${reasons.join(", ")}.`]),
    ...faults.map((fault) => `Fault: ${fault}`),
  ];
}

function leftoverText({ store, name, reason }: Leftover): string {
  return reason === null
    ? `Removed from ${store}: ${name}, which an earlier quick test had left.`
    : `Left at ${store}: ${name}: ${reason}.`;
}
