/** Makes a plan: surveys the source, draws up what becomes of it, and says what that takes. Nothing is written at either end. */
import type { CollectionSpec } from "../../model/collection.ts";
import { embeddingCode } from "../../model/embedding-code.ts";
import { embeddingFunctionOf } from "../../model/embedding-function.ts";
import { indexPath } from "../../model/layout.ts";
import type { SourceStore, StoreIdentity, TargetStore } from "../../store/port.ts";
import { packageVersion } from "../../util/version.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import { type Draft, planCollections } from "../plan.ts";
import type { MigrateRequest, RunContext } from "../request.ts";
import { dryRun } from "../run.ts";
import { defaultSample, surveyCollection } from "../survey/survey.ts";
import { phase, progress } from "../telling.ts";
import { assertIdsApart, assertKeysFit, reservedNote } from "./clashes.ts";
import { type EstimateEnds, estimateOf, sumEstimates, totalSeconds } from "./estimate.ts";
import {
  type PlanFile,
  type PlannedCollection,
  type PlannedTarget,
  planFormat,
  quantizationSchema,
} from "./plan-schema.ts";
import { type Surveyed, sizingOf } from "./sizing.ts";
import { suggestIndexes } from "./suggest.ts";

export interface PlanOptions {
  /** Records of each collection that are looked at: a number; "all"; or what the source bears ("default"). */
  readonly sample: number | "all" | "default";
}

/** What a plan is drawn up of. */
type Outline = Pick<Draft, "collections" | "skipped" | "tenants"> & {
  readonly draft: Draft | null;
};

/**
 * The plan of a migration between two ends; without a target, of the source alone. Every exception is one that the migration
 * would meet before its first write. @throws as `dryRun`; E_ID_COLLISION, E_RESERVED_KEY
 */
export async function makePlanFile(
  source: SourceStore,
  target: TargetStore | null,
  request: MigrateRequest,
  options: PlanOptions,
  context: RunContext,
): Promise<PlanFile> {
  const { signal } = context;
  phase(context, "plan");
  const outline = await outlineOf(source, target, request, context);
  await assertIdsApart(source, outline.collections, request.scope, signal);
  const ends: EstimateEnds = {
    source: source.capabilities,
    target: target?.capabilities ?? null,
    roundTripMs: target === null ? 0 : await roundTrip(target, signal),
  };
  const surveyed: Surveyed[] = [];
  for (const plan of outline.collections) {
    const one = { plan, survey: await survey(source, plan, request, options, context) };
    assertKeysFit(one);
    surveyed.push(one);
  }
  const collections = surveyed.map((one) => plannedCollection(one, ends));
  const inProcess = target?.identity.kind === "embedded" || target?.identity.kind === "faiss";
  const estimate = sumEstimates(collections.map((one) => one.estimate));
  return {
    format: planFormat,
    tool: { name: "vecferry", version: packageVersion },
    madeAt: new Date().toISOString(),
    source: endOf(source.identity),
    target: target === null ? null : endOf(target.identity),
    run: outline.draft?.run ?? null,
    request: requestData(request, outline),
    collections,
    skipped: [...outline.skipped],
    targets: targetsOf(outline, request, surveyed, inProcess),
    estimate,
    seconds: Math.round(collections.reduce((sum, one) => sum + totalSeconds(one.estimate), 0)),
    notes: notesOf(source, target, surveyed),
  };
}

async function outlineOf(
  source: SourceStore,
  target: TargetStore | null,
  request: MigrateRequest,
  context: RunContext,
): Promise<Outline> {
  if (target !== null) {
    const draft = await dryRun(source, target, request, context);
    return { ...draft, draft };
  }
  const found = await source.collections({ signal: context.signal });
  return {
    ...planCollections(found, source.identity.address, request, null, new Map()),
    draft: null,
  };
}

async function survey(
  source: SourceStore,
  { source: info }: CollectionPlan,
  { scope }: MigrateRequest,
  { sample }: PlanOptions,
  context: RunContext,
) {
  phase(context, "survey", info.name);
  return await surveyCollection(source, info, {
    signal: context.signal,
    sampleMax: sample === "all" ? null : sample === "default" ? defaultSample(source) : sample,
    where: scope.where,
    limit: scope.limit,
    onProgress: (done, total, bytes) => progress(context, "survey", info.name, total)(done, bytes),
  });
}

/** The quickest of three small requests, in ms. */
async function roundTrip(target: TargetStore, signal: AbortSignal): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 3; tries += 1) {
    const startedMs = performance.now();
    await target.collections({ signal });
    quickest = Math.min(quickest, performance.now() - startedMs);
  }
  return quickest;
}

/** How far a norm may be from 1 in float32. */
const unitMargin = 1e-3;

