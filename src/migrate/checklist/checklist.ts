/** `checklist`: what is to be true before a migration, or after it, each line held against what can be measured. Changes nothing. */
import { isVectorError } from "../../errors.ts";
import type { TargetLook } from "../../store/look.ts";
import type { StoreIdentity, TargetStore } from "../../store/port.ts";
import { freeBytes } from "../../util/disk.ts";
import type { Environment } from "../../util/environment.ts";
import { lookForChroma } from "../chroma-use/look.ts";
import { runDoctor } from "../doctor/doctor.ts";
import { endWords, isLoopback } from "../doctor/ends.ts";
import { filled, type Words } from "../doctor/finding.ts";
import type { DoctorContext, DoctorRequest } from "../doctor/request.ts";
import { searchRestored } from "../drill.ts";
import { hasJournal } from "../journal/file.ts";
import { endAddress } from "../next-steps.ts";
import { type ArchiveAccess, findBackups } from "../rollback/backups.ts";
import { type MigrationStatus, readStatus } from "../status.ts";
import { runTenants } from "../tenants/tenants.ts";
import { after } from "./after.ts";
import { before } from "./before.ts";
import type { Facts, SearchFacts, SourceFacts, TargetFacts } from "./facts.ts";
import { type ChecklistLine, type Judged, lines, type Stage } from "./lines.ts";

export interface ChecklistRequest {
  readonly stage: Stage;
  readonly doctor: DoctorRequest;
  /** The program's folder; null = its code is not looked at. */
  readonly code: string | null;
  /** Absolute path of the installation: archives are looked for there. */
  readonly folder: string;
}

export interface ChecklistContext extends DoctorContext, ArchiveAccess {
  readonly environment: Environment;
  /** What only a server can be asked; null where the target is none. */
  readonly server: {
    /** Whether it tells its collections to somebody without a key. */
    isOpen(): Promise<boolean>;
    /** Whether /metrics answers with figures. */
    hasMetrics(): Promise<boolean>;
    /** Snapshots of all its collections. */
    snapshots(): Promise<number>;
  } | null;
  /** The target, opened to search it. */
  openTarget(): Promise<TargetStore>;
  readonly now: Date;
}

/** @throws E_ABORTED; E_CONFIG where the program's folder cannot be read; what is wrong with an end stands in the lines */
export async function runChecklist(
  request: ChecklistRequest,
  context: ChecklistContext,
): Promise<ChecklistLine[]> {
  const facts = await gather(request, context);
  const judges: Readonly<Record<string, (facts: Facts) => Judged>> =
    request.stage === "before" ? before : after;
  const words = wordsOf(request.doctor);
  return Object.entries(lines[request.stage]).map(([line, { group, title, todo }]) => {
    const judged = judges[line]?.(facts) ?? { state: "yours", evidence: [] };
    const next = judged.state === "checked" ? "" : filled(todo, words);
    return { line, group, title, ...judged, todo: next };
  });
}

function wordsOf(request: DoctorRequest): Words {
  const { target } = request;
  const address = target?.address;
  const metrics =
    address?.kind === "qdrant"
      ? `curl -s -H "api-key: $QDRANT_API_KEY" ${address.url}/metrics`
      : "Have the program that holds the folder tell its figures: docs/monitoring.md.";
  const words = endWords(request);
  return { ...words, target: words["targetWord"], metrics };
}

const variableNames = ["QDRANT_URL", "QDRANT_HOST", "VECTOR_DB_TYPE"] as const;

