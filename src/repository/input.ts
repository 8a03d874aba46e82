/** Checks of what an application gives: every refusal names the field. */
import { z } from "zod";
import { type ErrorCode, VectorError } from "../errors.ts";

/**
 * The value, where it is what `schema` says. @throws {VectorError} E_INPUT (or `code`), which names the field; `details.field` has
 * its path
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
  code: ErrorCode = "E_INPUT",
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [what, ...(issue?.path ?? []).map(String)].join(".");
  throw new VectorError(code, `${field}: ${issue?.message ?? "is not as it must be"}.`, {
    cause: parsed.error,
    details: { field },
  });
}

const idsSchema = z.array(z.string());

/** Ids of documents. @throws {VectorError} E_INPUT */
export function parseIds(value: unknown): string[] {
  return parseInput(idsSchema, value, "ids");
}

/** An error of one field. */
export function badField(field: string, what: string): VectorError {
  return new VectorError("E_INPUT", `${field} ${what}.`, { details: { field } });
}