function plannedCollection(surveyed: Surveyed, ends: EstimateEnds): PlannedCollection {
  const { plan, survey } = surveyed;
  const { key, name, tenant, database, dimension, distance, distanceFrom } = plan.source;
  const embeddingFunction = embeddingFunctionOf(plan.source);
  const unit =
    survey.normMin !== null &&
    survey.normMax !== null &&
    Math.abs(survey.normMin - 1) < unitMargin &&
    Math.abs(survey.normMax - 1) < unitMargin;
  return {
    source: { key, name, tenant, database, dimension, distance, distanceFrom },
    target: plannedTarget(plan),
    survey,
    embeddingFunction,
    embed: embeddingCode(embeddingFunction, { unit, dimension }),
    suggestions: suggestIndexes(survey),
    estimate: estimateOf(surveyed, ends),
  };
}

/** What decides how a collection's records come out, as a plan file says it. */
export function plannedTarget(plan: CollectionPlan): PlannedCollection["target"] {
  const { target, tenant, tenanted, merged, layout, idPrefix, dimension, distance } = plan;
  return { name: target, tenant, tenanted, merged, layout, idPrefix, dimension, distance };
}

/** What decides how a target collection is made, as a plan file says it. */
export function plannedSpec(
  { dimension, distance, layout, tenanted, indexes }: Omit<CollectionSpec, "name" | "sources">,
  group: readonly CollectionPlan[],
): Pick<PlannedTarget, "dimension" | "distance" | "layout" | "tenanted" | "indexes" | "sources"> {
  return {
    dimension,
    distance,
    layout,
    tenanted,
    indexes: indexes.map((index) => ({ ...index })),
    sources: group.map(({ source }) => source.name),
  };
}

/** The target collections; without a target, as they would be made at an empty one. */
function targetsOf(
  { draft }: Outline,
  { settings }: MigrateRequest,
  surveyed: readonly Surveyed[],
  inProcess: boolean,
): PlannedTarget[] {
  return [...Map.groupBy(surveyed, ({ plan }) => plan.target)].map(([name, group]) => {
    const spec = draft?.specs.find((one) => one.name === name) ?? madeSpec(group, settings);
    return {
      name,
      ...plannedSpec(
        spec,
        group.map(({ plan }) => plan),
      ),
      exists: draft?.standing.has(name) ?? false,
      sizing: sizingOf(spec, group, inProcess),
    };
  });
}

function madeSpec(
  group: readonly Surveyed[],
  { indexes, ...settings }: MigrateRequest["settings"],
): Omit<CollectionSpec, "name" | "sources"> {
  const plan = group[0]?.plan;
  const layout = plan?.layout ?? "vecferry";
  return {
    ...settings,
    dimension: plan?.dimension ?? 0,
    distance: plan?.distance ?? "l2",
    layout,
    tenanted: plan?.tenanted ?? false,
    indexes: indexes.map((index) => ({ ...index, key: indexPath(layout, index.key) })),
  };
}

function endOf({ kind, address, tenant, database }: StoreIdentity): PlanFile["source"] {
  return { kind, address, tenant, database };
}

/** The request with what it left open settled as it is now: tenants from the journal, and the layout where there is but one. */
function requestData(
  { scope, shape, settings }: MigrateRequest,
  { collections, tenants }: Outline,
): PlanFile["request"] {
  const { mapping, defaultTenant } = tenants;
  const layouts = new Set(collections.map(({ layout }) => layout));
  const [layout = null] = layouts.size === 1 ? layouts : [shape.layout];
  return {
    scope: {
      collections: scope.collections === null ? null : [...scope.collections],
      include: [...scope.include],
      exclude: [...scope.exclude],
      where: jsonOf(scope.where),
      limit: scope.limit,
    },
    shape: {
      ...shape,
      layout,
      renames: Object.fromEntries(shape.renames),
      idPrefixes: Object.fromEntries(shape.idPrefixes),
      mapping: mapping === null ? null : Object.fromEntries(mapping),
      defaultTenant,
    },
    settings: {
      ...settings,
      indexes: settings.indexes.map((index) => ({ ...index })),
      quantization: quantizationSchema.nullable().parse(settings.quantization),
      hnsw: { ...settings.hnsw },
    },
  };
}

/** A where is JSON already. */
function jsonOf(value: unknown): PlanFile["request"]["scope"]["where"] {
  return value === null || value === undefined ? null : JSON.parse(JSON.stringify(value));
}

function notesOf(
  source: SourceStore,
  target: TargetStore | null,
  surveyed: readonly Surveyed[],
): string[] {
  const notes: string[] = [];
  if (surveyed.some(({ survey }) => !survey.complete))
    notes.push(
      "What is said of records comes from a sample, the first ones of each collection; --full looks at all of them.",
    );
  notes.push(...surveyed.flatMap(reservedNote));
  if (source.identity.kind === "chroma-cloud")
    notes.push(
      "Chroma Cloud gives 300 records a request, 10 requests at once, and answers 429 beyond a rate that it does not publish: the time may be a multiple.",
    );
  if (target === null)
    notes.push("No target was named: sizes are those at a Qdrant server, and REST is assumed.");
  return notes;
}
