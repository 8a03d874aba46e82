/** What `tenants` prints for people. */
import type { TenantsOutcome } from "../../migrate/tenants/tenants.ts";
import { count } from "./progress.ts";

/** Tenants of one collection that are listed; all of them stand in the JSON. */
const listedMax = 50;

/** The counts of each collection, what the searches found, and what to do about it. */
export function tenantsText({ tenanted, plain, unknown, verdict, next }: TenantsOutcome): string {
  const lines = tenanted.flatMap(collectionLines);
  if (plain.length > 0) lines.push(`Plain, without tenants: ${shown(plain)}.`);
  if (unknown.length > 0) lines.push(`Not known from any migration: ${shown(unknown)}.`);
  return [...lines, verdict, ...next.map((step) => `Next: ${step}`)].join("\n");
}

function collectionLines({
  name,
  index,
  census,
  ownership,
  isolation,
}: TenantsOutcome["tenanted"][number]): string[] {
  const { tenants, points, withoutTenant, others, lookedThrough } = census;
  const lines = [
    `${name}: ${count(points)} points of ${count(tenants.length)} ${tenants.length === 1 ? "tenant" : "tenants"}${indexWords[index ?? "unknown"]}`,
    ...tenants.slice(0, listedMax).map(({ tenant, points: own }) => `  ${tenant}: ${count(own)}`),
  ];
  if (tenants.length > listedMax)
    lines.push(`  and ${count(tenants.length - listedMax)} more; --json lists all`);
  if (withoutTenant > 0) lines.push(`  without a tenant: ${count(withoutTenant)}`);
  if (others > 0) {
    lines.push(
      `  of tenants that are not known: ${count(others)} (${count(lookedThrough)} points were looked through)`,
    );
  }
  for (const { id, point, owner, collection, carriedFor } of ownership.examples) {
    const says = owner === null ? "no tenant, or several" : owner;
    const from =
      carriedFor.length === 0
        ? ""
        : `; it was carried for ${carriedFor.join(" or ")}, from collection ${JSON.stringify(collection)}`;
    lines.push(`  Fault: record ${JSON.stringify(id)} (point ${point}) names ${says}${from}.`);
  }
  if (isolation.tenants < tenants.filter((one) => one.points > 0).length)
    lines.push(`  ${count(isolation.tenants)} tenants, evenly spread, were searched as`);
  for (const { tenant, vectorOf, id, point, detail } of isolation.examples) {
    const whose = vectorOf === null ? "a record without a tenant" : `a record of ${vectorOf}`;
    lines.push(
      `  Fault: a search as ${tenant}, by the vector of ${whose}, finds record ${JSON.stringify(id)} (point ${point}). ${detail}`,
    );
  }
  for (const tenant of isolation.blind.slice(0, listedMax))
    lines.push(`  Fault: a search as ${tenant} finds nothing.`);
  return lines;
}

const indexWords = {
  tenant: "; tenant_id is indexed for tenants",
  other: "; the index on tenant_id is not one for tenants",
  none: "; tenant_id has no index",
  unknown: "",
} as const;

function shown(names: readonly string[]): string {
  const more = names.length > 20 ? ` and ${count(names.length - 20)} more` : "";
  return `${names.slice(0, 20).join(", ")}${more}`;
}
