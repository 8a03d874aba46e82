/** The plan: which collections go where, and how. Drafting reads both ends and changes nothing. */
import { hash } from "node:crypto";
import { VectorError } from "../errors.ts";
import { type CollectionInfo, type CollectionSpec, parseNote } from "../model/collection.ts";
import { assertCollectionName } from "../model/collection-name.ts";
import type { Distance } from "../model/distance.ts";
import type { SourceStore, StoreIdentity, TargetStore } from "../store/port.ts";
import { nameList } from "../util/name-list.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import type { Journal, JournalCollection, Migration } from "./journal/journal.ts";
import type { MigrateRequest, RunContext, Scope, Shape } from "./request.ts";
import { selectCollections } from "./select.ts";
import { specsOf } from "./target-spec.ts";

/** Everything a run will do, before it does it. */
export interface Draft {
  /** Hash of both ends' identity: the migration's key. */
  readonly key: string;
  /** The mark on every point: the first 16 hex digits of the key. */
  readonly run: string;
  readonly source: StoreIdentity;
  readonly target: StoreIdentity;
  readonly collections: readonly CollectionPlan[];
  /** The target collections, one for each name. */
  readonly specs: readonly CollectionSpec[];
  /** Collections that are listed and not made. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly tenants: Tenants;
  /** Keys of everything that the source has. */
  readonly present: ReadonlySet<string>;
  /** The target's collections by name. */
  readonly standing: ReadonlyMap<string, CollectionInfo>;
}

/** A draft that stands in the journal. */
export interface Plan extends Draft {
  readonly migration: Migration;
  readonly entered: readonly JournalCollection[];
  /** Collections of the journal that the source has no more, where the run is about everything. */
  readonly vanished: readonly JournalCollection[];
}

interface Tenants {
  readonly mapping: ReadonlyMap<string, string> | null;
  readonly defaultTenant: string | null;
}

/** The key of the migration between two ends. */
export function migrationKey(source: StoreIdentity, target: StoreIdentity): string {
  const end = ({ kind, address, tenant, database }: StoreIdentity) => [
    kind,
    address,
    tenant,
    database,
  ];
  return hash("sha256", JSON.stringify([end(source), end(target)]), "hex");
}

/** The mark of a migration's points. */
export function runOf(key: string): string {
  return key.slice(0, 16);
}

/**
 * Draws up the plan and writes nothing, neither at the ends nor in the journal. `known` is the migration as the journal
 * has it. @throws E_COLLECTION_NOT_FOUND, E_CONFIG, E_MAPPING, E_UNMAPPED, E_NAME, E_SCHEMA_CONFLICT
 */
export async function draftPlan(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  known: Migration | null,
  context: Pick<RunContext, "signal">,
): Promise<Draft> {
  const { signal } = context;
  const found = await source.collections({ signal });
  const standing = new Map((await target.collections({ signal })).map((info) => [info.name, info]));
  const { address } = source.identity;
  const planned = planCollections(found, address, request, known, standing);
  const key = migrationKey(source.identity, target.identity);
  const present = new Set(found.map((info) => info.key));
  assertApart(planned.collections, runOf(key), present, standing);
  return {
    ...planned,
    key,
    run: runOf(key),
    present,
    standing,
    source: source.identity,
    target: target.identity,
    specs: specsOf(planned.collections, request, runOf(key), standing),
  };
}

/** What becomes of each collection in scope, given what stands at the target. @throws E_COLLECTION_NOT_FOUND, E_CONFIG, E_MAPPING, E_UNMAPPED, E_NAME */
export function planCollections(
  found: readonly CollectionInfo[],
  sourceAddress: string,
  { scope, shape }: MigrateRequest,
  known: Migration | null,
  standing: ReadonlyMap<string, CollectionInfo>,
): Pick<Draft, "collections" | "skipped" | "tenants"> {
  const selected = selectCollections(found, scope, sourceAddress);
  const tenants = tenantsOf(shape, known, found);
  assertShape(shape, tenants, selected, found);
  const written = selected.filter((info) => info.dimension !== null || shape.vectorSize !== null);
  return {
    collections: written.map((info) => planCollection(info, shape, tenants, standing)),
    skipped: selected
      .filter((info) => !written.includes(info))
      .map(({ name }) => ({
        name,
        reason:
          "Nothing was ever written to it, so it has no dimension; --vector-size makes it all the same.",
      })),
    tenants,
  };
}

/** Draws up the plan and enters it in the journal. @throws as `draftPlan`, and E_PLAN_CHANGED */
export async function makePlan(
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  journal: Journal,
  context: Pick<RunContext, "signal">,
): Promise<Plan> {
  const key = migrationKey(source.identity, target.identity);
  const draft = await draftPlan(source, target, request, journal.find(key), context);
  const migration = journal.begin(key, draft.run, draft.source, draft.target);
  const vanished = settleVanished(journal, migration, draft, request.scope);
  const { where, limit } = request.scope;
  const entered = draft.collections.map((plan) => journal.enter(migration, plan, { where, limit }));
  journal.setTenants(migration, draft.tenants.mapping, draft.tenants.defaultTenant);
  const plans = [...draft.collections, ...vanished.map(({ plan }) => plan)];
  const specs = specsOf(plans, request, draft.run, draft.standing);
  return { ...draft, specs, migration, entered, vanished };
}

/**
 * The collections of the journal that the source has no more. One that was made anew under its name is forgotten: its
 * successor's records take the same points. The others count as deleted, in a run about everything.
 */
