/** What Qdrants say of their collections, compared: what decides which points there are and how they are found, and what only tunes. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { canonicalJson } from "../../util/canonical.ts";

const json = z.json();
type Json = z.infer<typeof json>;

const dense = z.looseObject({
  size: z.number(),
  distance: z.string(),
  datatype: z.string().nullish(),
  multivector_config: z.looseObject({ comparator: z.string() }).nullish(),
});
const denseByName = z.record(z.string(), dense);
const sparse = z.looseObject({ modifier: z.string().nullish() });
const configuration = z.looseObject({
  params: z.looseObject({
    vectors: z.union([dense, denseByName]).nullish(),
    sparse_vectors: z.record(z.string(), sparse).nullish(),
  }),
});
const schema = z.record(
  z.string(),
  z.looseObject({ data_type: z.string(), params: json.nullish() }),
);

/** Of the settings that a note names, at most so many are named. */
const namedMax = 8;

/** Keys of a vector's parameters that decide what a point holds and how near it is. */
const deciding = new Set(["size", "distance", "datatype", "multivector_config", "modifier"]);

/**
 * Whether a collection keeps vectors that it has normalized as float16. Such a vector is normalized again wherever it is written,
 * and comes out with another last bit now and then (1 of 100 vectors of 8 components on a Qdrant 1.18.2).
 */
export function holdsHalves(info: CollectionInfo): boolean {
  return [...vectorsOf(info).values()].some(
    (vector) => vector["datatype"] === "float16" && vector["distance"] === "Cosine",
  );
}

/** How a collection differs from the source's in what its points hold, as the end of "is already there"; null = it does not. */
export function holdFault(info: CollectionInfo, found: CollectionInfo): string | null {
  const [wanted, standing] = [vectorsOf(info), vectorsOf(found)];
  if (wanted.size === 0 || standing.size === 0) {
    if (info.dimension !== found.dimension)
      return `with dimension ${found.dimension}; the source's has ${info.dimension}`;
    return info.distance === found.distance
      ? null
      : `with distance ${found.distance}; the source's has ${info.distance}`;
  }
  for (const vector of new Set([...wanted.keys(), ...standing.keys()])) {
    const fault = vectorFault(vector, wanted.get(vector), standing.get(vector));
    if (fault !== null) return fault;
  }
  return null;
}

/** @throws E_SCHEMA_CONFLICT where the collection that stands at the target cannot hold the source's points as they are */
export function assertHolds(name: string, info: CollectionInfo, found: CollectionInfo): void {
  const fault = holdFault(info, found);
  if (fault === null) return;
  throw new VectorError(
    "E_SCHEMA_CONFLICT",
    `Target collection ${JSON.stringify(name)} is already there ${fault}.`,
    { details: { collection: name } },
  );
}

/** What differs between the two in payload indexes, shard keys and, where they are carried, aliases; a sentence part each. */
export function schemaFaults(
  info: CollectionInfo,
  found: CollectionInfo,
  aliases: boolean,
): string[] {
  const [wanted, standing] = [indexesOf(info), indexesOf(found)];
  const faults = Array.from(standing === null ? [] : (wanted ?? []), ([key, index]) => {
    const other = standing?.get(key);
    const name = `payload index ${JSON.stringify(key)}`;
    if (other === undefined) return `${name}: missing`;
    return other === index ? "" : `${name}: ${index} -> ${other}`;
  });
  const keys = new Set(found.shardKeys?.map(({ key }) => key));
  const lost = info.shardKeys?.filter(({ key }) => !keys.has(key)) ?? [];
  const names = aliases ? (info.aliases ?? []) : [];
  const unnamed = names.filter((alias) => found.aliases?.includes(alias) !== true);
  return [
    ...faults.filter((fault) => fault !== ""),
    ...lost.map(({ key }) => `shard key ${key}: missing`),
    ...unnamed.map((alias) => `alias ${JSON.stringify(alias)}: missing`),
  ];
}

/** What is tuned otherwise at the target, in words; empty = nothing. No point is another for it. */
export function tuningText(info: CollectionInfo, found: CollectionInfo): string {
  const [wanted, standing] = [tuningOf(info), tuningOf(found)];
  if (wanted === null || standing === null) return "";
  const parts = [...wanted].flatMap(([path, value]) => {
    const other = standing.get(path) ?? "not set";
    return other === value ? [] : [`${path} is ${other}, the source's ${value}`];
  });
  const more = parts.length > namedMax ? `; and ${parts.length - namedMax} more` : "";
  return parts.slice(0, namedMax).join("; ") + more;
}

/** Null = both are alike. */
function vectorFault(
  name: string,
  wanted: Record<string, unknown> | undefined,
  standing: Record<string, unknown> | undefined,
): string | null {
  const vector = name === "" ? "the vector without a name" : `vector ${JSON.stringify(name)}`;
  if (standing === undefined) return `without ${vector}, which the source has`;
  if (wanted === undefined) return `with ${vector}, which the source does not have`;
  for (const key of deciding) {
    const [one, other] = [settled(key, wanted[key]), settled(key, standing[key])];
    if (one !== other) return `with ${key} ${other} of ${vector}; the source's has ${one}`;
  }
  return null;
}

function settled(key: string, value: unknown): string {
  if (value === undefined || value === null) return key === "datatype" ? "float32" : "none";
  if (typeof value !== "object") return String(value);
  const { comparator } = Object(value);
  return String(comparator);
}

function vectorsOf(info: CollectionInfo): Map<string, Record<string, unknown>> {
  const params = configuration.safeParse(JSON.parse(info.configuration ?? "null")).data?.params;
  const single = dense.safeParse(params?.vectors);
  const named = single.success ? { "": single.data } : denseByName.parse(params?.vectors ?? {});
  return new Map<string, Record<string, unknown>>([
    ...Object.entries(named),
    ...Object.entries(params?.sparse_vectors ?? {}),
  ]);
}

/** By key: the type and the parameters. */
function indexesOf({ schema: text }: CollectionInfo): Map<string, string> | null {
  const parsed = schema.safeParse(JSON.parse(text ?? "null"));
  if (!parsed.success) return null;
  return new Map(
    Object.entries(parsed.data).map(([key, { data_type: type, params }]) => [
      key,
      params == null ? type : canonicalJson(JSON.stringify({ ...Object(params), type })),
    ]),
  );
}

/** Every other setting, by its path. */
function tuningOf({ configuration: text }: CollectionInfo): Map<string, string> | null {
  const parsed = json.safeParse(JSON.parse(text ?? "null"));
  if (!parsed.success || parsed.data === null) return null;
  const settings = new Map<string, string>();
  addLeaves(settings, "", parsed.data);
  return settings;
}

function addLeaves(settings: Map<string, string>, path: string, value: Json): void {
  if (value === null) return;
  if (typeof value !== "object" || Array.isArray(value)) {
    settings.set(path, JSON.stringify(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (path.startsWith("params") && deciding.has(key)) continue;
    addLeaves(settings, path === "" ? key : `${path}.${key}`, inner ?? null);
  }
}
