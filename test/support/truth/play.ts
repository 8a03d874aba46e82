/** Plays a sequence to two judges, and looks for a short one that still shows what they disagree on. */
import { disagreement } from "./agree.ts";
import type { Judge } from "./judges.ts";
import { collectionsOf, type Step } from "./steps.ts";
import { hasTies } from "./ties.ts";

export interface Disagreement {
  /** The step's place in the sequence, from 0. */
  readonly at: number;
  readonly step: Step;
  readonly what: string;
  /** Both statuses: a shorter sequence must end in the same ones. */
  readonly statuses: string;
}

/** Both answer the steps in order; the first `limit` disagreements that no ties excuse. */
export async function play(
  steps: readonly Step[],
  prefix: string,
  truth: Judge,
  tried: Judge,
  limit = 1,
): Promise<Disagreement[]> {
  await clear(prefix, truth, tried);
  const found: Disagreement[] = [];
  for (const [at, step] of steps.entries()) {
    const [theirs, ours] = await Promise.all([truth.ask(step), tried.ask(step)]);
    const what = disagreement(step, theirs, ours);
    if (what === null || (await hasTies(step, truth))) continue;
    found.push({ at, step, what, statuses: `${theirs.status} ${ours.status}` });
    if (found.length >= limit) break;
  }
  return found;
}

/** Takes the sequence's collections away at both. */
export async function clear(prefix: string, ...judges: Judge[]): Promise<void> {
  for (const name of collectionsOf(prefix)) {
    const path = `/collections/${name}`;
    const gone: Step = { method: "DELETE", path, body: null, ranking: "any" };
    await Promise.all(judges.map((judge) => judge.ask(gone)));
  }
}

/**
 * A sequence as short as `plays` replays find it, of which the last step is still answered differently: halves, quarters and ever smaller
 * parts of what comes before that step are left out, but for collections and indexes, which decide what a judge can be asked.
 */
export async function shrink(
  steps: readonly Step[],
  first: Disagreement,
  prefix: string,
  truth: Judge,
  tried: Judge,
  plays = 120,
): Promise<{ steps: Step[]; what: string }> {
  let before = steps.slice(0, first.at);
  let what = first.what;
  let left = plays;
  for (
    let size = Math.ceil(before.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let start = before.length - size; start > -size && left > 0; start -= size) {
      const end = start + size;
      const fewer = before.filter((step, at) => at < start || at >= end || isSetting(step));
      if (fewer.length === before.length) continue;
      left--;
      const still = await playLast(fewer, first, prefix, truth, tried);
      if (still === null) continue;
      before = fewer;
      what = still;
    }
  }
  await clear(prefix, truth, tried);
  return { steps: [...before, first.step], what };
}

/** Plays `before` unlooked at, then asks the last step; what they disagree on, with the statuses of `first`. */
async function playLast(
  before: readonly Step[],
  { step: last, statuses }: Disagreement,
  prefix: string,
  truth: Judge,
  tried: Judge,
): Promise<string | null> {
  await clear(prefix, truth, tried);
  const run = async (judge: Judge) => {
    for (const step of before)
      if (step.method !== "GET" && !isQuestion(step)) await judge.ask(step);
    return await judge.ask(last);
  };
  const [theirs, ours] = await Promise.all([run(truth), run(tried)]);
  if (statuses !== `${theirs.status} ${ours.status}`) return null;
  const what = disagreement(last, theirs, ours);
  return what === null || (await hasTies(last, truth)) ? null : what;
}

const isSetting = ({ path }: Step) => path.split("/").length === 3 || path.includes("/index");

const isQuestion = ({ path }: Step) => !path.includes("wait=true") && path.split("/").length > 3;

/** The steps as lines that a shell can send to a server. */
export function asCurl(steps: readonly Step[]): string {
  return steps
    .map(({ method, path, body }) => {
      const data =
        body === null
          ? ""
          : ` -H 'content-type: application/json' -d '${body.replaceAll("'", "'\\''")}'`;
      return `curl -X ${method} "$QDRANT_URL${path}"${data}`;
    })
    .join("\n");
}
