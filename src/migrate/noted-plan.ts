/** Plans without a journal: what the notes in the target collections tell of a migration that is only known there. */
import { type CollectionInfo, parseNote, type SourceNote } from "../model/collection.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import type { Journal, JournalCollection, Migration } from "./journal/journal.ts";
import type { Scope } from "./request.ts";
import { selectCollections } from "./select.ts";

interface Noted {
  readonly info: CollectionInfo;
  readonly layout: CollectionPlan["layout"];
  readonly tenanted: boolean;
  readonly note: SourceNote;
  /** Whether others of this migration share the target collection. */
  readonly shared: boolean;
}

/** Enters the plans that the target's notes tell of this migration; null where they tell nothing. @throws E_COLLECTION_NOT_FOUND, E_SCHEMA_CONFLICT */
export async function enterNoted(
  source: SourceStore,
  target: TargetStore,
  scope: Scope,
  journal: Journal,
  migration: Migration,
  signal: AbortSignal,
): Promise<JournalCollection[] | null> {
  const noted = (await target.collections({ signal })).flatMap((info) =>
    notedIn(info, migration.run),
  );
  if (noted.length === 0) return null;
  const found = await source.collections({ signal });
  const carried = found.filter(({ key }) => noted.some(({ note }) => note.key === key));
  const selected = selectCollections(carried, scope, source.identity.address);
  const { where, limit } = scope;
  const entered: JournalCollection[] = [];
  for (const info of selected) {
    const one = noted.find(({ note }) => note.key === info.key);
    if (one === undefined) continue;
    const merged = one.shared || (await isMerged(target, one, migration.run, signal));
    entered.push(journal.enter(migration, planOf(info, one, merged), { where, limit }));
  }
  return entered;
}

function notedIn(info: CollectionInfo, run: string): Noted[] {
  const note = parseNote(info.name, info.note);
  if (note === null) return [];
  const sources = note.sources.filter((one) => one.run === run);
  const { layout, tenanted } = note;
  return sources.map((one) => ({ info, layout, tenanted, note: one, shared: sources.length > 1 }));
}

function planOf(source: CollectionInfo, noted: Noted, merged: boolean): CollectionPlan {
  const { info, note, layout, tenanted } = noted;
  return {
    source,
    target: info.name,
    tenant: note.mappedTenant,
    tenanted,
    merged,
    layout,
    idPrefix: note.idPrefix,
    dimension: source.dimension ?? info.dimension ?? 0,
    distance: note.distance,
  };
}

/** Whether the points bear their collection's name: always under a tenant; else the first of them tells. */
async function isMerged(
  target: TargetStore,
  { note, info }: Noted,
  run: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (note.mappedTenant !== null) return true;
  for await (const { placement } of target.scan(info, { signal, vectors: false })) {
    const row = placement.runs.indexOf(run);
    if (row !== -1) return (placement.collections[row] ?? null) !== null;
  }
  return false;
}
