/** The two ends of `verify`, `repair` and `compare`: the migration between them, locked, with what the journal has of it. */
import { VectorError } from "../errors.ts";
import { type CollectionSpec, defaultSettings } from "../model/collection.ts";
import type { SourceStore, StoreIdentity, TargetStore } from "../store/port.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import { emptied } from "./emptied.ts";
import { hasJournal } from "./journal/file.ts";
import { Journal, type JournalCollection, type Migration } from "./journal/journal.ts";
import { flightPlaces } from "./lane.ts";
import { lockMigration } from "./lock.ts";
import { enterNoted } from "./noted-plan.ts";
import { makePlan, migrationKey, type Plan, runOf } from "./plan.ts";
import { type Outcome, ReportBuilder } from "./report.ts";
import { defaultRequest, type RunContext, type Scope } from "./request.ts";
import { selectCollections } from "./select.ts";
import { sourceNote } from "./target-spec.ts";
import { listIds } from "./transfer.ts";
import type { VerifyLane } from "./verify/lane.ts";

export interface Ends {
  readonly journal: Journal;
  readonly migration: Migration;
  readonly lanes: readonly VerifyLane[];
  readonly report: ReportBuilder;
  readonly context: RunContext;
  /** Whether there was no journal: then it is a private one that only lists the source's ids. */
  readonly freshJournal: boolean;
}

export interface EndsInput {
  /** null = the newest migration to the target. */
  readonly source: SourceStore | null;
  readonly target: TargetStore;
  /** Chooses among the collections of the migration; null = all. */
  readonly scope: Scope | null;
  readonly context: RunContext;
}

/**
 * Runs `work` on the migration between two ends. Writes the report also when it fails.
 * @throws E_NO_MIGRATION without source and journal; E_LOCKED; E_COLLECTION_NOT_FOUND for a scope that fits nothing;
 * E_USAGE for a filter or a limit that is not the migration's
 */
export async function withEnds(
  command: "verify" | "repair" | "compare",
  input: EndsInput,
  work: (ends: Ends) => Promise<Outcome>,
): Promise<Outcome> {
  const { source, target, context } = input;
  using kept = hasJournal(context.stateFolder) ? Journal.open(context.stateFolder) : null;
  const known = kept === null ? null : knownMigration(kept, source, target);
  const key =
    known?.key ?? (source === null ? null : migrationKey(source.identity, target.identity));
  if (key === null) {
    throw new VectorError(
      "E_NO_MIGRATION",
      `The journal in ${context.stateFolder} has no migration to ${target.identity.address}.`,
    );
  }
  await using _lock = await lockMigration(context.stateFolder, runOf(key));
  using fresh = known === null ? Journal.open(":memory:") : null;
  const journal = known === null ? fresh : kept;
  if (journal === null) throw new VectorError("E_INTERNAL", "There is no journal.");
  const migration = known ?? beginFresh(journal, key, input);
  const report = new ReportBuilder({ command, journal, migration, context });
  try {
    const { entered, skipped } =
      known === null
        ? await enterFresh(journal, migration, input, report)
        : { entered: chosen(journal.collections(migration), input), skipped: [] };
    report.plan({ entered, skipped });
    const there = source === null ? [] : await source.collections({ signal: context.signal });
    const keys = new Set(there.map(({ key }) => key));
    const lanes = lanesOf(entered, input, journal, migration, keys);
    if (known === null && command !== "compare") await listFresh(lanes, context);
    return await work({ journal, migration, lanes, report, context, freshJournal: known === null });
  } catch (error) {
    throw report.fail(error);
  }
}

/** The journal's migration between the ends, if anything of it was ever planned. */
function knownMigration(
  journal: Journal,
  source: SourceStore | null,
  target: TargetStore,
): Migration | null {
  const found =
    source === null
      ? (journal.migrations().find((one) => isSame(one.target, target.identity)) ?? null)
      : journal.find(migrationKey(source.identity, target.identity));
  return found !== null && journal.collections(found).length > 0 ? found : null;
}

