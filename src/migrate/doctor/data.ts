/** What the records themselves are like: one survey of each collection, and what its figures mean for a migration. */
import { isVectorError } from "../../errors.ts";
import { layouts } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import type { SourceStore } from "../../store/port.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import type { Surveyed } from "../planning/sizing.ts";
import type { Fault, FaultKind } from "../survey/faults.ts";
import { type CollectionSurvey, defaultSample, surveyCollection } from "../survey/survey.ts";
import { progress } from "../telling.ts";
import type { FindingCode } from "./codes.ts";
import { addFault } from "./fault.ts";
import type { Findings, Words } from "./finding.ts";
import { Quotas } from "./quotas.ts";
import type { DoctorContext, DoctorRequest } from "./request.ts";

export interface DataInput {
  readonly source: SourceStore;
  readonly plans: readonly CollectionPlan[];
  readonly request: Pick<DoctorRequest, "scope" | "sampleMax">;
  readonly findings: Findings;
  readonly words: Words;
  readonly context: DoctorContext;
}

/** Surveys each collection and adds what is amiss. One that cannot be read does not keep the others from being. */
export async function dataFindings(input: DataInput): Promise<Surveyed[]> {
  const surveyed: Surveyed[] = [];
  for (const plan of input.plans) {
    const survey = await surveyOne(input, plan);
    if (survey === null) continue;
    surveyed.push({ plan, survey });
    addFaults(input, plan, survey);
    addReserved(input, plan, survey);
  }
  return surveyed;
}

async function surveyOne(input: DataInput, plan: CollectionPlan): Promise<CollectionSurvey | null> {
  const { source, request, findings, words, context } = input;
  const { name } = plan.source;
  const { where, limit } = request.scope;
  const sampleMax = request.sampleMax === undefined ? defaultSample(source) : request.sampleMax;
  const quotas = source.identity.kind === "chroma-cloud" ? new Quotas() : null;
  try {
    const survey = await surveyCollection(source, plan.source, {
      signal: context.signal,
      sampleMax,
      where,
      limit,
      onBatch: (batch) => quotas?.add(batch),
      onProgress: (done, total, bytes) => progress(context, "survey", name, total)(done, bytes),
    });
    quotas?.tell(name, findings, words);
    return survey;
  } catch (error) {
    if (!isVectorError(error) || error.code === "E_ABORTED") throw error;
    if (error.code === "E_SERVER" && error.details["status"] !== 422) {
      findings.add("collection-unreadable", "source", {
        collection: name,
        text: error.message,
        evidence: { error: error.code },
        words,
      });
    } else addFault(findings, error, { end: "source", keyed: true, words, collection: name });
    return null;
  }
}

/** What each kind of fault is called here. */
const faultCodes: Readonly<Record<FaultKind, FindingCode>> = {
  "no-vector": "missing-vectors",
  "stale-vector": "stale-vectors",
  "wrong-dimension": "mixed-dimensions",
  "not-finite": "not-finite",
  "zero-vector": "zero-vectors",
  "tiny-norm": "tiny-norms",
  "metadata-not-json": "metadata-not-json",
  torn: "records-unreadable",
  unanswerable: "records-unreadable",
  other: "records-unreadable",
};

const faultTexts: Readonly<Partial<Record<FindingCode, string>>> = {
  "missing-vectors": "have no vector",
  "stale-vectors": "have lost their newest vector",
  "mixed-dimensions": "have a vector of another dimension",
  "not-finite": "have a vector with a component that is not finite",
  "zero-vectors": "have a zero vector, under cosine",
  "tiny-norms": "have a vector that is nearly zero, under cosine",
  "metadata-not-json": "have metadata that is no JSON",
  "records-unreadable": "cannot be read",
};

/** Where the norm counts for nothing, none is too small. */
function isFault(kind: FaultKind, distance: Distance): boolean {
  return distance === "cosine" || (kind !== "zero-vector" && kind !== "tiny-norm");
}

function addFaults(
  { findings, words }: DataInput,
  plan: CollectionPlan,
  survey: CollectionSurvey,
): void {
  const others = survey.dimensions.filter(({ dimension }) => dimension !== plan.dimension);
  const mixed = others.reduce((sum, { records }) => sum + records, 0);
  const faults: Fault[] = survey.faults.filter(({ kind }) => isFault(kind, plan.distance));
  if (mixed > 0) faults.push({ kind: "wrong-dimension", records: mixed, examples: [] });
  for (const [code, group] of Map.groupBy(faults, ({ kind }) => faultCodes[kind])) {
    const records = group.reduce((sum, one) => sum + one.records, 0);
    const examples = group.flatMap((one) => one.examples).slice(0, 5);
    const first =
      examples.length === 0 ? "" : ` (${examples.map((id) => JSON.stringify(id)).join(", ")})`;
    findings.add(code, "source", {
      collection: plan.source.name,
      text: `${records} of ${survey.surveyed} records${survey.complete ? "" : " looked at"} ${faultTexts[code]}${first}.`,
      evidence: {
        ...lookedAt(survey),
        faulty: records,
        examples,
        ...dimensionsOf(code, plan, survey),
      },
      words,
    });
  }
}

function dimensionsOf(code: FindingCode, plan: CollectionPlan, { dimensions }: CollectionSurvey) {
  return code === "mixed-dimensions" ? { dimension: plan.dimension, dimensions } : {};
}

function lookedAt({ surveyed, records, complete }: CollectionSurvey) {
  return { records, looked: surveyed, complete };
}

function addReserved(
  { findings, words }: DataInput,
  plan: CollectionPlan,
  survey: CollectionSurvey,
): void {
  const met = survey.reserved.find(({ layout }) => layout === plan.layout);
  if (met === undefined) return;
  const fit = layouts.filter((layout) => !survey.reserved.some((one) => one.layout === layout));
  const keys = met.keys.map((key) => JSON.stringify(key)).join(", ");
  findings.add("reserved-keys", "source", {
    collection: plan.source.name,
    text: `${met.records} of ${survey.surveyed} records${survey.complete ? "" : " looked at"} have the metadata key ${keys}, which layout ${plan.layout} keeps for itself.`,
    evidence: {
      ...lookedAt(survey),
      layout: plan.layout,
      faulty: met.records,
      keys: met.keys,
      layoutsThatFit: fit,
    },
    words,
  });
}
