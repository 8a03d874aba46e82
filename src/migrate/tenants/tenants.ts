/** `tenants`: who owns how many points, whether each is whose it was carried for, and whether a search as one tenant finds what is another's. Changes nothing. */
import { type CollectionInfo, type CollectionNote, parseNote } from "../../model/collection.ts";
import { missingCollection } from "../../store/missing-collection.ts";
import type { TargetStore } from "../../store/port.ts";
import { hasJournal } from "../journal/file.ts";
import { Journal } from "../journal/journal.ts";
import { endAddress } from "../next-steps.ts";
import type { RunContext } from "../request.ts";
import { sourceNote } from "../target-spec.ts";
import { takeCensus, tenantIndex } from "./census.ts";
import { proveIsolation } from "./isolation.ts";
import { checkOwnership } from "./ownership.ts";
import type { TenantedCollection, TenantsOutcome, TenantsRequest } from "./request.ts";

export type { TenantsOutcome, TenantsRequest } from "./request.ts";

/**
 * Counts, and searches as each tenant. What a collection's note does not tell, for the server keeps none, the journal does.
 * @throws E_COLLECTION_NOT_FOUND for a name that is not there, and what the store throws
 */
export async function runTenants(
  target: TargetStore,
  request: TenantsRequest,
  context: Pick<RunContext, "stateFolder" | "signal">,
): Promise<TenantsOutcome> {
  const { signal, stateFolder } = context;
  const found = await target.collections({ signal });
  const infos = found.filter(
    ({ name }) => request.collection === null || name === request.collection,
  );
  if (infos.length === 0 && request.collection !== null)
    throw missingCollection(
      target.identity.address,
      request.collection,
      found.map(({ name }) => name),
    );
  const noted = infos.map((info) => ({ info, note: parseNote(info.name, info.note) }));
  const journal = journalNotes(target, stateFolder);
  const tenanted: TenantedCollection[] = [];
  const plain: string[] = [];
  const unknown: string[] = [];
  for (const { info, note: own } of noted) {
    const note = own ?? journal.get(info.name) ?? null;
    if (note === null) unknown.push(info.name);
    else if (!note.tenanted) plain.push(info.name);
    else tenanted.push(await lookAt(target, info, note, signal));
  }
  return outcomeOf(endAddress(target.identity), { tenanted, plain, unknown });
}

async function lookAt(
  target: TargetStore,
  info: CollectionInfo,
  note: CollectionNote,
  signal: AbortSignal,
): Promise<TenantedCollection> {
  const readable = { ...info, note: JSON.stringify(note) };
  const counted = await takeCensus(target, readable, note, signal);
  const suspicious = counted.census.several > 0;
  const ownership = await checkOwnership(target, readable, note, suspicious, signal);
  const isolation = await proveIsolation(target, readable, note, counted, signal);
  const { census } = counted;
  return { name: info.name, index: tenantIndex(info), census, ownership, isolation };
}

/** What the journal tells of the target's collections, by their names. */
function journalNotes(target: TargetStore, stateFolder: string): Map<string, CollectionNote> {
  const notes = new Map<string, CollectionNote>();
  if (!hasJournal(stateFolder)) return notes;
  using journal = Journal.openToRead(stateFolder);
  const { kind, address } = target.identity;
  for (const migration of journal.migrations()) {
    if (migration.target.kind !== kind || migration.target.address !== address) continue;
    for (const { plan } of journal.collections(migration)) {
      const { layout, tenanted } = plan;
      const before = notes.get(plan.target)?.sources ?? [];
      const sources = [...before, sourceNote(plan, migration.run)];
      notes.set(plan.target, { format: 1, layout, tenanted, sources });
    }
  }
  return notes;
}

