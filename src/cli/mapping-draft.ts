/** A first tenant mapping, to be edited: each collection with a tenant of its own. */
import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { VectorError } from "../errors.ts";
import type { PlanFile } from "../migrate/planning/plan-schema.ts";
import { errorCode } from "../util/error-code.ts";
import { count } from "./output/progress.ts";

const flag = "--write-tenant-mapping";

/** @throws E_CONFIG where something stands at the path */
export function assertNoMapping(path: string): void {
  if (existsSync(path)) throw isThere(path);
}

/**
 * Writes the draft, in the form that --tenant-mapping reads. What stands there is never written over.
 * @throws E_CONFIG where something stands at the path, or it cannot be written
 */
export function writeMappingDraft(path: string, plan: PlanFile): void {
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      writeFileSync(file, mappingDraft(plan));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") throw isThere(path, error);
    throw new VectorError(
      "E_CONFIG",
      `The file of ${flag}, ${path}, cannot be written (${code}).`,
      {
        cause: error,
      },
    );
  }
}

/** The tenant is the one that the plan has, else the collection's own in Chroma, else its name. */
export function mappingDraft({ collections, skipped }: PlanFile): string {
  const members = new Map<string, { tenant: string; what: string }>();
  for (const { source, target, survey } of collections) {
    const own = source.tenant === "default_tenant" ? null : source.tenant;
    const tenant = target.tenant ?? own ?? source.name;
    const what = `${count(survey.records)} records, ${target.dimension} × ${target.distance}`;
    members.set(source.name, { tenant, what });
  }
  // A mapping must name every collection, also one that is left out.
  for (const { name } of skipped)
    if (!members.has(name))
      members.set(name, { tenant: name, what: "nothing was ever written to it" });
  const lines = [...members].flatMap(([name, { tenant, what }], index) => [
    `  // ${what}`,
    `  ${JSON.stringify(name)}: ${JSON.stringify(tenant)}${index === members.size - 1 ? "" : ","}`,
  ]);
  return [
    "// Which tenant the records of each collection belong to. Edit it, then give it to",
    "// `vecferry migrate --tenant-mapping FILE`; with --target-collection NAME all go into one collection.",
    "{",
    ...lines,
    "}",
    "",
  ].join("\n");
}

function isThere(path: string, cause?: unknown): VectorError {
  return new VectorError(
    "E_CONFIG",
    `Something stands at ${path}, and ${flag} writes over nothing.`,
    {
      cause,
      next: `Give ${flag} another path, or move away what stands there.`,
    },
  );
}
