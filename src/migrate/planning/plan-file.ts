/** Plan files: written whole or not at all, read back with every field checked. */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { errorCode } from "../../util/error-code.ts";
import { parseJson } from "../../util/json.ts";
import { writeFileAtomic } from "../../util/whole-file.ts";
import { type PlanFile, planFileSchema, planFormat } from "./plan-schema.ts";

/** A plan of a thousand collections with all their keys is a tenth of this. */
const fileBytesMax = 256 * 1024 * 1024;

/** Writes the plan. @throws E_DISK_FULL, E_CONFIG when the file cannot be written */
export function writePlan(file: string, plan: PlanFile): void {
  writeFileAtomic(file, [`${JSON.stringify(plan, null, 2)}\n`]);
}

/** Reads a plan. @throws E_PLAN_FILE where the file is no plan, is a newer vecferry's, or holds a field that makes no sense: it is named */
export function readPlan(file: string): PlanFile {
  const data = parseJson(readText(file));
  if (data === undefined) throw noPlan(file, "is not JSON");
  const format = z.object({ format: z.number() }).safeParse(data).data?.format;
  if (format === undefined) throw noPlan(file, "has no format number");
  if (format > planFormat)
    throw noPlan(
      file,
      `has format ${format}, and this vecferry knows no newer one than ${planFormat}`,
      "Use the vecferry that made it, or a newer one; or make the plan anew with this one: `vecferry plan SOURCE TARGET --out FILE`.",
    );
  const parsed = planFileSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = pathText(issue?.path ?? []);
  throw new VectorError(
    "E_PLAN_FILE",
    `${file}: ${field} makes no sense there: ${issue?.message ?? "it has another form"}.`,
    { cause: parsed.error, details: { file, field } },
  );
}

function readText(file: string): string {
  try {
    if (statSync(file).size > fileBytesMax) throw noPlan(file, "is too large to be one");
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof VectorError) throw error;
    if (error instanceof TypeError) throw noPlan(file, "is not UTF-8 text", undefined, error);
    throw new VectorError(
      "E_PLAN_FILE",
      `The plan ${file} cannot be read (${errorCode(error) ?? "?"}).`,
      { cause: error, details: { file } },
    );
  }
}

function noPlan(file: string, what: string, next?: string, cause?: unknown): VectorError {
  return new VectorError("E_PLAN_FILE", `${file} is no plan that can be done: it ${what}.`, {
    cause,
    details: { file },
    ...(next === undefined ? {} : { next }),
  });
}

/** `collections[2].target.layout`. */
function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  return text.join("").replace(/^\./, "") || "the whole of it";
}