function settleVanished(
  journal: Journal,
  migration: Migration,
  draft: Draft,
  scope: Scope,
): JournalCollection[] {
  const everything =
    scope.collections === null && scope.include.length === 0 && scope.exclude.length === 0;
  const gone = journal.collections(migration).filter(({ key }) => !draft.present.has(key));
  return gone.filter((collection) => {
    const { target, source } = collection.plan;
    const replaced = draft.collections.some(
      (plan) => plan.target === target && plan.source.name === source.name,
    );
    if (replaced) journal.drop(collection);
    return everything && !replaced;
  });
}

/** The mapping that holds: what is given now goes before what the journal kept. */
function tenantsOf(
  shape: Shape,
  known: Migration | null,
  found: readonly CollectionInfo[],
): Tenants {
  const names = new Set(found.map(({ name }) => name));
  const absent = [...(shape.mapping?.keys() ?? [])].filter((name) => !names.has(name));
  if (absent.length > 0) {
    throw new VectorError(
      "E_MAPPING",
      `The tenant mapping names ${nameList(absent)}, which the source does not have. It has: ${nameList([...names])}.`,
    );
  }
  const kept = known?.mapping ?? null;
  const mapping =
    kept === null && shape.mapping === null
      ? null
      : new Map([...(kept ?? []), ...(shape.mapping ?? [])]);
  return { mapping, defaultTenant: shape.defaultTenant ?? known?.default_tenant ?? null };
}

function assertShape(
  shape: Shape,
  tenants: Tenants,
  selected: readonly CollectionInfo[],
  found: readonly CollectionInfo[],
): void {
  const tenanted = tenants.mapping !== null || tenants.defaultTenant !== null;
  if (tenanted && tenants.defaultTenant === null) {
    const unmapped = selected.map(({ name }) => name).filter((name) => !tenants.mapping?.has(name));
    if (unmapped.length > 0)
      throw new VectorError("E_UNMAPPED", `No tenant is given for ${nameList(unmapped)}.`, {
        details: { collections: unmapped },
      });
  }
  if (shape.targetCollection !== null && !tenanted && selected.length > 1) {
    throw new VectorError(
      "E_UNMAPPED",
      `--target-collection takes ${selected.length} collections only when each has a tenant: ${nameList(selected.map(({ name }) => name))}.`,
    );
  }
  const names = new Set(found.map(({ name }) => name));
  const unknown = [...shape.renames.keys(), ...shape.idPrefixes.keys()].filter(
    (name) => !names.has(name),
  );
  if (unknown.length > 0)
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `--rename or --id-prefix names ${nameList(unknown)}, which the source does not have. It has: ${nameList([...names])}.`,
    );
}

function planCollection(
  source: CollectionInfo,
  shape: Shape,
  tenants: Tenants,
  standing: ReadonlyMap<string, CollectionInfo>,
): CollectionPlan {
  const target = shape.targetCollection ?? shape.renames.get(source.name) ?? source.name;
  assertCollectionName(target);
  const tenant = tenants.mapping?.get(source.name) ?? tenants.defaultTenant;
  const info = standing.get(target);
  const kept = parseNote(target, info?.note ?? null);
  const layout = shape.layout ?? kept?.layout ?? "vecferry";
  assertOwn("--vector-size", shape.vectorSize, source.dimension, source.name);
  assertOwn(
    "--distance-metric",
    shape.distance,
    source.dimension === null ? null : source.distance,
    source.name,
  );
  return {
    source,
    target,
    tenant,
    tenanted: tenant !== null,
    merged: tenant !== null || shape.targetCollection !== null,
    layout,
    idPrefix: shape.idPrefixes.get(source.name) ?? null,
    dimension: source.dimension ?? shape.vectorSize ?? 0,
    distance: distanceOf(source, shape),
  };
}

/** The data's own distance; Chroma's default where nothing was ever written. @throws E_CONFIG where the source does not tell */
function distanceOf(source: CollectionInfo, shape: Shape): Distance {
  const distance = shape.distance ?? source.distance;
  if (distance !== null) return distance;
  if (source.dimension === null) return "l2";
  throw new VectorError(
    "E_CONFIG",
    `The source does not tell the distance of collection ${JSON.stringify(source.name)}.`,
    { next: "Say it with --distance-metric cosine, ip or l2." },
  );
}

/** In a plain target nothing would tell the records of two collections apart. */
export function assertApart(
  plans: readonly CollectionPlan[],
  run: string,
  present: ReadonlySet<string>,
  standing: ReadonlyMap<string, CollectionInfo>,
): void {
  for (const plan of plans.filter(({ tenanted }) => !tenanted)) {
    const carried = parseNote(plan.target, standing.get(plan.target)?.note ?? null)?.sources ?? [];
    const others = [
      ...plans.filter(({ target }) => target === plan.target).map(({ source }) => source),
      ...carried.filter((source) => source.run === run && present.has(source.key)),
    ].filter(({ key }) => key !== plan.source.key);
    const [other] = others;
    if (other === undefined) continue;
    throw new VectorError(
      "E_UNMAPPED",
      `Collections ${JSON.stringify(other.name)} and ${JSON.stringify(plan.source.name)} would share target collection ${JSON.stringify(plan.target)}, and neither has a tenant.`,
      { next: "Give each a target of its own with --rename, or a tenant with --tenant-mapping." },
    );
  }
}

function assertOwn(
  flag: string,
  given: string | number | null,
  own: string | number | null,
  name: string,
): void {
  if (given === null || own === null || given === own) return;
  throw new VectorError(
    "E_CONFIG",
    `${flag} says ${given}, and the data of collection ${JSON.stringify(name)} says ${own}.`,
    {
      next: `Leave ${flag} away, or give ${own}.`,
    },
  );
}
