/**
 * What a server reads of each body, by place: which members an object has, and what becomes of others.
 * Source: qdrant 1.18.2, lib/api/src/rest/schema.rs, lib/collection/src/operations, lib/storage/src/content_manager/collection_meta_ops.rs.
 */
import type { RestOperation } from "./request.ts";

/** An object, or a list of such objects. */
export interface Shape {
  /** What may stand once only. */
  readonly members: Readonly<Record<string, Shape>>;
  /** What stands under any other name, as often as one likes; null = it is passed over unread. */
  readonly others: Shape | null;
  /** What the elements of a list are that stands in its place; itself where it is not said. */
  readonly elements?: Shape;
}

/** Kept in a map before it is looked at, so that of two keys the last counts. */
export const free: Shape = {
  members: {},
  get others() {
    return free;
  },
};

type Members = Readonly<Record<string, Shape>>;

/** Values of which the keys, if they have any, are not minded. */
const names = (list: string): Members =>
  Object.fromEntries(list.split(" ").map((name) => [name, free]));
/** Kept whole before its members are looked at, as all that is within a flattened or an untagged type. */
const kept = (members: Members): Shape => ({ members, others: free });
/** Fields of a struct by their place in a list: which of them are read is not known here, so that nothing in them is minded. */
export const unminded: Shape = {
  members: {},
  get others() {
    return unminded;
  },
};
/** Read as it comes. */
const straight = (members: Members): Shape => ({ members, others: null, elements: unminded });
/** A list of what is read as it comes. */
const listOf = (elements: Shape): Shape => ({ members: {}, others: free, elements });
/** Any names, each of the same shape. */
const named = (others: Shape): Shape => ({ members: {}, others });

const shard_key = kept(names("target fallback"));
const with_payload = kept(names("include exclude"));
const selected: Members = { with_payload, ...names("with_vector with_vectors") };
const conditions = kept(names("conditions min_count"));
const filter = kept({ ...names("must should must_not"), min_should: conditions });
const params = kept({
  ...names("hnsw_ef exact indexed_only"),
  quantization: kept(names("ignore rescore oversampling")),
  acorn: kept(names("enable max_selectivity")),
});
const lookup_from = kept({ ...names("collection vector"), shard_key });
const order_by = kept(names("key direction start_from"));
const input = kept(names("indices values text image object model options"));
const pair = kept({ positive: input, negative: input });

/** Formulas within formulas: the shape of each is that of all. */
const expressions: Record<string, Shape> = {};
const expression = kept(expressions);
const decay = kept({ x: expression, target: expression, ...names("scale midpoint") });
for (const term of ["mult", "sum", "neg", "abs", "sqrt", "exp", "log10", "ln"])
  expressions[term] = expression;
for (const term of ["lin_decay", "exp_decay", "gauss_decay"]) expressions[term] = decay;
expressions["div"] = kept({ left: expression, right: expression, ...names("by_zero_default") });
expressions["pow"] = kept({ base: expression, exponent: expression });
expressions["geo_distance"] = kept({ origin: kept(names("lon lat")), ...names("to") });
for (const term of ["datetime", "datetime_key"]) expressions[term] = free;

const query = kept({
  ...input.members,
  nearest: input,
  mmr: kept(names("diversity candidates_limit")),
  recommend: kept({ ...pair.members, ...names("strategy") }),
  discover: kept({ target: input, context: pair }),
  context: pair,
  order_by,
  rrf: kept(names("k weights")),
  formula: expression,
  ...names("fusion sample defaults relevance_feedback"),
});

const parts: Record<string, Shape> = {
  query,
  filter,
  params,
  lookup_from,
  ...names("using score_threshold limit"),
};
parts["prefetch"] = kept(parts);
const asked = kept({ ...parts, ...selected, shard_key, ...names("offset") });

const legacy: Members = {
  filter,
  params,
  shard_key,
  ...selected,
  ...names("score_threshold limit top offset"),
};
const grouped: Members = {
  ...names("group_by group_size limit"),
  with_lookup: kept({ ...selected, ...names("collection") }),
};
const vector = kept({ ...input.members, name: free, vector: input });
const search = kept({ ...legacy, vector });
const examples: Members = { ...legacy, using: free, lookup_from };
const recommend = kept({ ...examples, positive: input, negative: input, strategy: free });
const discover = kept({ ...examples, target: input, context: pair });
const batched = (searches: Shape) => straight({ searches });

const selector: Members = { ...names("points"), filter, shard_key };
const setting: Members = { ...selector, ...names("payload key") };
const removing: Members = { ...selector, ...names("keys") };
const vectors = named(input);
const row: Members = { id: free, vector: vectors, vectors };
const rows = (points: Shape): Members => ({ points, shard_key, update_filter: filter });
const emptying: Members = { ...selector, ...names("vector vectors") };
const operations = kept({
  upsert: free,
  delete: kept(selector),
  set_payload: kept(setting),
  overwrite_payload: kept(setting),
  delete_payload: kept(removing),
  clear_payload: kept(selector),
  update_vectors: kept(rows(kept(row))),
  delete_vectors: kept(emptying),
});