function isSame(one: StoreIdentity, other: StoreIdentity): boolean {
  return one.kind === other.kind && one.address === other.address;
}

function beginFresh(journal: Journal, key: string, { source, target }: EndsInput): Migration {
  if (source === null) throw new VectorError("E_NO_MIGRATION", "There is no source to read.");
  return journal.begin(key, runOf(key), source.identity, target.identity);
}

/** The plans without a journal: as the target's own notes tell them, else as a copy without flags would make them. */
async function enterFresh(
  journal: Journal,
  migration: Migration,
  { source, target, scope, context }: EndsInput,
  report: ReportBuilder,
): Promise<Pick<Plan, "entered" | "skipped">> {
  if (source === null) return { entered: [], skipped: [] };
  report.note("There is no journal of a migration between these two ends; both were read.");
  const wanted = scope ?? defaultRequest.scope;
  const noted = await enterNoted(source, target, wanted, journal, migration, context.signal);
  if (noted !== null) return { entered: noted, skipped: [] };
  return await makePlan(source, target, { ...defaultRequest, scope: wanted }, journal, context);
}

function chosen(
  collections: readonly JournalCollection[],
  { scope, source }: EndsInput,
): JournalCollection[] {
  if (scope === null) return [...collections];
  const infos = collections.map(({ plan }) => plan.source);
  const selected = selectCollections(infos, scope, source?.identity.address ?? "");
  const keys = new Set(selected.map(({ key }) => key));
  const found = collections.filter(({ key }) => keys.has(key));
  for (const one of found) assertSameRecords(one, scope);
  return found;
}

/** Within a collection the journal says which records are meant: others than those cannot be asked for. */
function assertSameRecords({ plan, scope: known }: JournalCollection, scope: Scope): void {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const wanted = { where: scope.where, limit: scope.limit };
  if (wanted.where === null && wanted.limit === null) return;
  if (same(wanted.where, known.where) && same(wanted.limit, known.limit)) return;
  throw new VectorError(
    "E_USAGE",
    `Collection ${JSON.stringify(plan.source.name)} was migrated with another --where or --limit.`,
    { next: "Leave both away: the records of the migration are meant then." },
  );
}

function lanesOf(
  entered: readonly JournalCollection[],
  { source, target }: EndsInput,
  journal: Journal,
  migration: Migration,
  keys: ReadonlySet<string>,
): VerifyLane[] {
  const plans = journal.collections(migration).map(({ plan }) => plan);
  const specs = new Map(plans.map((plan) => [plan.target, specFor(plan, plans, migration.run)]));
  const places = flightPlaces(source, target);
  return entered.map((one) => ({
    entered: one,
    lane: {
      source: source === null || keys.has(one.key) ? source : emptied(source),
      target,
      plan: one.plan,
      spec: specs.get(one.plan.target) ?? specFor(one.plan, plans, migration.run),
      run: migration.run,
      ledger: journal.ledger(one),
      ...places,
    },
  }));
}

/** The target collection of a plan as it was made; what only matters when it is made stays open. */
function specFor(
  plan: CollectionPlan,
  plans: readonly CollectionPlan[],
  run: string,
): CollectionSpec {
  return {
    name: plan.target,
    dimension: plan.dimension,
    distance: plan.distance,
    layout: plan.layout,
    tenanted: plan.tenanted,
    ...defaultSettings,
    sources: plans
      .filter(({ target }) => target === plan.target)
      .map((one) => sourceNote(one, run)),
  };
}

async function listFresh(lanes: readonly VerifyLane[], { signal }: RunContext): Promise<void> {
  for (const { lane, entered } of lanes) {
    const { source } = lane;
    if (source === null) continue;
    await listIds({ ...lane, source }, entered.scope, signal, () => undefined);
  }
}
