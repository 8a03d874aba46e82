/** Lists what the source would give into the journal, before anything is written: what is new, what has gone, what would meet. */
import { setImmediate } from "node:timers/promises";
import { VectorError } from "../../errors.ts";
import { tenantPointId, uuidToBytes } from "../../model/point-id.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { JournalCollection } from "../journal/journal.ts";
import { recordStates } from "../journal/row.ts";
import { Roll } from "../roll.ts";
import { phase, progress } from "../telling.ts";
import { type ExportLane, journalPlan, type LanePlan, placeOf } from "./lane.ts";
import { piecesOf } from "./pieces.ts";
import type { ExportShape } from "./request.ts";
import { type ExportRun, flightOf } from "./running.ts";
import { isEverything, shapeText } from "./shape.ts";

const listChunk = 10_000;
const pageRows = 1000;

/** What a lane's listing found. */
export interface Listed {
  readonly lane: ExportLane;
  readonly listed: number;
  readonly added: number;
  readonly deleted: number;
}

/**
 * Lists all collections of the run. What is in quarantine is pending again with `retry`, else it stays there.
 * @throws E_ID_COLLISION where two points would be one record, naming both
 */
export async function listSource(run: ExportRun, retry: boolean): Promise<Listed[]> {
  using roll = new Roll();
  await callRoll(run, roll);
  assertApart(run, roll);
  const found: Listed[] = [];
  for (const plan of run.plans.all) found.push(await enterLane(run, plan, roll, retry));
  return found;
}

/**
 * Lanes of earlier runs for which the source has no collection, or no record, any more: all that they carried counts as deleted. None in a
 * run that is not about everything.
 */
export function listVanished(run: ExportRun, found: readonly Listed[]): Listed[] {
  const { journal, migration, shape, base, context } = run;
  if (base !== null || !isEverything(shape.scope)) return [];
  const here = new Set(found.map(({ lane }) => lane.entered.id));
  const vanished = journal.collections(migration).filter(({ id }) => !here.has(id));
  return vanished.map((entered, at) => {
    const ledger = journal.ledger(entered);
    const lane = { plan: vanishedPlan(entered, shape, -1 - at), entered, ledger };
    ledger.retryQuarantined();
    const deleted = ledger.counts().written;
    for (const state of [recordStates.pending, recordStates.written]) {
      const page = () => ledger.page(state, -1, pageRows);
      for (let rows = page(); rows.length > 0; rows = page()) {
        throwIfAborted(context.signal);
        ledger.markGone(rows.map(({ ordinal }) => ordinal));
      }
    }
    return { lane, listed: 0, added: 0, deleted };
  });
}

function vanishedPlan(
  { plan, key }: JournalCollection,
  shape: ExportShape,
  index: number,
): LanePlan {
  const { source, target: name, distance, dimension } = plan;
  const rules = { layout: plan.layout, vector: "", distance, flatten: false, tenantKey: false };
  const spec = { name, distance, dimension, metadata: null, configuration: null };
  return { index, key, info: source, shape, home: source, spec, rules };
}

async function callRoll(
  { source, base, context, plans, ...run }: ExportRun,
  roll: Roll,
): Promise<void> {
  const { signal } = context;
  for (const router of run.routers) {
    const { name, count } = router.info;
    phase(context, "list", name);
    const tell = progress(context, "list", name, count);
    const { batchSize } = flightOf(run, router, null);
    let listed = 0;
    const options = { vectors: false, batchSize, base, signal };
    for await (const { plan, batch } of piecesOf(source, router, options)) {
      const { spec } = plan;
      roll.add(
        plan.index,
        batch.placement.points,
        (_, row) => uuidToBytes(tenantPointId(spec.name, batch.ids[row] ?? "")),
        batch.ids,
      );
      listed += batch.ids.length;
      tell(listed);
    }
  }
}

function assertApart({ plans }: ExportRun, roll: Roll): void {
  const { places, examples } = roll.met(1);
  const [one, other] = examples[0]?.wanting ?? [];
  if (one === undefined || other === undefined) return;
  const shown = ({ party, name }: typeof one) =>
    `point ${name} of collection ${JSON.stringify(plans.all[party]?.info.name ?? "")}`;
  const target = plans.all[one.party]?.spec.name ?? "";
  const more = places > 1 ? ` ${places - 1} more such records are wanted twice.` : "";
  throw new VectorError(
    "E_ID_COLLISION",
    `${shown(one).replace("point", "Point")} and ${shown(other)} would both be the same record of collection ${JSON.stringify(target)}: they have one id.${more}`,
    {
      next: "Give the tenants collections of their own with --split-tenants, or the collections with --rename or --collection; else change the id of one.",
      details: { points: [one.name, other.name], collection: target, records: places },
    },
  );
}

async function enterLane(
  run: ExportRun,
  plan: LanePlan,
  roll: Roll,
  retry: boolean,
): Promise<Listed> {
  const { journal, migration, context } = run;
  const entering = { ...journalPlan(plan), exported: shapeText(plan.shape) };
  const entered = journal.enter(migration, entering, { where: null, limit: null });
  const ledger = journal.ledger(entered);
  const lane = { plan, entered, ledger };
  if (retry) ledger.retryQuarantined();
  const { listed, added } = await listLane(lane, roll, context.signal);
  let deleted = 0;
  // What the base leaves out is listed by nobody, and is still there.
  const unseen = run.base === null ? ledger.unseen(-1, pageRows) : [];
  for (let rows = unseen; rows.length > 0; ) {
    throwIfAborted(context.signal);
    ledger.markGone(rows.map(({ ordinal }) => ordinal));
    deleted += rows.length;
    rows = ledger.unseen(rows.at(-1)?.ordinal ?? 0, pageRows);
  }
  return { lane, listed, added, deleted };
}

async function listLane({ plan, ledger }: ExportLane, roll: Roll, signal: AbortSignal) {
  using listing = ledger.list();
  for (const ids of roll.idsOf(plan.index, listChunk)) {
    throwIfAborted(signal);
    listing.add(ids, placeOf);
    await setImmediate();
  }
  return await listing.finish(signal);
}
