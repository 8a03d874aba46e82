/** What makes searches at a standing collection slow, or less right than they could be: told from its own description. */
import { z } from "zod";
import { parseNote } from "../../model/collection.ts";
import type { StandingCollection } from "../../store/look.ts";
import { parseJson } from "../../util/json.ts";
import { tenantIndex } from "../tenants/census.ts";
import type { Findings, Words } from "./finding.ts";

const configuration = z.looseObject({
  quantization_config: z.record(z.string(), z.unknown()).nullish(),
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
    const text = `It holds tenants, and tenant_id has ${tenants === "none" ? "no index" : "an index that is no tenant index"}.`;
    findings.add("tenant-unindexed", "target", {
      collection,
      text,
      evidence: { index: tenants, points: count },
      words,
    });
  }
  const { data } = configuration.safeParse(parseJson(info.configuration ?? "null"));
  const kind = unrescored.find((one) => data?.quantization_config?.[one] !== undefined);
  if (kind === undefined) return;
  findings.add("quantized-unrescored", "target", {
    collection,
    text: `Its vectors are quantized (${kind}), and a search that does not ask for it compares nothing anew by the full ones.`,
    evidence: { quantization: kind },
    words,
  });
}

function isTenanted({ name, note }: StandingCollection["info"]): boolean {
  try {
    return parseNote(name, note)?.tenanted === true;
  } catch {
    // A note that cannot be read is told where the plan is held against it.
    return false;
  }
}
