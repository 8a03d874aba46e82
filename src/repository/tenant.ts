import { VectorError } from "../errors.ts";

/**
 * The tenant's name as it was given, where it is one: any text but a blank one, in any script, with any characters; compared
 * as it is written, never as a pattern and never in another case.
 * @throws {VectorError} E_TENANT for what is no text, is blank, or is no well-formed Unicode (half a surrogate pair)
 */
export function assertTenant(tenantId: unknown): string {
  if (typeof tenantId === "string" && tenantId.trim() !== "" && tenantId.isWellFormed())
    return tenantId;
  const what =
    typeof tenantId !== "string"
      ? "no tenant is named"
      : tenantId.trim() === ""
        ? "the tenant's name is blank"
        : "the tenant's name is no well-formed text";
  throw new VectorError("E_TENANT", `Nothing was asked of the store: ${what}.`);
}
