/** What `plan` and `migrate --dry-run` print: the plan in words. */
import { plannedAddress } from "../../migrate/planning/follow-plan.ts";
import type {
  PlanFile,
  PlannedCollection,
  PlannedTarget,
} from "../../migrate/planning/plan-schema.ts";
import type { EmbeddingFunction } from "../../model/embedding-function.ts";
import { aheadDiskBytes } from "../../model/footprint.ts";
import { count, duration } from "./progress.ts";

/** Keys that are named in a line. */
const keysShown = 12;

const units = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** Why a small collection is not small on disk. */
const aheadText = `Note: A server makes about ${size(aheadDiskBytes)} of disk ahead for each collection, however few points it holds.`;

/** The plan for people. */
export function planText(plan: PlanFile): string {
  const inProcess = plan.target?.kind === "embedded" || plan.target?.kind === "faiss";
  const ends =
    plan.target === null
      ? `Inventory of ${plannedAddress(plan, "source")}`
      : `Plan of migration ${plan.run}: ${plannedAddress(plan, "source")} ${plannedAddress(plan, "target")}`;
  return [
    ends,
    ...plan.collections.flatMap(collectionLines),
    ...plan.skipped.map(({ name, reason }) => `  ${name}: left out. ${reason}`),
    "",
    plan.target === null ? "At a Qdrant server:" : "At the target:",
    ...plan.targets.flatMap((target) => targetLines(target, inProcess)),
    "",
    ...estimateLines(plan),
    ...plan.notes.map((note) => `Note: ${note}`),
    ...(plan.targets.length === 0 ? [] : [aheadText]),
    "Nothing was written at either end.",
  ].join("\n");
}

function collectionLines({
  source,
  target,
  survey,
  embeddingFunction,
  embed,
  suggestions,
}: PlannedCollection): string[] {
  const tenant = target.tenant === null ? "" : `, tenant ${target.tenant}`;
  const found = source.distanceFrom === null ? "" : ` (by ${source.distanceFrom})`;
  const records = `${survey.complete ? "" : "about "}${count(survey.records)} records`;
  const how = `${target.dimension} × ${target.distance}${found}, layout ${target.layout}${tenant}, ${records}`;
  const lines: [string, string][] = [];
  if (!survey.complete) lines.push(["sample", `the first ${count(survey.surveyed)} records`]);
  lines.push(["documents", documentsText(survey)], ["metadata", metadataText(survey)]);
  lines.push(["vectors", vectorsText(survey)]);
  for (const { layout, records: met, keys } of survey.reserved)
    lines.push(["reserved", `layout ${layout} keeps ${keys.join(", ")}: in ${count(met)} records`]);
  lines.push(["embedding", embeddingText(embeddingFunction)]);
  if (embed !== null) {
    for (const line of embed.code.split("\n")) lines.push(["", line]);
    if (embed.package !== null) lines.push(["", `(npm install ${embed.package})`]);
    if (embed.note !== null) lines.push(["", embed.note]);
  }
  const indexes = suggestions.map(({ flag }) => flag).join(" ");
  lines.push(["indexes", indexes === "" ? "none suggested" : `suggested: ${indexes}`]);
  return [
    `  ${source.name} -> ${target.name} (${how})`,
    ...lines.map(([name, text]) => `      ${name.padEnd(10)} ${text}`),
  ];
}

function documentsText({ documents, uris }: PlannedCollection["survey"]): string {
  const uri = uris === 0 ? "" : `; ${count(uris)} uris`;
  if (documents.things === 0) return `none${uri}`;
  const { min, mean, p50, p95, max } = documents;
  if (min === max) return `${count(documents.things)}, ${size(min)} each${uri}`;
  const sizes = `${size(min)} to ${size(max)}, mean ${size(mean)}, half below ${size(p50)}, 95 % below ${size(p95)}`;
  return `${count(documents.things)}, ${sizes}${uri}`;
}

function metadataText({ keys, keysMore }: PlannedCollection["survey"]): string {
  if (keys.length === 0) return "none";
  const shown = keys.slice(0, keysShown).map(({ key, types, records }) => {
    return `${key} ${Object.keys(types).join(" or ")} (${count(records)})`;
  });
  const more = keys.length - shown.length + keysMore;
  return shown.join(", ") + (more > 0 ? ` and ${count(more)} more keys` : "");
}

function vectorsText({ withVector, dimensions, faults }: PlannedCollection["survey"]): string {
  const mixed =
    dimensions.length > 1
      ? [`of ${dimensions.map(({ dimension }) => dimension).join(", ")} dimensions`]
      : [];
  const named = faults.map(({ kind, records, examples }) => {
    return `${count(records)} ${kind} (${examples.map((id) => JSON.stringify(id)).join(", ")})`;
  });
  return [`${count(withVector)}`, ...mixed, ...named].join("; ");
}

function embeddingText({ status, name, model, from }: EmbeddingFunction): string {
  if (status === "not-recorded") return "not recorded";
  if (status === "own") return `one of the application's own, without a name (${from})`;
  return `${[name, model].filter((part) => part !== null).join(", ")} (${from})`;
}

function targetLines(
  { name, exists, sources, indexes, sizing }: PlannedTarget,
  inProcess: boolean,
): string[] {
  const from = sources.length === 1 && sources[0] === name ? "" : ` from ${sources.join(", ")}`;
  const there = exists ? ", stands there already" : "";
  const keys = indexes.map(({ key, type }) => `${key}:${type}`).join(", ");
  const made = keys === "" ? "" : `, payload indexes ${keys}`;
  const { planned, choices } = sizing;
  return [
    `  ${name}${from} (${count(sizing.points)} points${there}${made}): ${size(planned.ramBytes)} of memory, ${size(planned.diskBytes)} of disk`,
    ...choices.map(({ quantization, flags, ramBytes, diskBytes }) => {
      const name = flags === "" ? "no quantization" : quantization;
      const line = `      ${inProcess ? "at a server, " : ""}${name.padEnd(16)}${size(ramBytes).padStart(9)} memory ${size(diskBytes).padStart(9)} disk`;
      return flags === "" ? line : `${line}   ${flags}`;
    }),
  ];
}

function estimateLines({ estimate, seconds }: PlanFile): string[] {
  const { readRequests, writeRequests, verifyRequests, bytes } = estimate;
  const { readSeconds, writeSeconds, verifySeconds } = estimate;
  const parts = `reading ${duration(readSeconds)}, writing ${duration(writeSeconds)}, verifying ${duration(verifySeconds)}`;
  return [
    `Estimated: ${size(bytes)} in ${count(readRequests)} requests to the source, ${count(writeRequests + verifyRequests)} to the target; about ${duration(seconds)} (${parts})`,
  ];
}

/** `812 bytes`, `4.2 kB`, `1.3 GB`. */
function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const shown = unit === 0 || value >= 99.95 ? String(Math.round(value)) : value.toFixed(1);
  return `${shown} ${unit === 0 && shown === "1" ? "byte" : units[unit]}`;
}