async function gather(
  { stage, doctor, code, folder }: ChecklistRequest,
  context: ChecklistContext,
): Promise<Facts> {
  const { signal, now, stateFolder, environment } = context;
  const uses = code === null ? null : await lookForChroma(code, signal);
  const { findings } = await runDoctor(doctor, context);
  const source = await orNull(() => sourceFacts(doctor, signal));
  const look = await orNull(() => targetFacts(doctor, stage, context));
  const identity = source?.identity ?? null;
  const backups = await findBackups({
    folders: [folder],
    named: null,
    chroma: identity,
    now,
    signal,
    isArchive: context.isArchive,
    openArchive: context.openArchive,
  });
  const { shape } = doctor;
  return {
    findings,
    named: { source: doctor.source !== null, target: doctor.target !== null },
    source,
    target: look,
    tenanted: shape.mapping !== null || shape.defaultTenant !== null,
    ...migrationsOf(stateFolder, identity, look?.identity ?? null),
    backups,
    code: uses,
    variables: variableNames.filter((name) => environment(name) !== undefined),
    disk: { folder, freeBytes: freeBytes(folder) },
  };
}

async function sourceFacts(
  { source }: DoctorRequest,
  signal: AbortSignal,
): Promise<SourceFacts | null> {
  if (source === null) return null;
  await using store = await source.open();
  const collections: SourceFacts["collections"][number][] = [];
  for (const info of await store.collections({ signal }))
    collections.push({ ...info, count: info.count ?? (await store.count(info, { signal })) });
  return { identity: store.identity, collections };
}

async function targetFacts(
  { target }: DoctorRequest,
  stage: Stage,
  context: ChecklistContext,
): Promise<TargetFacts | null> {
  if (target === null) return null;
  await using look = await target.look(target.address, () => undefined);
  const { identity, access, ramBytes, residentBytes, collections } = look;
  const { server } = context;
  const isAfter = stage === "after";
  return {
    ...{ identity, access, ramBytes, residentBytes, collections },
    local: identity.kind !== "qdrant" || isLoopback(identity.address),
    tls: identity.address.startsWith("https:"),
    keyed: target.keyed,
    open: server === null ? null : await orNull(() => server.isOpen()),
    metrics: server === null ? null : await orNull(() => server.hasMetrics()),
    snapshots: server === null || !isAfter ? null : await orNull(() => server.snapshots()),
    ...(isAfter ? await searched(look, context) : { searches: null, tenants: null }),
  };
}

/** What only a search tells. A folder that is not there is not made. */
async function searched(
  { collections }: TargetLook,
  { openTarget, stateFolder, signal }: ChecklistContext,
): Promise<Pick<TargetFacts, "searches" | "tenants">> {
  if (collections.length === 0) return { searches: null, tenants: null };
  const store = await orNull(openTarget);
  if (store === null) return { searches: null, tenants: null };
  await using target = store;
  const searches = await orNull(async (): Promise<SearchFacts> => {
    const ms: number[] = [];
    const found = await searchRestored(target, signal, (took) => ms.push(took));
    return { found, ms: ms.sort((one, other) => one - other) };
  });
  const tenants = await orNull(() =>
    runTenants(target, { collection: null }, { stateFolder, signal }),
  );
  return { searches, tenants };
}

/** null where it fails: what is wrong with an end is among the findings. @throws E_ABORTED, and what is a slip of ours */
async function orNull<Value>(work: () => Promise<Value>): Promise<Value | null> {
  try {
    return await work();
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED" || error.code === "E_INTERNAL")
      throw error;
    return null;
  }
}

function migrationsOf(
  stateFolder: string,
  source: StoreIdentity | null,
  target: StoreIdentity | null,
): Pick<Facts, "migration" | "rehearsals"> {
  const none = { migration: null, rehearsals: [] };
  if (!hasJournal(stateFolder)) return none;
  let migrations: readonly MigrationStatus[];
  try {
    ({ migrations } = readStatus(stateFolder));
  } catch (error) {
    // What is wrong with the journal is among the findings.
    if (isVectorError(error)) return none;
    throw error;
  }
  const is = (identity: StoreIdentity | null, address: string): boolean =>
    identity === null || endAddress(identity) === address;
  return {
    migration: migrations.find((one) => is(source, one.source) && is(target, one.target)) ?? null,
    rehearsals: migrations.filter(
      (one) =>
        source !== null &&
        one.state === "VERIFIED" &&
        is(source, one.source) &&
        !(target !== null && is(target, one.target)),
    ),
  };
}