function outcomeOf(
  target: string,
  found: Pick<TenantsOutcome, "tenanted" | "plain" | "unknown">,
): TenantsOutcome {
  const { tenanted } = found;
  const sum = (of: (one: TenantedCollection) => number): number =>
    tenanted.reduce((total, one) => total + of(one), 0);
  const breaches = sum(({ isolation }) => isolation.breaches);
  const blind = sum(({ isolation }) => isolation.blind.length);
  const several = sum(({ census }) => census.several);
  const mislaid = sum(({ ownership }) => ownership.mislaid);
  return {
    exit: breaches + blind + several + mislaid > 0 ? 4 : 0,
    target,
    ...found,
    verdict: verdictOf(tenanted, { breaches, blind, several, mislaid }),
    next: nextSteps(target, tenanted),
  };
}

type Faults = Readonly<Record<"breaches" | "blind" | "several" | "mislaid", number>>;

/** What was looked at, and what was found: all points were counted, and the searches are a sample. */
function verdictOf(
  tenanted: readonly TenantedCollection[],
  { breaches, blind, several, mislaid }: Faults,
): string {
  if (tenanted.length === 0) return "No collection here has tenants.";
  const sum = (of: (one: TenantedCollection) => number): number =>
    tenanted.reduce((total, one) => total + of(one), 0);
  const searches = sum(({ isolation }) => isolation.searches);
  const asked = `${counted(searches, "search", "searches")} as ${counted(
    sum(({ isolation }) => isolation.tenants),
    "tenant",
  )}`;
  const faults = [
    ...(several > 0
      ? [
          several === 1
            ? "1 point belongs to several tenants"
            : `up to ${several} points belong to several tenants`,
        ]
      : []),
    ...(mislaid > 0
      ? [
          `${counted(mislaid, "point")} ${mislaid === 1 ? "is" : "are"} not of the tenant that ${mislaid === 1 ? "it was" : "they were"} carried for`,
        ]
      : []),
    ...(breaches > 0 ? [`${asked} found ${counted(breaches, "record")} not the tenant's own`] : []),
    ...(blind > 0
      ? [`of ${asked}, those as ${counted(blind, "tenant")} found nothing, and there are records`]
      : []),
  ];
  if (faults.length > 0) return `Tenants are not kept apart: ${faults.join("; ")}.`;
  const points = counted(
    sum(({ census }) => census.points),
    "point",
  );
  const partly = tenanted.some(({ ownership }) => ownership.lookedThrough !== null);
  const looked = `Of ${points}, all counted, none belongs to two tenants`;
  const owned = partly
    ? "of those that were read none is another's than it was carried for (the server does not count by the mark)"
    : "none is another's than it was carried for";
  if (searches === 0)
    return `${looked}, and ${owned}. No tenant has a record yet; there was nothing to search.`;
  return `Tenants are kept apart: of ${points}, all counted, none belongs to two tenants, and ${owned}; in ${asked}, a sample, none found another's record or one without a tenant.`;
}

function counted(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function nextSteps(target: string, tenanted: readonly TenantedCollection[]): string[] {
  const names = (of: (one: TenantedCollection) => boolean): string =>
    tenanted
      .filter(of)
      .map(({ name }) => JSON.stringify(name))
      .join(", ");
  const steps: string[] = [];
  const breached = names(
    ({ isolation, census, ownership }) =>
      isolation.breaches + census.several + ownership.mislaid > 0,
  );
  if (breached !== "") {
    steps.push(
      `Take ${breached} out of use until the named records are mended: \`vecferry verify\` names every record of a migration that was changed, and \`vecferry repair --overwrite\` writes it as it was.`,
    );
  }
  const unindexed = names(({ index }) => index === "none");
  if (unindexed !== "") {
    steps.push(
      `${unindexed} at ${target} has no index on tenant_id, and every search as a tenant reads all of it: \`vecferry migrate\` as before makes the index.`,
    );
  }
  const other = names(({ index }) => index === "other");
  if (other !== "") {
    steps.push(
      `The index on tenant_id of ${other} at ${target} is not one for tenants (keyword, is_tenant): delete it there, and \`vecferry migrate\` as before makes the right one.`,
    );
  }
  const stray = names(({ census }) => census.withoutTenant + census.others > 0);
  if (stray !== "") {
    steps.push(
      `${stray} holds points that belong to no tenant that is known: no search as a tenant finds them. Whatever wrote them must write \`tenant_id\` too.`,
    );
  }
  return steps;
}
