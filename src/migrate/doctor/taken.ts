/** Places at the target that other points have taken: found by the points which the first records would become. */
import { isVectorError } from "../../errors.ts";
import type { CollectionInfo, CollectionSpec } from "../../model/collection.ts";
import type { SourceStore } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { quoted } from "../../util/shell-word.ts";
import { type CollectionPlan, pointOf } from "../collection-plan.ts";
import type { Scope } from "../request.ts";
import { isOwn } from "../standing.ts";
import { takenText } from "../target-check.ts";
import { addFault } from "./fault.ts";
import type { TargetInput } from "./target.ts";

/** Records of a collection whose places are looked at, and how many in one request. */
const rowsMax = 10_000;
const rowsAtOnce = 1_000;

export interface TakenInput extends TargetInput {
  readonly source: SourceStore;
  readonly scope: Scope;
}

/** Of the target collections that stand there and can be filled (`specs`): whether a place of ours is taken. */
export async function takenFindings(
  input: TakenInput,
  specs: readonly CollectionSpec[],
): Promise<void> {
  const { look, plans, findings, words } = input;
  const fillable = new Set(specs.map(({ name }) => name));
  for (const plan of plans.filter(({ target }) => fillable.has(target))) {
    const there = look.collections.find(({ info }) => info.name === plan.target);
    if (there === undefined || there.info.count === 0) continue;
    const collection = plan.source.name;
    const own = { ...words, collection: quoted(collection) };
    try {
      const taken = await firstTaken(input, plan, there.info);
      if (taken === null) continue;
      const { text, ...evidence } = taken;
      findings.add("id-collision", "target", {
        collection: plan.target,
        text,
        evidence: { collection, ...evidence },
        words: own,
      });
    } catch (error) {
      if (!isVectorError(error)) throw error;
      addFault(findings, error, { end: "target", keyed: true, words: own, collection });
    }
  }
}

interface Taken {
  readonly text: string;
  readonly point: string;
  /** Whose it is; null = no migration's. */
  readonly run: string | null;
  /** Records that were looked at. */
  readonly looked: number;
}

async function firstTaken(
  { look, source, scope, run, context }: TakenInput,
  plan: CollectionPlan,
  info: CollectionInfo,
): Promise<Taken | null> {
  const { signal } = context;
  const where = scope.where === null ? {} : { where: scope.where };
  const limit = Math.min(scope.limit ?? rowsMax, rowsMax);
  let looked = 0;
  for await (const page of source.ids(plan.source, { ...where, limit, signal })) {
    for (let at = 0; at < page.length; at += rowsAtOnce) {
      throwIfAborted(signal);
      const rows = page.slice(at, at + rowsAtOnce);
      const byPoint = new Map(rows.map((id) => [pointOf(plan, id), id]));
      const batch = await look.points(info, [...byPoint.keys()], signal);
      looked += rows.length;
      for (const [row, point] of batch.placement.points.entries()) {
        const id = byPoint.get(point) ?? "";
        if (isOwn({ plan, run }, batch, row, id)) continue;
        const holder = batch.placement.runs[row] ?? null;
        return { text: takenText(plan, id, batch, row), point, run: holder, looked };
      }
    }
  }
  return null;
}
