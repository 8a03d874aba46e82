/** Verifies an export: as its last step, and by itself. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import { hasJournal } from "../journal/file.ts";
import { Journal, type Migration } from "../journal/journal.ts";
import { lockMigration } from "../lock.ts";
import { migrationKey, runOf } from "../plan.ts";
import { type Outcome, ReportBuilder } from "../report.ts";
import type { VerifiedCollection, VerifyReport } from "../report-schema.ts";
import type { RunContext } from "../request.ts";
import { inScope } from "../select.ts";
import { phase, progress } from "../telling.ts";
import { differencesIn } from "../verify/verdict.ts";
import { courseOf } from "./check.ts";
import type { Course, ExportLane } from "./lane.ts";
import { listSource, listVanished } from "./list.ts";
import { readAgain } from "./pieces.ts";
import { planRun } from "./plan.ts";
import { defaultExport, type ExportShape, type ExportSource } from "./request.ts";
import { byTarget, type ExportRun, flightOf, overPieces } from "./running.ts";
import { isEverything, parseShape } from "./shape.ts";
import { countForeign, emptyTally, type Tally, verifyDeleted, verifyPiece } from "./verify.ts";

/**
 * Compares both ends of an export: with the journal where there is one, asking what it was asked then; else by reading both. The report is
 * written whatever happens. @throws E_LOCKED, E_COLLECTION_NOT_FOUND, and what the stores throw
 */
export async function runExportVerify(
  source: ExportSource,
  target: RecordTarget,
  scope: ExportShape["scope"] | null,
  context: RunContext,
): Promise<Outcome> {
  const key = migrationKey(source.identity, target.identity);
  using kept = hasJournal(context.stateFolder) ? Journal.open(context.stateFolder) : null;
  const known = kept === null ? null : knownExport(kept, key);
  await using _lock = await lockMigration(context.stateFolder, runOf(key));
  using fresh = known === null ? Journal.open(":memory:") : null;
  const journal = known === null ? fresh : kept;
  if (journal === null) throw new VectorError("E_INTERNAL", "There is no journal.");
  const migration = journal.begin(key, runOf(key), source.identity, target.identity);
  const input = { command: "verify", journal, migration, context, asTheyAre: true } as const;
  const report = new ReportBuilder(input);
  if (known === null)
    report.note("There is no journal of an export between these two ends; both were read.");
  const shapes = known?.shapes ?? new Map<string, ExportShape>();
  try {
    const wanted = scope ?? wholeScope([...shapes.values()], await source.collections(context));
    const shape = { ...defaultExport, scope: wanted };
    const ends = { source, target, shape, base: null, context, journal, migration, report };
    const run = await planRun(ends, ({ name }) => shapes.get(name) ?? shapeFor(name, shapes));
    const stop = report.phase("verify-source");
    const listed = await listSource(run, false);
    const lanes = [...listed, ...listVanished(run, listed)].map(({ lane }) => lane);
    report.plan({ entered: lanes.map(({ entered }) => entered), skipped: [] });
    stop();
    await verifyStanding(run, lanes, known === null);
    setState(journal, known?.migration ?? null);
    return report.finish();
  } catch (error) {
    throw report.fail(error);
  }
}

function knownExport(
  journal: Journal,
  key: string,
): { readonly migration: Migration; readonly shapes: ReadonlyMap<string, ExportShape> } | null {
  const migration = journal.find(key);
  if (migration === null) return null;
  const shapes = new Map<string, ExportShape>();
  for (const entered of journal.collections(migration)) {
    const { exported, source } = entered.plan;
    // Of one that was refused nothing was listed.
    const isListed = entered.copied || journal.ledger(entered).counts().listed > 0;
    if (exported !== undefined && isListed) shapes.set(source.name, parseShape(exported));
  }
  return shapes.size === 0 ? null : { migration, shapes };
}

/** What all exports between two ends together were about. */
function wholeScope(
  shapes: readonly ExportShape[],
  found: readonly CollectionInfo[],
): ExportShape["scope"] {
  const scopes = shapes.map(({ scope }) => scope);
  if (scopes.length === 0 || scopes.some(isEverything)) return defaultExport.scope;
  const named = scopes.flatMap(({ collections }) => collections ?? []);
  const matched = found.filter((info) => scopes.some((scope) => inScope(scope)(info)));
  const collections = [...new Set([...named, ...matched.map(({ name }) => name)])];
  return { ...defaultExport.scope, collections };
}

/** What is asked for a collection that was never exported: what an export that is about it too was asked. */
function shapeFor(name: string, shapes: ReadonlyMap<string, ExportShape>): ExportShape {
  const own = [...shapes.values()].find(({ scope }) => inScope(scope)({ name }));
  return own ?? defaultExport;
}

function setState(journal: Journal, migration: Migration | null): void {
  if (migration === null) return;
  const { state } = migration;
  if (state !== "COPIED" && state !== "STALE" && state !== "VERIFIED") return;
  const verified = journal.collections(migration).every(({ verified_at }) => verified_at !== null);
  if (verified) journal.setState(migration, "VERIFIED");
  else if (state === "VERIFIED") journal.setState(migration, "STALE");
}

/** Verifies against the collections that are there; those that are not are differences themselves. */
async function verifyStanding(
  run: ExportRun,
  lanes: readonly ExportLane[],
  isFresh: boolean,
): Promise<void> {
  const standing = new Map(
    (await run.target.collections(run.context)).map((one) => [one.name, one]),
  );
  const courses = lanes.flatMap((lane) => {
    const there = standing.get(lane.plan.spec.name);
    return there === undefined ? [] : [courseOf(run, lane, there, true)];
  });
  const wanted = lanes.filter(({ plan }) => plan.index >= 0);
  const missing = wanted.filter(({ plan }) => !standing.has(plan.spec.name));
  await verifyRun(run, courses, isFresh, missing);
}

