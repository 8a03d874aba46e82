/** What is found at standing collections by searching them and counting in them, where their description does not tell. */
import { isVectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type {
  RecallMeasure,
  SearchMeter,
  StandingCollection,
  TargetLook,
} from "../../store/look.ts";
import { tenantIndex } from "../tenants/census.ts";
import { addFault } from "./fault.ts";
import type { Findings, Words } from "./finding.ts";
import { addUnindexedTenants, isTenanted, settingsOf } from "./slow.ts";

/** The largest collections of a target that are searched, and whose tenants are looked at. */
const searchedMax = 10;
const countedMax = 100;
/** Exact search reads every vector: of more points it is asked for with --full alone. */
const exactPointsMax = 1_000_000;
/** First points of a collection whose tenants are looked at. */
const tenantRows = 1_000;
/** So many of the near points are to be found. */
const recallMin = 0.9;
/** A stall is longer than so many ms, and than so many times the search itself. */
const stall = { ms: 20, times: 2 };

interface Input {
  readonly look: TargetLook;
  readonly findings: Findings;
  readonly words: Words;
}

export interface MeasuredOptions {
  /** The target collections that are looked at; null = all. */
  readonly names: ReadonlySet<string> | null;
  readonly full: boolean;
  readonly signal: AbortSignal;
}

export async function measuredFindings(
  input: Input,
  { names, full, signal }: MeasuredOptions,
): Promise<void> {
  const { meter } = input.look;
  const largest = input.look.collections
    .filter(({ info }) => pointsOf(info) > 0 && names?.has(info.name) !== false)
    .sort((one, other) => pointsOf(other.info) - pointsOf(one.info))
    .slice(0, countedMax);
  let isTimed = false;
  for (const [at, one] of largest.entries()) {
    const own = { ...input, words: { ...input.words, target: encodeURIComponent(one.info.name) } };
    if (!(await countTenants(own, one.info, signal))) continue;
    // Requests that strict mode counts are left to the application.
    if (meter === null || at >= searchedMax || one.strict?.readsPerMinute != null) continue;
    if (isSearchable(one) && (full || pointsOf(one.info) <= exactPointsMax))
      await recall(own, one.info, meter, signal);
    if (!isTimed) await encoding(own, one.info, meter, signal);
    isTimed = true;
  }
}

/** Whether searches go by an index that is built, and may be compared with exact ones. */
function isSearchable({ info, strict }: StandingCollection): boolean {
  const { status, index } = info;
  return status === "green" && (index?.vectors ?? 0) > 0 && strict?.exactSearch !== false;
}

/** Whether the collection is still there. */
async function countTenants(
  input: Input,
  info: CollectionInfo,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await tenants(input, info, signal);
  } catch (error) {
    if (isVectorError(error, "E_COLLECTION_NOT_FOUND")) return false;
    if (!isVectorError(error)) throw error;
    const { words, findings } = input;
    addFault(findings, error, { end: "target", keyed: true, words, collection: info.name });
  }
  return true;
}

async function tenants(
  { look, findings, words }: Input,
  info: CollectionInfo,
  signal: AbortSignal,
): Promise<void> {
  const index = tenantIndex(info);
  const declared = isTenanted(info) || index === "tenant";
  const seen = await look.tenants(info, { declared, rowsMax: tenantRows, signal });
  if (seen.named && !isTenanted(info) && index === "none")
    addUnindexedTenants(info, findings, words);
  if (seen.without === 0 || !(seen.named || declared)) return;
  findings.add("tenant-missing", "target", {
    collection: info.name,
    text: `${seen.without} of ${seen.looked} points have no tenant_id: no tenant finds them, and a search without a tenant does.`,
    evidence: { without: seen.without, looked: seen.looked, points: info.count },
    words,
  });
}

async function recall(
  { findings, words }: Input,
  info: CollectionInfo,
  meter: SearchMeter,
  signal: AbortSignal,
): Promise<void> {
  const found = await meter.recall(info, { tenanted: isTenanted(info), signal });
  if (found === null || found.plain >= recallMin) return;
  const settings = settingsOf(info)?.hnsw_config;
  // A collection of tenants has a graph for each of them, and none for all.
  const links = settings?.m === 0 ? "payload_m" : "m";
  const { [links]: m, ef_construct: efConstruct } = settings ?? {};
  const [code, cause] = causeOf(found);
  findings.add(code, "target", {
    collection: info.name,
    text: `Of the 10 nearest points its searches find ${percent(found.plain)}, measured beside exact search by ${found.searches} of its own vectors (${links} ${m ?? "unknown"}, ef_construct ${efConstruct ?? "unknown"}); ${cause}.`,
    evidence: { ...found, [links]: m ?? null, efConstruct: efConstruct ?? null },
    words: {
      ...words,
      ef: String(found.wider?.ef ?? ""),
      links,
      m: String(Math.max(16, 2 * (m ?? 0))),
      efConstruct: String(Math.max(200, 2 * (efConstruct ?? 0))),
    },
  });
}

function causeOf({ rescored, wider }: RecallMeasure) {
  if ((rescored ?? 0) >= recallMin)
    return ["recall-unrescored", `rescored, they find ${percent(rescored ?? 0)}`] as const;
  const by = wider === null ? "" : `with hnsw_ef ${wider.ef} they find ${percent(wider.recall)}`;
  const isEnough = (wider?.recall ?? 0) >= recallMin;
  return [isEnough ? "recall-ef-small" : "recall-graph-thin", by] as const;
}

async function encoding(
  { findings, words }: Input,
  info: CollectionInfo,
  meter: SearchMeter,
  signal: AbortSignal,
): Promise<void> {
  const found = await meter.encoding(info, signal);
  if (found === null) return;
  const { compressedMs, plainMs, searches } = found;
  if (compressedMs - plainMs < stall.ms || compressedMs < stall.times * plainMs) return;
  findings.add("compression-stall", "target", {
    collection: info.name,
    text: `A search with payload takes ${compressedMs.toFixed(1)} ms where the client accepts compressed answers, and ${plainMs.toFixed(1)} ms where it does not (medians of ${searches}, by turns).`,
    evidence: { compressedMs: rounded(compressedMs), plainMs: rounded(plainMs), searches },
    words,
  });
}

function pointsOf({ count }: CollectionInfo): number {
  return count ?? 0;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
