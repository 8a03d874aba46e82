/** What journals in memory are made of. */
import { DigestedRows } from "../../src/migrate/journal/digested-rows.ts";

/** An end of a migration, but for its kind. */
export const end = { address: "a", tenant: null, database: null, version: null };

/** The digest that all records have. */
const digest = new Uint8Array(16).fill(7);

/** These records as carried. */
export function digested(ordinals: readonly number[]): DigestedRows {
  const rows = new DigestedRows();
  for (const ordinal of ordinals) rows.add(ordinal, digest);
  return rows;
}