/**
 * Compares these lanes with the target and enters the result in the report and in the journal. `moved` = records that have come to the
 * source, or gone from it, since it was listed; with a base only those that have come.
 */
export async function verifyRun(
  run: ExportRun,
  courses: readonly Course[],
  isFresh: boolean,
  missing: readonly ExportLane[] = [],
): Promise<{ readonly verify: VerifyReport; readonly moved: number }> {
  const { source, context, report, journal } = run;
  const { signal } = context;
  const stop = report.phase("verify");
  for (const { ledger } of courses) ledger.clearDifferences();
  const tallies = new Map(courses.map((course) => [course, emptyTally()]));
  const byPlan = new Map(courses.map((course) => [course.plan.index, course]));
  for (const router of run.routers) {
    const { name, count } = router.info;
    phase(context, "verify", name);
    const tell = progress(context, "verify", name, count);
    const again = source.capabilities.live
      ? (points: readonly string[]) => readAgain(source, router, points, signal)
      : null;
    let done = 0;
    await overPieces(
      run,
      router,
      flightOf(run, router, null),
      byPlan,
      async (course, piece, signal) => {
        const tally = tallies.get(course) ?? emptyTally();
        await verifyPiece(course, piece, tally, again, isFresh, signal);
        done += piece.ids.length;
        tell(done);
      },
    );
  }
  for (const [course, tally] of tallies) await verifyDeleted(course, tally, signal);
  const foreign: Record<string, number> = {};
  for (const [name, group] of byTarget(courses))
    foreign[name] = run.base === null ? await countForeign(group, signal) : 0;
  const collections = [...tallies].map(([course, tally]) => resultOf(course, tally));
  collections.forEach(({ differences, schema }, index) => {
    const clean = schema.length === 0 && Object.keys(differences).length === 0;
    const course = courses[index];
    if (course !== undefined)
      journal.setVerified(course.entered, clean ? new Date().toISOString() : null);
  });
  for (const lane of missing) collections.push(resultOf(lane, emptyTally(), "is not there"));
  const verify = verdictOf(collections, foreign);
  report.verified(verify);
  stop();
  const moved = [...tallies].reduce(
    (sum, [course, tally]) => sum + tally.appeared + (run.base === null ? unmet(course, tally) : 0),
    0,
  );
  return { verify, moved };
}

/** Listed records that the source did not give any more. */
function unmet({ ledger }: Course, { met }: Tally): number {
  const { pending, written, quarantined } = ledger.counts();
  return Math.max(0, pending + written + quarantined - met);
}

function resultOf(
  lane: ExportLane | Course,
  tally: Tally,
  fault: string | null = null,
): VerifiedCollection {
  const { plan, ledger } = lane;
  const schema = "there" in lane ? schemaFaults(lane) : [];
  if (fault !== null) schema.push(`Target collection ${JSON.stringify(plan.spec.name)} ${fault}.`);
  return {
    name: plan.info.name,
    target: plan.spec.name,
    schema,
    compared: tally.compared,
    readAgain: tally.compared,
    quarantined: tally.quarantined,
    goneAtBothEnds: tally.goneAtBothEnds,
    ...differencesIn(ledger),
  };
}

function schemaFaults({ plan, there }: Course): string[] {
  return (["distance", "dimension"] as const).flatMap((field) => {
    const [wanted, found] = [plan.spec[field], there[field]];
    return wanted === null || found === null || wanted === found
      ? []
      : [`${field} is ${found} at the target, and ${wanted} at the source.`];
  });
}

const words: Readonly<Record<string, string>> = {
  missing: "missing at the target",
  taken: "with another record under their id",
  "changed-at-target": "not as they were written",
  "changed-at-source": "changed at the source",
  "deleted-at-source": "deleted at the source",
  unreadable: "no longer to be held",
};

function verdictOf(
  collections: readonly VerifiedCollection[],
  foreign: Readonly<Record<string, number>>,
): VerifyReport {
  const sum = (of: (one: VerifiedCollection) => number) =>
    collections.reduce((total, one) => total + of(one), 0);
  const compared = sum((one) => one.compared);
  const counts = new Map<string, number>();
  for (const { differences, schema } of collections) {
    for (const [kind, count] of Object.entries(differences))
      counts.set(words[kind] ?? kind, (counts.get(words[kind] ?? kind) ?? 0) + count);
    if (schema.length > 0)
      counts.set("of the collections", (counts.get("of the collections") ?? 0) + schema.length);
  }
  const differences = [...counts.values()].reduce((total, count) => total + count, 0);
  const what = "id, document, uri, every metadata key with its type, and vector";
  const found = Array.from(counts, ([name, count]) => `${count} ${name}`).join(", ");
  const quarantined = sum((one) => one.quarantined);
  const verdict = [
    differences === 0
      ? `All ${compared} records of the source stand at the target, equal in ${what}.`
      : `${compared} records of the source were compared with the target in ${what}. ${differences} differences are left: ${found}.`,
    quarantined === 0
      ? ""
      : `${quarantined} records are in quarantine: the target cannot hold them, and they are no difference.`,
  ];
  return {
    verdict: verdict.filter((sentence) => sentence !== "").join(" "),
    readSource: true,
    differences,
    foreign,
    sample: null,
    collections: [...collections],
  };
}
