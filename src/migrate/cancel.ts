/** `cancel`: takes away what a migration made, by its mark, and nothing else. */
import { VectorError } from "../errors.ts";
import { type CollectionInfo, type CollectionNote, parseNote } from "../model/collection.ts";
import type { StoreIdentity, TargetStore } from "../store/port.ts";
import { throwIfAborted } from "../util/abort.ts";
import { hasJournal } from "./journal/file.ts";
import { Journal, type Migration } from "./journal/journal.ts";
import { lockMigration } from "./lock.ts";
import { endAddress, endsText } from "./next-steps.ts";
import { defaultRequest, type RunContext } from "./request.ts";

export interface CancelOutcome {
  readonly run: string;
  readonly source: StoreIdentity;
  readonly target: StoreIdentity;
  /** The state that the migration has now. */
  readonly state: string;
  readonly collections: readonly CancelledCollection[];
}

export interface CancelledCollection {
  /** Name of the target collection. */
  readonly name: string;
  /** Points of this migration that were (with dryRun: would be) taken away. */
  readonly removed: number;
  /** Points that are not this migration's, and stay. */
  readonly left: number;
  /** Whether the collection itself is taken away: this migration made it and nothing else is in it. */
  readonly dropped: boolean;
}

/** Which migration is meant: null = whatever it reads, or writes. */
interface NamedEnds {
  readonly source: StoreIdentity | null;
  readonly target: StoreIdentity | null;
}

/**
 * Takes away every point of the one migration from `source` (null or absent: from anywhere) to `target` that is not
 * cancelled, and the collections that it made and that hold nothing else; then its records are forgotten and its state
 * is CANCELLED. With `dryRun` it only counts.
 * @throws E_NO_MIGRATION; E_USAGE where several could be meant; E_LOCKED
 */
export async function runCancel(
  target: TargetStore,
  { dryRun, source = null }: { readonly dryRun: boolean; readonly source?: StoreIdentity | null },
  context: RunContext,
): Promise<CancelOutcome> {
  const { stateFolder, signal } = context;
  const ends = { source, target: target.identity };
  if (!hasJournal(stateFolder)) throw noMigration(ends, stateFolder);
  using journal = Journal.open(stateFolder);
  const migration = onlyOne(journal, ends, stateFolder);
  await using _lock = await lockMigration(stateFolder, migration.run);
  const standing = new Map((await target.collections({ signal })).map((info) => [info.name, info]));
  const collections: CancelledCollection[] = [];
  for (const { name, made } of journal.targets(migration)) {
    const info = standing.get(name);
    if (info === undefined) continue;
    const { ours, others } = await countPoints(target, info, migration.run, signal);
    const dropped = made && others === 0;
    if (!dryRun) await takeAway(target, info, migration.run, { ours, dropped }, signal);
    if (!dryRun && !dropped) await startIndexing(target, info, signal);
    if (!dryRun && dropped) journal.setMade(migration, name, false);
    collections.push({ name, removed: ours, left: others, dropped });
  }
  if (!dryRun) {
    journal.forget(migration);
    journal.setState(migration, "CANCELLED");
  }
  const state = dryRun ? migration.state : "CANCELLED";
  return {
    run: migration.run,
    source: migration.source,
    target: migration.target,
    state,
    collections,
  };
}

/**
 * The address of the target of the one migration from `source` (null = from anywhere) that is not cancelled.
 * @throws E_NO_MIGRATION; E_USAGE where several could be meant
 */
export function targetToCancel(stateFolder: string, source: StoreIdentity | null): string {
  const ends = { source, target: null };
  if (!hasJournal(stateFolder)) throw noMigration(ends, stateFolder);
  using journal = Journal.openToRead(stateFolder);
  return endAddress(onlyOne(journal, ends, stateFolder).target);
}

/** Never guesses: said twice, the same words must not remove two migrations. */
function onlyOne(journal: Journal, ends: NamedEnds, stateFolder: string): Migration {
  const fitting = journal
    .migrations()
    .filter(({ state }) => state !== "CANCELLED")
    .filter(({ source, target }) => isSame(source, ends.source) && isSame(target, ends.target));
  const [only, ...others] = fitting;
  if (only === undefined) throw noMigration(ends, stateFolder);
  if (others.length === 0) return only;
  const commands = fitting.map((one) => `\`vecferry cancel ${endsText(one)}\``);
  throw new VectorError(
    "E_USAGE",
    `The journal in ${stateFolder} has ${fitting.length} migrations${endsWords(ends)} that could be cancelled.`,
    { next: `Name the one that is meant: ${commands.join(" or ")}.` },
  );
}

function isSame(one: StoreIdentity, named: StoreIdentity | null): boolean {
  if (named === null) return true;
  return (["kind", "address", "tenant", "database"] as const).every(
    (key) => one[key] === named[key],
  );
}

function noMigration(ends: NamedEnds, stateFolder: string): VectorError {
  return new VectorError(
    "E_NO_MIGRATION",
    `The journal in ${stateFolder} has no migration${endsWords(ends)} that could be cancelled.`,
  );
}

function endsWords({ source, target }: NamedEnds): string {
  const from = source === null ? "" : ` from ${endAddress(source)}`;
  return target === null ? from : `${from} to ${target.address}`;
}

async function takeAway(
  target: TargetStore,
  info: CollectionInfo,
  run: string,
  { ours, dropped }: { ours: number; dropped: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (dropped) await target.remove(info, { everything: true }, { signal });
  else if (ours > 0) await target.remove(info, { run }, { signal });
}

/** A collection that stays gets the index that a copy broken off had held back. */
async function startIndexing(
  target: TargetStore,
  { name, dimension, distance, note }: CollectionInfo,
  signal: AbortSignal,
): Promise<void> {
  const parsed = parseNote(name, note);
  if (parsed?.heldThreshold === undefined || dimension === null || distance === null) return;
  const { layout, tenanted } = parsed;
  const asItIs = { name, dimension, distance, layout, tenanted, sources: [] };
  await target.ensure({ ...asItIs, ...defaultRequest.settings }, { signal });
}

async function countPoints(
  target: TargetStore,
  info: CollectionInfo,
  run: string,
  signal: AbortSignal,
): Promise<{ ours: number; others: number }> {
  let ours = 0;
  let others = 0;
  for await (const { placement } of target.scan(marked(info), { signal, vectors: false })) {
    throwIfAborted(signal);
    for (const one of placement.runs) {
      if (one === run) ours += 1;
      else others += 1;
    }
  }
  return { ours, others };
}

/** Where the server keeps no note: the mark stands in the same place in every layout, so that any shows it. */
function marked(info: CollectionInfo): CollectionInfo {
  const note: CollectionNote = { format: 1, layout: "vecferry", tenanted: false, sources: [] };
  return { ...info, note: info.note ?? JSON.stringify(note) };
}
