import { z } from "zod";
import type { Layout } from "../model/collection.ts";
import { markKey, metadataPath, tenantKey } from "../model/layout.ts";
import { parseJson } from "../util/json.ts";

const schemaSchema = z.record(z.string(), z.unknown());

/** The metadata keys that have a payload index, by the `payload_schema` of a collection's description. */
export function indexedKeys(schema: string | null, layout: Layout): string[] {
  const parsed = schemaSchema.safeParse(parseJson(schema ?? "{}"));
  if (!parsed.success) return [];
  // What stands before the key of a metadata's member.
  const before = (metadataPath(layout, "a") ?? "a").slice(0, -1);
  return Object.keys(parsed.data)
    .filter((path) => path.startsWith(before) && path !== tenantKey && !path.startsWith(markKey))
    .map((path) => path.slice(before.length).replace(/^"(.*)"$/s, "$1"));
}
