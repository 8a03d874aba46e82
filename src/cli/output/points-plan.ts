/** What `plan` and `migrate --dry-run` print where points go as they are. */
import { endsText } from "../../migrate/next-steps.ts";
import type { PlannedPoints, PointsPlan } from "../../migrate/points/plan.ts";
import type { PointsRequest } from "../../migrate/points/request.ts";
import type { VectorShape } from "../../model/collection.ts";
import { count } from "./progress.ts";

type Rules = Pick<PointsRequest, "overwrite" | "merge" | "propagateDeletes">;

/** The plan for people. */
export function pointsPlanText(plan: PointsPlan, rules: Rules): string {
  return [
    `Plan: ${endsText(plan)}`,
    ...plan.collections.flatMap((one) => collectionLines(one, rules)),
    "Nothing was written at either end.",
  ].join("\n");
}

function collectionLines(planned: PlannedPoints, rules: Rules): string[] {
  const { name, target, points, vectors, indexes, aliases, shardKeys } = planned;
  const lines: [string, string][] = [
    ["vectors", vectors.map(vectorText).join("; ")],
    ["indexes", indexes.join(", ")],
    ["shard keys", shardKeys.join(", ")],
    ["aliases", aliases.join(", ")],
    ["at target", standingText(planned, rules)],
  ];
  return [
    `  ${name} -> ${target}: ${count(points)} points`,
    ...lines
      .filter(([, text]) => text !== "")
      .map(([what, text]) => `    ${what.padEnd(11)}${text}`),
  ];
}

function vectorText({ name, kind, dimension, distance }: VectorShape): string {
  const named = name === "" ? "without a name" : JSON.stringify(name);
  const size = dimension === null ? "" : `, ${dimension} × ${distance ?? "?"}`;
  return `${named} (${kind}${size})`;
}

function standingText(
  { points, standing }: PlannedPoints,
  { overwrite, merge, propagateDeletes }: Rules,
): string {
  if (standing === null) return `not there yet: ${count(points)} points are written`;
  const { equal, others, missing, extra } = standing;
  const parts = [
    `${count(equal)} points are there as they are`,
    `${count(missing)} are missing and written`,
  ];
  if (others > 0)
    parts.push(
      `${count(others)} stand there otherwise and are written over${overwrite ? "" : ", for they have changed at the source since the last run"}`,
    );
  if (extra > 0)
    parts.push(
      `${count(extra)} are not at the source ${propagateDeletes ? "and are deleted where the last run left them" : merge ? "and stay" : "any more and stay (--propagate-deletes deletes them)"}`,
    );
  return parts.join("; ");
}
