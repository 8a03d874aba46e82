/** What stands at the target: whether the plan fits beside it, and what the server lets be done there. */
import { isVectorError } from "../../errors.ts";
import type { CollectionSpec } from "../../model/collection.ts";
import { tenantKey } from "../../model/layout.ts";
import type { StandingCollection, TargetLook } from "../../store/look.ts";
import { quoted } from "../../util/shell-word.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import { defaultRequest } from "../request.ts";
import { specsOf } from "../target-spec.ts";
import { addFault } from "./fault.ts";
import type { Findings, Words } from "./finding.ts";
import type { DoctorContext, DoctorRequest } from "./request.ts";
import type { Need } from "./room.ts";
import { indexedShare, isUnindexed, shareText, slowFindings } from "./slow.ts";

export interface TargetInput {
  readonly look: TargetLook;
  readonly plans: readonly CollectionPlan[];
  readonly run: string;
  readonly settings: DoctorRequest["settings"];
  readonly findings: Findings;
  readonly words: Words;
  readonly context: DoctorContext;
}

/** Points that are looked at to find one that is not ours. */
const foreignRows = 100_000;

/** What is planned is held against what stands there. Gives the target collections that can be made or filled. */
export async function planFindings(input: TargetInput): Promise<CollectionSpec[]> {
  const specs: CollectionSpec[] = [];
  const { look, plans } = input;
  const standing = new Map(look.collections.map((one) => [one.info.name, one]));
  for (const [name, group] of Map.groupBy(plans, ({ target }) => target)) {
    const there = standing.get(name);
    if (there !== undefined && there.info.dimension === null) {
      addNamed(input, group, name);
      continue;
    }
    const spec = specFor(input, group);
    if (spec !== null) specs.push(spec);
    if (there !== undefined) await foreign(input, there);
  }
  return specs;
}

function addNamed(
  { findings, words }: TargetInput,
  group: readonly CollectionPlan[],
  target: string,
): void {
  findings.add("named-vectors", "target", {
    collection: target,
    text: "It is there already with named vectors alone; vecferry writes the unnamed one.",
    evidence: { target },
    words: { ...words, collection: shellName(group[0]?.source.name ?? target) },
  });
}

function specFor(
  { look, run, settings, findings, words }: TargetInput,
  group: readonly CollectionPlan[],
): CollectionSpec | null {
  const standing = new Map(look.collections.map(({ info }) => [info.name, info]));
  try {
    return specsOf(group, { ...defaultRequest, settings }, run, standing)[0] ?? null;
  } catch (error) {
    const [first] = group;
    const own = { ...words, collection: shellName(first?.source.name ?? "") };
    const place = {
      end: "target",
      keyed: true,
      words: own,
      collection: first?.target ?? "",
    } as const;
    addFault(findings, error, place);
    return null;
  }
}

async function foreign(input: TargetInput, { info }: StandingCollection): Promise<void> {
  const { look, findings, words, context } = input;
  if (info.count === 0) return;
  try {
    const { looked, point } = await look.firstForeign(info, foreignRows, context.signal);
    if (point === null) return;
    findings.add("foreign-points", "target", {
      collection: info.name,
      text: `It holds points that no migration wrote: point ${point} is the first, after ${looked - 1} of vecferry's.`,
      evidence: { point, looked, points: info.count },
      words,
    });
  } catch (error) {
    if (!isVectorError(error)) throw error;
    addFault(findings, error, { end: "target", keyed: true, words, collection: info.name });
  }
}

/** What the key may do, and who else is there. */
export function accessFindings(
  { look, findings, words }: Pick<TargetInput, "look" | "findings" | "words">,
  targets: readonly string[],
): void {
  const { access, lockedBy } = look;
  if (look.identity.kind === "embedded" && look.identity.address === ":memory:") {
    const text = "The target is in memory alone: what is written goes with the process.";
    findings.add("memory-only", "target", { text, words });
  }
  if (lockedBy?.alive === true) {
    findings.add("target-in-use", "target", {
      text: `Process ${lockedBy.pid} has the target's folder open; what it wrote last may not be seen here.`,
      evidence: { pid: lockedBy.pid },
      words: { ...words, pid: String(lockedBy.pid) },
    });
  }
  if (access === "none") {
    const text = "The key may read at the target, and not write.";
    findings.add("key-read-only", "target", { text, words });
  }
  if (access === null || typeof access === "string") return;
  const beyond = targets.filter((name) => !access.includes(name));
  findings.add("key-limited", "target", {
    text: `The key may write to ${access.length} collections alone, and make none${beyond.length === 0 ? "" : `; the plan needs ${beyond.slice(0, 10).map(shellName).join(", ")} too`}.`,
    evidence: { writable: access, beyond },
    words,
  });
}

/** How the collections that stand at the target fare: those of the plan, or all where there is none. */
export function standingFindings(
  input: Pick<TargetInput, "look" | "findings" | "words">,
  needs: ReadonlyMap<string, Need> | null,
): void {
  for (const one of input.look.collections) {
    const { name } = one.info;
    if (needs !== null && !needs.has(name)) continue;
    const words = { ...input.words, target: encodeURIComponent(name) };
    health({ ...input, words }, one);
    slowFindings(one, input.findings, words);
    if (one.strict !== null) caps({ ...input, words }, one, needs?.get(name) ?? null);
  }
}

