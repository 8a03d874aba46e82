/** The list of collections in one tenant and database. */
import { z } from "zod";
import { canonicalJson } from "../../util/canonical.ts";
import { sliceArray, sliceObject } from "../../util/json.ts";
import type { ChromaClient } from "./client.ts";
import { listWhole } from "./listing.ts";
import type { Routes } from "./routes.ts";

/** A collection as the listing has it: v1 knows neither dimension nor configuration. */
export interface ListedCollection {
  readonly key: string;
  readonly name: string;
  readonly dimension: number | null;
  /** Canonical JSON texts: a server writes an object's keys in another order each time. */
  readonly metadata: string | null;
  readonly configuration: string | null;
  readonly schema: string | null;
  /** The whole entry, decoded. */
  readonly entry: unknown;
}

const entrySchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  dimension: z.number().int().positive().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

/** All collections, each once, ordered by name. */
export async function listCollections(
  client: ChromaClient,
  at: Routes,
  signal: AbortSignal | undefined,
): Promise<ListedCollection[]> {
  const found = await listWhole(
    "collections",
    (limit, offset) => client.get(at.collections(limit, offset), parseListing, { signal }),
    ({ key }) => key,
  );
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parseListing(text: string): ListedCollection[] {
  return sliceArray(text).map(parseCollection);
}

function parseCollection(text: string): ListedCollection {
  const entry: unknown = JSON.parse(text);
  const { id, name, dimension } = entrySchema.parse(entry);
  const texts = sliceObject(text);
  const jsonText = (key: string): string | null => {
    const value = texts.get(key);
    return value === undefined || value === "null" ? null : canonicalJson(value);
  };
  return {
    key: id,
    name,
    dimension: dimension ?? null,
    metadata: jsonText("metadata"),
    configuration: jsonText("configuration_json"),
    schema: jsonText("schema"),
    entry,
  };
}
