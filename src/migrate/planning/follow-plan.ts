/** Doing exactly what a plan file says: the request that it holds, and whether both ends are still what it was made for. */
import { isDeepStrictEqual } from "node:util";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import {
  type SourceStore,
  type StoreIdentity,
  storeKinds,
  type TargetStore,
} from "../../store/port.ts";
import { endAddress } from "../next-steps.ts";
import type { Draft } from "../plan.ts";
import { defaultRequest, type MigrateRequest, type RunContext } from "../request.ts";
import { dryRun } from "../run.ts";
import { inScope } from "../select.ts";
import { plannedSpec, plannedTarget } from "./make-plan.ts";
import type { PlanFile } from "./plan-schema.ts";

/**
 * The plan's request. What the command line says besides may not contradict it; what decides nothing of the result (batch size,
 * --merge, --wait-green and their like) is taken from `given`. @throws E_USAGE naming the first flag that says something else
 */
export function plannedRequest(plan: PlanFile, given: MigrateRequest): MigrateRequest {
  const planned = requestOf(plan);
  for (const part of ["scope", "shape", "settings"] as const) {
    const none = new Map<string, unknown>(Object.entries(defaultRequest[part]));
    const wanted = new Map<string, unknown>(Object.entries(planned[part]));
    for (const [field, value] of Object.entries(given[part])) {
      if (isDeepStrictEqual(value, none.get(field))) continue;
      if (isDeepStrictEqual(plain(value), plain(wanted.get(field)))) continue;
      throw new VectorError(
        "E_USAGE",
        `${flagOf[field] ?? field} says ${shown(value)}, and the plan says ${shown(wanted.get(field))}.`,
        { next: "Leave the flag away, or make a plan with it: `vecferry plan … --out FILE`." },
      );
    }
  }
  // Collections that have come since are none of the plan's.
  const collections = plan.collections.map(({ source }) => source.name);
  const scope = { ...planned.scope, collections, include: [], exclude: [] };
  return { ...given, ...planned, scope };
}

/**
 * That the ends are those of the plan, its collections are what they were, and what would be made of them now is what it says.
 * Changes nothing. @throws E_PLAN_STALE naming what differs, E_PLAN_FILE where the plan contradicts itself; as `dryRun`
 */
export async function assertPlanFits(
  plan: PlanFile,
  source: SourceStore,
  target: TargetStore,
  request: MigrateRequest,
  context: RunContext,
): Promise<void> {
  assertEnd("source", plan.source, source.identity);
  assertEnd("target", plan.target, target.identity);
  const found = await source.collections({ signal: context.signal });
  for (const { source: planned } of plan.collections) {
    const now = found.find(({ key }) => key === planned.key);
    const name = JSON.stringify(planned.name);
    if (now === undefined)
      throw stale(`The source has no collection ${name} (${planned.key}) any more.`);
    for (const field of ["name", "dimension", "distance"] as const) {
      if (now[field] === planned[field]) continue;
      throw stale(
        `Collection ${name} has changed: its ${field} is ${now[field]} now, and was ${planned[field]} when the plan was made.`,
      );
    }
  }
  assertScope(plan, found);
  assertDraft(plan, await dryRun(source, target, request, context));
}

/** That the request means the collections which are listed. */
function assertScope(plan: PlanFile, found: readonly CollectionInfo[]): void {
  const listed = found.filter(({ key }) =>
    plan.collections.some(({ source }) => source.key === key),
  );
  const meant = new Set(listed.filter(inScope(plan.request.scope)).map(({ key }) => key));
  plan.collections.forEach(({ source: { key, name } }, index) => {
    if (meant.has(key)) return;
    throw contradiction(`collections[${index}].source.name`, name, "a scope without it");
  });
}

/** That the plan says what would be made now: of each collection, and of each target. */
function assertDraft(plan: PlanFile, draft: Draft): void {
  if (plan.run !== draft.run) throw contradiction("run", plan.run, shown(draft.run));
  plan.collections.forEach(({ source, target }, index) => {
    const now = draft.collections.find(({ source: { key } }) => key === source.key);
    if (now === undefined)
      throw contradiction(
        `collections[${index}].source.name`,
        source.name,
        "no collection that is written",
      );
    assertSame(`collections[${index}].target`, target, plannedTarget(now));
  });
  const names = draft.specs.map(({ name }) => name);
  const lacking = names.find((name) => !plan.targets.some((target) => target.name === name));
  if (lacking !== undefined)
    throw contradiction(
      "targets",
      plan.targets.map(({ name }) => name),
      shown(names),
    );
  plan.targets.forEach((target, index) => {
    const { name, exists: _exists, sizing: _sizing, ...said } = target;
    const spec = draft.specs.find((one) => one.name === name);
    if (spec === undefined) throw contradiction(`targets[${index}].name`, name, shown(names));
    const group = draft.collections.filter((one) => one.target === name);
    assertSame(`targets[${index}]`, said, plannedSpec(spec, group));
  });
}

