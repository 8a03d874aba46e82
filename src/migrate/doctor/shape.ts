/** What goes where, and what stands in the way of it: each collection by itself, so that one fault does not hide another. */
import { isVectorError, type VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import type { Migration } from "../journal/journal.ts";
import { assertApart, planCollections } from "../plan.ts";
import { defaultRequest, type MigrateRequest, type Scope, type Shape } from "../request.ts";
import { selectCollections } from "../select.ts";
import { addFault } from "./fault.ts";
import type { Findings, Words } from "./finding.ts";
import type { DoctorRequest } from "./request.ts";

export interface ShapeInput {
  readonly request: Pick<DoctorRequest, "scope" | "shape" | "settings">;
  readonly found: readonly CollectionInfo[];
  readonly sourceAddress: string;
  readonly known: Migration | null;
  /** The target's collections by name; empty where no target is looked at. */
  readonly standing: ReadonlyMap<string, CollectionInfo>;
  readonly run: string | null;
  readonly findings: Findings;
  readonly words: Words;
}

export interface Shaped {
  /** What can be planned. */
  readonly plans: readonly CollectionPlan[];
  /** These, and those at fault as if nothing were said of them: their records can be examined all the same. */
  readonly examined: readonly CollectionPlan[];
}

export function shapeFindings(input: ShapeInput): Shaped {
  const selected = select(input);
  sameNames(input, selected);
  neverWritten(input, selected);
  distanceUnknown(input, selected);
  const shaped = plansOf(input, selected);
  const { run, found, standing } = input;
  if (run !== null) {
    const present = new Set(found.map(({ key }) => key));
    tell(
      input,
      faultOf(() => assertApart(shaped.plans, run, present, standing)),
    );
  }
  return shaped;
}

function select(input: ShapeInput): readonly CollectionInfo[] {
  const { found, request, sourceAddress, findings, words } = input;
  if (found.length === 0) {
    findings.add("no-collections", "source", { text: "The source has no collection.", words });
    return [];
  }
  let selected = found;
  const fault = faultOf(() => {
    selected = selectCollections(found, request.scope, sourceAddress);
  });
  // Two of one name can be examined all the same.
  if (fault === null || fault.code === "E_CONFIG") return selected;
  tell(input, fault);
  return [];
}

function sameNames({ findings, words }: ShapeInput, selected: readonly CollectionInfo[]): void {
  for (const [name, same] of Map.groupBy(selected, (info) => info.name)) {
    if (same.length === 1) continue;
    const places = same.map(({ tenant, database }) => `${tenant}/${database}`);
    findings.add("same-name", "source", {
      collection: name,
      text: `${same.length} collections bear this name, in ${places.slice(0, 10).join(", ")}.`,
      evidence: { places },
      words,
    });
  }
}

function neverWritten(
  { request, findings, words }: ShapeInput,
  selected: readonly CollectionInfo[],
): void {
  if (request.shape.vectorSize !== null) return;
  for (const { name } of selected.filter(({ dimension }) => dimension === null)) {
    findings.add("never-written", "source", {
      collection: name,
      text: "Nothing was ever written to it, so it has no dimension and is not made at the target.",
      words,
    });
  }
}

function distanceUnknown(
  { request, findings, words }: ShapeInput,
  selected: readonly CollectionInfo[],
): void {
  if (request.shape.distance !== null) return;
  for (const { name, dimension, distance } of selected) {
    if (dimension === null || distance !== null) continue;
    findings.add("distance-unknown", "source", {
      collection: name,
      text: "The source does not tell its distance.",
      words,
    });
  }
}

function plansOf(input: ShapeInput, selected: readonly CollectionInfo[]): Shaped {
  let whole: readonly CollectionPlan[] = [];
  const { scope, shape } = input.request;
  const fault = faultOf(() => {
    whole = drawUp(input, input.found, scope, shape);
  });
  if (fault === null) return { plans: whole, examined: whole };
  const alone = selected.map((info) => planAlone(input, info));
  const unmapped = selected.filter((_, at) => alone[at]?.fault?.code === "E_UNMAPPED");
  if (unmapped.length > 0) addUnmapped(input, unmapped);
  for (const [at, one] of alone.entries()) {
    if (one.fault !== null && one.fault.code !== "E_UNMAPPED" && !isTold(input, one.fault))
      tell(input, one.fault, selected[at]?.name);
  }
  // What is wrong with none of them by itself is wrong with them together.
  const told = alone.some((one) => one.fault?.code === fault.code);
  if (!told && selected.length > 0 && !isTold(input, fault)) tell(input, fault);
  return {
    plans: alone.flatMap((one) => (one.fault === null ? one.plans : [])),
    examined: alone.flatMap(({ plans }) => plans),
  };
}

function addUnmapped({ findings, words }: ShapeInput, unmapped: readonly CollectionInfo[]): void {
  const names = unmapped.map(({ name }) => name);
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name));
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : "";
  findings.add("unmapped", "source", {
    text: `The mapping gives no tenant to ${shown.join(", ")}${more}.`,
    evidence: { collections: names },
    words,
  });
}

/** Two of one name, and an unknown distance, have findings of their own. */
function isTold({ findings }: ShapeInput, { code }: VectorError): boolean {
  const own = ["same-name", "distance-unknown"];
  return code === "E_CONFIG" && findings.list.some((finding) => own.includes(finding.code));
}

function drawUp(
  { sourceAddress, known, standing, request }: ShapeInput,
  found: readonly CollectionInfo[],
  scope: Scope,
  shape: Shape,
): readonly CollectionPlan[] {
  const asked: MigrateRequest = { ...defaultRequest, scope, shape, settings: request.settings };
  return planCollections(found, sourceAddress, asked, known, standing).collections;
}

interface Alone {
  readonly fault: VectorError | null;
  readonly plans: readonly CollectionPlan[];
}

/** The collection as if it were the only one; where that fails, as if nothing were said of it. */
function planAlone(input: ShapeInput, info: CollectionInfo): Alone {
  const { shape } = input.request;
  const { scope } = defaultRequest;
  const own = <Value>(map: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> =>
    new Map([...map].filter(([name]) => name === info.name));
  const alone: Shape = {
    ...shape,
    renames: own(shape.renames),
    idPrefixes: own(shape.idPrefixes),
    mapping: shape.mapping === null ? null : own(shape.mapping),
  };
  let plans: readonly CollectionPlan[] = [];
  const fault = faultOf(() => {
    plans = drawUp(input, [info], scope, alone);
  });
  if (fault === null) return { fault, plans };
  const plain: Shape = { ...defaultRequest.shape, layout: shape.layout, distance: shape.distance };
  const bare = { ...input, known: null, standing: new Map<string, CollectionInfo>() };
  const second = faultOf(() => {
    plans = drawUp(bare, [{ ...info, name: "examined" }], scope, plain);
  });
  return { fault, plans: second === null ? plans.map((plan) => ({ ...plan, source: info })) : [] };
}

/** What `work` fails with; null where it does not. */
function faultOf(work: () => void): VectorError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (isVectorError(error)) return error;
    throw error;
  }
}

function tell(
  { findings, words }: ShapeInput,
  fault: VectorError | null,
  collection?: string,
): void {
  if (fault === null) return;
  const at = fault.code === "E_SCHEMA_CONFLICT" ? "target" : "source";
  const name = collection === undefined ? {} : { collection };
  addFault(findings, fault, { end: at, keyed: false, words, ...name });
}