type Told = Pick<TargetInput, "findings" | "words">;

function health(
  { findings, words }: Told,
  { info, optimizerFault, indexing }: StandingCollection,
): void {
  const add = (
    code: "optimizer-fault" | "not-green" | "indexing-off" | "still-indexing" | "unindexed",
    text: string,
    evidence: object,
  ) =>
    findings.add(code, "target", { collection: info.name, text, evidence: { ...evidence }, words });
  if (optimizerFault !== null)
    add("optimizer-fault", `Its optimizer has failed: ${optimizerFault}.`, { optimizerFault });
  const { status } = info;
  const indexed = indexedShare(info);
  const share = indexed === null ? "" : shareText(indexed);
  const isDone = status === null || status === "green";
  if (!isDone && optimizerFault === null) {
    if (indexed !== null && indexed.share < 1)
      add("still-indexing", `Its status is ${status}, and ${share}.`, { status, ...indexed });
    else add("not-green", `Its status is ${status}: optimizers are at work, or wait.`, { status });
  }
  if (isDone && isUnindexed(info) && indexing === "on")
    add("unindexed", `It has ${info.count} points, and ${share}.`, { ...indexed });
  if (indexing === "off")
    add("indexing-off", "It builds no index over its vectors: indexing_threshold is 0.", {
      points: info.count,
    });
}

function caps(
  { findings, words }: Told,
  { info, strict, indexes }: StandingCollection,
  need: Need | null,
): void {
  if (strict === null) return;
  const add = (
    code: Parameters<Findings["add"]>[0],
    text: string,
    evidence: Record<string, unknown> = {},
    wanted?: number,
  ) =>
    findings.add(code, "target", {
      collection: info.name,
      text,
      evidence: { ...evidence, ...(wanted === undefined ? {} : { wanted }) },
      words: { ...words, wanted: wanted === undefined ? undefined : String(wanted) },
    });
  const {
    upsertRowsMax,
    pageRowsMax,
    pointsMax,
    payloadIndexesMax,
    vectorBytesMax,
    payloadBytesMax,
  } = strict;
  if (!strict.exactSearch)
    add(
      "strict-exact",
      "Strict mode forbids exact counts and searches, and `verify` counts exactly.",
    );
  if (upsertRowsMax !== null)
    add("strict-upsert-rows", `Strict mode lets ${upsertRowsMax} points into one upsert.`, {
      upsertRowsMax,
    });
  if (pageRowsMax !== null)
    add("strict-page-rows", `Strict mode lets ${pageRowsMax} points into one page.`, {
      pageRowsMax,
    });
  if (!strict.unindexedRetrieve || !strict.unindexedUpdate)
    add("strict-unindexed", "Strict mode forbids filters on payload without an index.", {
      indexes,
    });
  rates({ findings, words }, info.name, strict, need);
  if (need === null) return;
  const made = new Set([
    ...indexes,
    ...need.spec.indexes.map(({ key }) => key),
    ...(need.spec.tenanted ? [tenantKey] : []),
  ]);
  const bounds = [
    ["strict-points", "points", pointsMax, need.points],
    ["strict-indexes", "payload indexes", payloadIndexesMax, made.size],
    ["strict-vector-bytes", "bytes of vectors", vectorBytesMax, need.vectorBytes],
    ["strict-payload-bytes", "bytes of payload", payloadBytesMax, need.payloadBytes],
  ] as const;
  for (const [code, what, limit, wanted] of bounds) {
    if (limit === null || wanted <= limit) continue;
    add(
      code,
      `Strict mode lets ${limit} ${what} in, and ${wanted} are to come.`,
      { limit },
      wanted,
    );
  }
}

/** Rows of an upsert where strict mode says nothing of them. */
const usualRows = 1000;

function rates(
  { findings, words }: Told,
  collection: string,
  {
    readsPerMinute,
    writesPerMinute,
    upsertRowsMax,
    pageRowsMax,
  }: NonNullable<StandingCollection["strict"]>,
  need: Need | null,
): void {
  if (readsPerMinute === null && writesPerMinute === null) return;
  const minutes = (rows: number | null, perMinute: number | null): number =>
    perMinute === null || need === null
      ? 0
      : Math.ceil(need.points / Math.min(rows ?? usualRows, usualRows)) / perMinute;
  const took = minutes(upsertRowsMax, writesPerMinute) + minutes(pageRowsMax, readsPerMinute);
  // In less than a minute nothing is waited for.
  const whole = took < 1 ? 0 : Math.ceil(took);
  const least =
    whole === 0 ? "" : ` At least ${whole} minutes go by for ${need?.points ?? 0} points.`;
  findings.add("strict-rate", "target", {
    collection,
    text: `Strict mode lets ${writesPerMinute ?? "any number of"} writes and ${readsPerMinute ?? "any number of"} reads through a minute.${least}`,
    evidence: { writesPerMinute, readsPerMinute, minutes: whole },
    words,
  });
}

function shellName(name: string): string {
  return quoted(name);
}
