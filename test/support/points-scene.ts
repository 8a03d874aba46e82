/** A collection with everything that a Qdrant's collection can have, and what two Qdrants hold of one, by plain HTTP. */
import type { QdrantPlace } from "./qdrant-places.ts";

const pageRows = 500;

/** The body of a collection with vectors of every kind. */
const everything = {
  vectors: {
    "": { size: 3, distance: "Dot" },
    text: { size: 4, distance: "Cosine", hnsw_config: { m: 24, ef_construct: 120 } },
    image: { size: 2, distance: "Manhattan", on_disk: true },
    late: { size: 2, distance: "Cosine", multivector_config: { comparator: "max_sim" } },
  },
  sparse_vectors: { words: { modifier: "idf" } },
  hnsw_config: { m: 8, payload_m: 12 },
  quantization_config: { scalar: { type: "int8", quantile: 0.98, always_ram: true } },
  optimizers_config: { default_segment_number: 3, indexing_threshold: 7000 },
  on_disk_payload: false,
};

const indexes = {
  kind: { type: "keyword", is_tenant: true },
  at: { type: "integer", lookup: false, range: true },
  note: { type: "text", tokenizer: "word", min_token_len: 2, lowercase: true },
};

export interface MadePoint {
  readonly id: number | string;
  readonly vector: Record<string, unknown>;
  readonly payload: object;
}

/** A point of its number: numbers and UUIDs, some without one of their vectors. */
export function madePoint(at: number): MadePoint {
  const wave = (size: number, turn: number) =>
    Array.from({ length: size }, (_, place) => Math.fround(Math.sin(at * 3 + place + turn)));
  const id =
    at % 2 === 0
      ? at
      : `${(at % 251).toString(16).padStart(2, "0")}000000-0000-4000-8000-${at.toString().padStart(12, "0")}`;
  return {
    id,
    vector: {
      "": wave(3, 1),
      text: wave(4, 2),
      ...(at % 3 === 0 ? {} : { image: wave(2, 3) }),
      ...(at % 5 === 0 ? {} : { late: [wave(2, 4), wave(2, 5)].slice(at % 2) }),
      ...(at % 7 === 0 ? {} : { words: { indices: [1, at + 9], values: [0.5, 1.25] } }),
    },
    payload: {
      kind: `k${at % 3}`,
      at,
      half: at + 0.5,
      note: `note number ${at}`,
      nested: { list: [1, null, { deep: "é" }], none: null },
    },
  };
}

/** Makes the collection with `count` points, its indexes and an alias. */
export async function makeEverything(
  place: QdrantPlace,
  name: string,
  count: number,
  alias: string,
): Promise<void> {
  await place.call("PUT", `/collections/${name}`, everything);
  for (const [field_name, field_schema] of Object.entries(indexes))
    await place.call("PUT", `/collections/${name}/index?wait=true`, { field_name, field_schema });
  await putPoints(place, name, 0, count);
  const create_alias = { collection_name: name, alias_name: alias };
  await place.call("POST", "/collections/aliases", { actions: [{ create_alias }] });
}

/** Writes the points from one number to another. */
export async function putPoints(
  place: QdrantPlace,
  name: string,
  start: number,
  end: number,
): Promise<void> {
  for (let at = start; at < end; at += pageRows) {
    const length = Math.min(pageRows, end - at);
    const points = Array.from({ length }, (_, row) => madePoint(at + row));
    await place.call("PUT", `/collections/${name}/points?wait=true`, { points });
  }
}

/** What describes a collection: its configuration and its payload indexes, without counts, and its aliases. */
export async function describedOf(place: QdrantPlace, name: string): Promise<object> {
  const path = `/collections/${name}`;
  const { config, payload_schema } = await place.call<{
    config: Record<string, unknown>;
    payload_schema: Record<string, object>;
  }>("GET", path);
  const { aliases } = await place.call<{ aliases: { alias_name: string }[] }>(
    "GET",
    `${path}/aliases`,
  );
  const { metadata, ...settings } = config;
  const schema = Object.fromEntries(
    Object.entries(payload_schema).map(([key, index]) => [key, { ...index, points: null }]),
  );
  return {
    settings,
    schema,
    metadata: metadata ?? {},
    aliases: aliases.map(({ alias_name }) => alias_name).sort(),
  };
}

/** Every point, by its id, as the text of its JSON with vectors by their names. */
export async function pointsOf(place: QdrantPlace, name: string): Promise<Map<string, string>> {
  const points = new Map<string, string>();
  let offset: unknown = null;
  do {
    const body = { limit: pageRows, offset, with_vector: true, with_payload: true };
    const page = await place.call<{
      points: { id: number | string; vector: object; payload: object }[];
      next_page_offset: unknown;
    }>("POST", `/collections/${name}/points/scroll`, body);
    for (const { id, vector, payload } of page.points)
      points.set(String(id), JSON.stringify([sorted(vector), sorted(payload)]));
    offset = page.next_page_offset ?? null;
  } while (offset !== null);
  return points;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
