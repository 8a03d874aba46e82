/** What makes searches at a standing collection slow, or less right than they could be: told from its own description. */
import { z } from "zod";
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import type { StandingCollection } from "../../store/look.ts";
import { parseJson } from "../../util/json.ts";
import { tenantIndex } from "../tenants/census.ts";
import type { Findings, Words } from "./finding.ts";

const configuration = z.looseObject({
  quantization_config: z.record(z.string(), z.unknown()).nullish(),
  hnsw_config: z
    .looseObject({
      m: z.number().nullish(),
      payload_m: z.number().nullish(),
      ef_construct: z.number().nullish(),
    })
    .nullish(),
});
/** Kinds of which a server rescores nothing unless it is asked. */
const unrescored = ["scalar", "turbo"];

export function slowFindings(
  { info, indexing }: StandingCollection,
  findings: Findings,
  words: Words,
): void {
  const { name: collection, count, index } = info;
  if (count === 0) return;
  const offBy = index?.offBy ?? null;
  if (offBy !== null && indexing === "on") {
    const text = `It searches by comparing with every point: ${offBy}.`;
    findings.add("graph-off", "target", { collection, text, evidence: { offBy }, words });
  }
  const tenants = tenantIndex(info);
  if (isTenanted(info) && (tenants === "none" || tenants === "other")) {
    addUnindexedTenants(info, findings, words);
  }
  const quantization = settingsOf(info)?.quantization_config;
  const kind = unrescored.find((one) => quantization?.[one] !== undefined);
  if (kind === undefined) return;
  findings.add("quantized-unrescored", "target", {
    collection,
    text: `Its vectors are quantized (${kind}), and a search that does not ask for it compares nothing anew by the full ones.`,
    evidence: { quantization: kind },
    words,
  });
}

/** Of its configuration what decides how searches fare; undefined where it does not tell. */
export function settingsOf({ configuration: text }: CollectionInfo) {
  return configuration.safeParse(parseJson(text ?? "null")).data;
}

export function addUnindexedTenants(info: CollectionInfo, findings: Findings, words: Words): void {
  const { name: collection, count: points } = info;
  const index = tenantIndex(info);
  const text = `It holds tenants, and tenant_id has ${index === "none" ? "no index" : "an index that is no tenant index"}.`;
  findings.add("tenant-unindexed", "target", {
    collection,
    text,
    evidence: { index, points },
    words,
  });
}

/** How far the vectors are in an index. */
interface Indexed {
  readonly indexed: number;
  readonly vectors: number;
  /** At most 1. */
  readonly share: number;
}

/** null where the store does not tell, or there is nothing to index. */
export function indexedShare({ count, index, vectors }: CollectionInfo): Indexed | null {
  const names = vectors?.filter(({ kind }) => kind !== "sparse").length ?? 1;
  const all = (count ?? 0) * names;
  if (index === undefined || all === 0) return null;
  return { indexed: index.vectors, vectors: all, share: Math.min(1, index.vectors / all) };
}

export function shareText({ indexed, vectors, share }: Indexed): string {
  return `${Math.floor(share * 100)} % of its vectors are in an index (${indexed} of ${vectors})`;
}

/** Less is compared one by one in no time, and Qdrant builds no index of a segment below 10 MB: it begins with up to eight of them. */
const unindexedPoints = 20_000;
const unindexedBytes = 8 * 10_000 * 1024;

/** Whether most of many vectors are in no index, although no setting keeps them from one. */
export function isUnindexed(info: CollectionInfo): boolean {
  const { count, dimension, index, vectors } = info;
  const sizes = vectors?.map(({ dimension: size }) => size ?? 0) ?? [dimension ?? 0];
  const points = count ?? 0;
  const bytes = points * 4 * sizes.reduce((sum, size) => sum + size, 0);
  const { share = 1 } = indexedShare(info) ?? {};
  return (
    points >= unindexedPoints && bytes >= unindexedBytes && share < 0.5 && index?.offBy === null
  );
}

/** Whether its note says that its points are tenants'. */
export function isTenanted({ name, note }: CollectionInfo): boolean {
  try {
    return parseNote(name, note)?.tenanted === true;
  } catch {
    // A note that cannot be read is told where the plan is held against it.
    return false;
  }
}