function assertSame(place: string, said: object, made: object): void {
  const wanted = new Map<string, unknown>(Object.entries(made));
  for (const [field, value] of Object.entries(said))
    if (!isDeepStrictEqual(value, wanted.get(field)))
      throw contradiction(`${place}.${field}`, value, shown(wanted.get(field)));
}

/** The words of a command line for an end of the plan. @throws E_PLAN_FILE where the plan is about the source alone, or names a kind of store that is none */
export function plannedAddress(plan: PlanFile, end: "source" | "target"): string {
  const identity = plan[end];
  if (identity === null) throw withoutTarget();
  return endAddress(identityOf(identity));
}

function identityOf(end: PlanFile["source"]): StoreIdentity {
  const kind = storeKinds.find((one) => one === end.kind);
  if (kind === undefined)
    throw new VectorError("E_PLAN_FILE", `The plan names a store of kind ${shown(end.kind)}.`);
  return { ...end, kind, version: null };
}

function requestOf({ request }: PlanFile): Pick<MigrateRequest, "scope" | "shape" | "settings"> {
  const { scope, shape, settings } = request;
  const { renames, idPrefixes, mapping } = shape;
  return {
    scope,
    settings,
    shape: {
      ...shape,
      renames: new Map(Object.entries(renames)),
      idPrefixes: new Map(Object.entries(idPrefixes)),
      mapping: mapping === null ? null : new Map(Object.entries(mapping)),
    },
  };
}

function assertEnd(
  end: "source" | "target",
  planned: PlanFile["source"] | null,
  now: StoreIdentity,
): void {
  if (planned === null) throw withoutTarget();
  const same = (["kind", "address", "tenant", "database"] as const).every(
    (field) => planned[field] === now[field],
  );
  if (same) return;
  throw new VectorError(
    "E_PLAN_STALE",
    `The plan is for another ${end}: it says ${endAddress(identityOf(planned))}, and this is ${endAddress(now)}.`,
    { next: `Give the plan's own ${end}, or none; or make a plan for this one.` },
  );
}

function withoutTarget(): VectorError {
  return new VectorError(
    "E_PLAN_FILE",
    "The plan is about the source alone: it was made without a target.",
    { next: "Make it again with one: `vecferry plan SOURCE TARGET --out FILE`." },
  );
}

function stale(message: string): VectorError {
  return new VectorError("E_PLAN_STALE", message);
}

function contradiction(field: string, there: unknown, wanted: string): VectorError {
  return new VectorError(
    "E_PLAN_FILE",
    `The plan contradicts itself or what stands at the target: ${field} says ${shown(there)}, and what it asks for gives ${wanted}.`,
    {
      next: "Change a plan under `request` alone, or make it anew with other flags: `vecferry plan SOURCE TARGET --out FILE`.",
      details: { field },
    },
  );
}

/** Which flag says what a field of the request holds. */
const flagOf: Readonly<Record<string, string>> = {
  collections: "--chromadb-collections",
  include: "--include",
  exclude: "--exclude",
  where: "--where",
  limit: "--limit",
  layout: "--layout",
  targetCollection: "--target-collection (or VECTOR_COLLECTION_NAME)",
  renames: "--rename",
  mapping: "--tenant-mapping",
  defaultTenant: "--default-tenant",
  idPrefixes: "--id-prefix",
  vectorSize: "--vector-size (or VECTOR_DIMENSION)",
  distance: "--distance-metric (or VECTOR_DISTANCE_METRIC)",
  indexes: "--index",
  quantization: "--quantization",
  hnsw: "--hnsw-m, --hnsw-ef-construct, --full-scan-threshold or --max-indexing-threads",
  onDisk: "--on-disk",
  shards: "--shards",
  replicas: "--replicas",
};

/** Maps as objects, so that they compare and print. */
function plain(value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(plain(value)) ?? "nothing";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
