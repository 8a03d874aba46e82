/** Records that left a Chroma and came back to one: compared with what the first one's own server had answered. */
import type { Answers } from "./judge.ts";
import { ulpsApart } from "./ulps.ts";

/** What of a collection is not the same again, one sentence each; records in `excused` may lack. */
export function backAgain(
  before: Answers,
  after: Answers,
  { excused, ulps }: { readonly excused: ReadonlySet<string>; readonly ulps: number },
): string[] {
  const rows = new Map(after.ids.map((id, row) => [id, row]));
  const wanted = new Set(before.ids);
  const faults = after.ids.filter((id) => !wanted.has(id)).map((id) => `${id} was never there`);
  if (rows.size !== after.ids.length) faults.push("an id is there twice");
  before.ids.forEach((id, row) => {
    const at = rows.get(id);
    if (excused.has(id) !== (at === undefined))
      faults.push(
        `${id} is ${at === undefined ? "missing" : "there, though it was said to be held back"}`,
      );
    if (at === undefined) return;
    for (const column of ["documents", "uris", "metadatas"] as const) {
      const [one, other] = [textOf(before[column]?.[row]), textOf(after[column]?.[at])];
      if (one !== other) faults.push(`${id}: ${column} ${one} is ${other}`);
    }
    const vector = before.embeddings[row] ?? before.sent?.[id] ?? [];
    const found = after.embeddings[at] ?? [];
    const apart = vector.map((component, place) =>
      ulpsApart(component ?? Number.NaN, found[place] ?? Number.NaN),
    );
    if (vector.length !== found.length || Math.max(0, ...apart) > ulps)
      faults.push(`${id}: the vector is ${Math.max(0, ...apart)} ulp off`);
  });
  return faults;
}

/**
 * A server before 1.0 leaves out the vector that a record lacks, and gives all behind it to their neighbours: put right here, as
 * `without` says whose it is.
 */
export function realigned(answers: Answers, without: ReadonlySet<string>): Answers {
  if (answers.embeddings.length === answers.ids.length) return answers;
  const left = [...answers.embeddings];
  const embeddings = answers.ids.map((id) => (without.has(id) ? null : (left.shift() ?? null)));
  const lacking = answers.ids.filter((id) => without.has(id));
  if (answers.embeddings.length + lacking.length !== answers.ids.length)
    throw new Error(
      `${answers.embeddings.length} vectors for ${answers.ids.length} records, of which ${lacking.length} have none`,
    );
  return { ...answers, embeddings };
}

/** None and an empty object are the same, the order of keys is none. */
function textOf(value: unknown): string {
  const text = JSON.stringify(sorted(value ?? null));
  return text === "{}" ? "null" : text;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const keys = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(keys.map(([key, member]) => [key, sorted(member)]));
}
