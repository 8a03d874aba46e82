/** How Chroma Cloud describes its collections: an index of its own kind, SPANN, and none of HNSW. */

export interface CollectionEntry {
  readonly configuration_json: { readonly hnsw: { readonly space: string } | null };
  readonly schema?: unknown;
}

/** Entries of a local listing as the Cloud would give them. */
export function cloudCollections(entries: readonly CollectionEntry[]): object[] {
  return entries.map((entry) => {
    const space = entry.configuration_json.hnsw?.space ?? "l2";
    const spann = {
      space,
      search_nprobe: 64,
      write_nprobe: 32,
      ef_construction: 200,
      ef_search: 200,
      max_neighbors: 64,
      reassign_neighbor_count: 64,
      split_threshold: 50,
      merge_threshold: 25,
    };
    const configuration = { ...entry.configuration_json, hnsw: null, spann };
    return { ...entry, configuration_json: configuration, schema: withSpann(entry.schema, spann) };
  });
}

/** The schema with each HNSW exchanged, at any depth. */
function withSpann(schema: unknown, spann: object): unknown {
  if (Array.isArray(schema) || typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) =>
      key === "hnsw"
        ? [
            ["hnsw", null],
            ["spann", spann],
          ]
        : [[key, withSpann(value, spann)]],
    ),
  );
}