const hnsw = names(
  "m ef_construct full_scan_threshold full_scan_threshold_kb max_indexing_threads on_disk payload_m inline_storage",
);
const comparator = kept(names("comparator"));
const quantization = kept({
  scalar: kept(names("type quantile always_ram")),
  product: kept(names("compression always_ram")),
  binary: kept(names("always_ram encoding query_encoding")),
  turbo: kept(names("always_ram bits")),
});
const quantized: Members = { quantization_config: quantization, quantization };
const dense = kept({
  ...names("size distance on_disk datatype"),
  ...quantized,
  hnsw_config: kept(hnsw),
  multivector_config: comparator,
});
const sparseIndex = straight(names("full_scan_threshold on_disk datatype"));
const sparse = { ...straight({ index: sparseIndex, modifier: free }), elements: sparseIndex };
const optimizers = straight(
  names(
    "deleted_threshold vacuum_min_vector_number default_segment_number max_segment_size max_segment_size_kb memmap_threshold memmap_threshold_kb indexing_threshold indexing_threshold_kb flush_interval_sec max_optimization_threads prevent_unoptimized",
  ),
);
const settings: Members = {
  ...quantized,
  hnsw_config: straight(hnsw),
  optimizers_config: optimizers,
  optimizer_config: optimizers,
  sparse_vectors: named(sparse),
  ...names("strict_mode_config metadata"),
};
const fieldSchema = kept({
  ...names("type is_tenant on_disk enable_hnsw lookup range is_principal tokenizer min_token_len"),
  ...names("max_token_len lowercase ascii_folding phrase_matching"),
  stopwords: kept(names("languages custom")),
  stemmer: kept(names("type language")),
});

/** Others are read without a look at their keys. */
export const bodyShapes: Readonly<Partial<Record<RestOperation, Shape>>> = {
  createCollection: straight({
    ...settings,
    vectors: { members: dense.members, others: dense },
    wal_config: straight(names("wal_capacity_mb wal_segments_ahead wal_retain_closed")),
    ...names("shard_number sharding_method replication_factor write_consistency_factor"),
    ...names("on_disk_payload uuid"),
  }),
  updateCollection: straight({
    ...settings,
    vectors: named(straight({ hnsw_config: straight(hnsw), ...quantized, on_disk: free })),
    params: straight(
      names(
        "replication_factor write_consistency_factor read_fan_out_factor read_fan_out_delay_ms on_disk_payload",
      ),
    ),
  }),
  createVectorName: kept({
    dense: kept({ ...names("size distance datatype"), multivector_config: comparator }),
    sparse: kept(names("modifier datatype")),
  }),
  updateAliases: straight({
    actions: kept({
      create_alias: kept(names("collection_name alias_name")),
      delete_alias: kept(names("alias_name")),
      rename_alias: kept(names("old_alias_name new_alias_name")),
    }),
  }),
  createPayloadIndex: straight({
    field_name: free,
    field_schema: fieldSchema,
    field_type: fieldSchema,
  }),
  retrievePoints: kept({ ...selected, shard_key, ids: free }),
  scrollPoints: kept({ ...selected, shard_key, filter, order_by, ...names("offset limit") }),
  countPoints: kept({ filter, shard_key, exact: free }),
  facet: kept({ filter, shard_key, ...names("key limit exact") }),
  deletePoints: kept(selector),
  clearPayload: kept(selector),
  setPayload: straight(setting),
  overwritePayload: straight(setting),
  deletePayload: straight(removing),
  updateVectors: straight(rows(listOf(straight(row)))),
  deleteVectors: straight(emptying),
  batchUpdate: straight({ operations }),
  queryPoints: asked,
  queryBatch: batched(asked),
  queryGroups: kept({ ...parts, ...grouped, with_payload, with_vector: free, shard_key }),
  search,
  searchBatch: batched(search),
  searchGroups: kept({ ...search.members, ...grouped }),
  recommend,
  recommendBatch: batched(recommend),
  recommendGroups: kept({ ...recommend.members, ...grouped }),
  discover,
  discoverBatch: batched(discover),
};

/** Second spellings. */
const spellings: Readonly<Record<string, string>> = {
  vectors: "vector",
  with_vectors: "with_vector",
  top: "limit",
  field_type: "field_schema",
  optimizer_config: "optimizers_config",
  quantization: "quantization_config",
  full_scan_threshold_kb: "full_scan_threshold",
  max_segment_size_kb: "max_segment_size",
  memmap_threshold_kb: "memmap_threshold",
  indexing_threshold_kb: "indexing_threshold",
};

/** The member that a key means, where it means one; null = it is none of the shape's. */
export function memberOf({ members }: Shape, key: string): string | null {
  if (!Object.hasOwn(members, key)) return null;
  const first = Object.hasOwn(spellings, key) ? spellings[key] : undefined;
  return first !== undefined && Object.hasOwn(members, first) ? first : key;
}

/** What stands under a key; null = it is passed over unread. */
export function shapeBelow({ members, others }: Shape, key: string): Shape | null {
  return (Object.hasOwn(members, key) ? members[key] : undefined) ?? others;
}
