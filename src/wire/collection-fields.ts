/**
 * The fields of the messages that make and describe collections: name in REST's JSON, number, kind. Where JSON has another
 * shape than the message (`vectors` is one or many, a setting is a word or a number), the field says how one becomes the other.
 */
import type { JsonValue } from "../util/json.ts";
import { type Field, type Fields, isMap, type JsonMap, type Kind } from "./settings.ts";

function field(number: number, kind: Kind): Field {
  return { number, kind };
}

/** A field that is always there: zero is not sent. */
function plain(number: number, kind: Kind): Field {
  return { number, kind, plain: true };
}

/** A message around one member `name`, which JSON leaves out. */
function wrapped(number: number, name: string, inner: Field): Field {
  return {
    number,
    kind: { message: { [name]: inner } },
    toMessage: (value) => ({ [name]: value }),
    toJson: (value) => value[name],
  };
}

const hnsw: Fields = {
  m: field(1, "uint"),
  ef_construct: field(2, "uint"),
  full_scan_threshold: field(3, "uint"),
  max_indexing_threads: field(4, "uint"),
  on_disk: field(5, "flag"),
  payload_m: field(6, "uint"),
  inline_storage: field(7, "flag"),
};

const wal: Fields = {
  wal_capacity_mb: field(1, "uint"),
  wal_segments_ahead: field(2, "uint"),
  wal_retain_closed: field(3, "uint"),
};

const threads: Field = {
  number: 9,
  kind: { message: { value: field(1, "uint"), setting: field(2, { names: ["auto"] }) } },
  toMessage: (value) => (typeof value === "string" ? { setting: value } : { value }),
  toJson: ({ value, setting }) => value ?? setting,
};

const optimizers: Fields = {
  deleted_threshold: field(1, "double"),
  vacuum_min_vector_number: field(2, "uint"),
  default_segment_number: field(3, "uint"),
  max_segment_size: field(4, "uint"),
  memmap_threshold: field(5, "uint"),
  indexing_threshold: field(6, "uint"),
  flush_interval_sec: field(7, "uint"),
  max_optimization_threads: threads,
  prevent_unoptimized: field(10, "flag"),
};

const quantization: Fields = {
  scalar: field(1, {
    message: {
      type: plain(1, { names: ["", "int8"] }),
      quantile: field(2, "float"),
      always_ram: field(3, "flag"),
    },
  }),
  product: field(2, {
    message: {
      compression: plain(1, { names: ["x4", "x8", "x16", "x32", "x64"] }),
      always_ram: field(2, "flag"),
    },
  }),
  binary: field(3, {
    message: {
      always_ram: field(1, "flag"),
      encoding: field(2, { names: ["one_bit", "two_bits", "one_and_half_bits"] }),
      query_encoding: wrapped(
        3,
        "setting",
        field(4, { names: ["default", "binary", "scalar4bits", "scalar8bits"] }),
      ),
    },
  }),
  turbo: field(4, {
    message: {
      always_ram: field(1, "flag"),
      bits: field(2, { names: ["bits1", "bits1_5", "bits2", "bits4"] }),
    },
  }),
};

const datatype: Kind = { names: ["", "float32", "uint8", "float16", "turbo4"] };

const vectorParams: Fields = {
  size: plain(1, "uint"),
  distance: plain(2, { names: ["", "Cosine", "Euclid", "Dot", "Manhattan"] }),
  hnsw_config: field(3, { message: hnsw }),
  quantization_config: field(4, { message: quantization }),
  on_disk: field(5, "flag"),
  datatype: field(6, datatype),
  multivector_config: field(7, { message: { comparator: plain(1, { names: ["max_sim"] }) } }),
};

/** One vector's parameters, or those of each name. */
function vectors(number: number): Field {
  const named = { map: field(1, { map: vectorParams }) };
  return {
    number,
    kind: {
      message: {
        params: field(1, { message: vectorParams }),
        params_map: field(2, { message: named }),
      },
    },
    toMessage: (value) =>
      isMap(value) && !isMap(value["size"]) && "size" in value
        ? { params: value }
        : { params_map: { map: value } },
    toJson: ({ params, params_map }) =>
      params ?? (isMap(params_map) ? params_map["map"] : {}) ?? {},
  };
}

const sparseParams: Fields = {
  index: field(1, {
    message: {
      full_scan_threshold: field(1, "uint"),
      on_disk: field(2, "flag"),
      datatype: field(3, datatype),
    },
  }),
  modifier: field(2, { names: ["none", "idf"] }),
};

function sparseVectors(number: number): Field {
  return wrapped(number, "map", field(1, { map: sparseParams }));
}

const shardingMethod: Kind = { names: ["auto", "custom"] };

const strictMode: Fields = {
  enabled: field(1, "flag"),
  max_query_limit: field(2, "uint"),
  max_timeout: field(3, "uint"),
  unindexed_filtering_retrieve: field(4, "flag"),
  unindexed_filtering_update: field(5, "flag"),
  search_max_hnsw_ef: field(6, "uint"),
  search_allow_exact: field(7, "flag"),
  search_max_oversampling: field(8, "float"),
  upsert_max_batchsize: field(9, "uint"),
  max_collection_vector_size_bytes: field(10, "uint"),
  read_rate_limit: field(11, "uint"),
  write_rate_limit: field(12, "uint"),
  max_collection_payload_size_bytes: field(13, "uint"),
  filter_max_conditions: field(14, "uint"),
  condition_max_size: field(15, "uint"),
  multivector_config: wrapped(
    16,
    "multivector_config",
    field(1, { map: { max_vectors: field(1, "uint") } }),
  ),
  sparse_config: wrapped(17, "sparse_config", field(1, { map: { max_length: field(10, "uint") } })),
  max_points_count: field(18, "uint"),
  max_payload_index_count: field(19, "uint"),
  search_max_batchsize: field(20, "uint"),
  max_resident_memory_percent: field(21, "uint"),
  max_disk_usage_percent: field(22, "uint"),
};

/** CreateCollection, its name apart. */
export const creation: Fields = {
  hnsw_config: field(4, { message: hnsw }),
  wal_config: field(5, { message: wal }),
  optimizers_config: field(6, { message: optimizers }),
  shard_number: field(7, "uint"),
  on_disk_payload: field(8, "flag"),
  vectors: vectors(10),
  replication_factor: field(11, "uint"),
  write_consistency_factor: field(12, "uint"),
  quantization_config: field(14, { message: quantization }),
  sharding_method: field(15, shardingMethod),
  sparse_vectors: sparseVectors(16),
  strict_mode_config: field(17, { message: strictMode }),
  metadata: field(18, "values"),
};

const collectionParams: Fields = {
  shard_number: plain(3, "uint"),
  on_disk_payload: plain(4, "flag"),
  vectors: vectors(5),
  replication_factor: field(6, "uint"),
  write_consistency_factor: field(7, "uint"),
  read_fan_out_factor: field(8, "uint"),
  sharding_method: field(9, shardingMethod),
  sparse_vectors: sparseVectors(10),
  read_fan_out_delay_ms: field(11, "uint"),
};

/** What a server decides by itself is null in REST's description, and a word in gRPC's. */
const describedOptimizers: Fields = {
  ...optimizers,
  max_optimization_threads: {
    ...threads,
    toJson: ({ value }) => value,
  },
};

const config: Fields = {
  params: field(1, { message: collectionParams }),
  hnsw_config: field(2, { message: hnsw }),
  optimizer_config: field(3, { message: describedOptimizers }),
  wal_config: field(4, { message: wal }),
  quantization_config: field(5, { message: quantization }),
  strict_mode_config: field(6, { message: strictMode }),
  metadata: field(7, "values"),
};

const flags = (names: Readonly<Record<string, number>>): Fields =>
  Object.fromEntries(Object.entries(names).map(([name, number]) => [name, field(number, "flag")]));

const textIndex: Fields = {
  tokenizer: plain(1, { names: ["", "prefix", "whitespace", "word", "multilingual"] }),
  lowercase: field(2, "flag"),
  min_token_len: field(3, "uint"),
  max_token_len: field(4, "uint"),
  on_disk: field(5, "flag"),
  stopwords: {
    number: 6,
    kind: { message: { languages: field(1, "texts"), custom: field(2, "texts") } },
    toMessage: (value) => (typeof value === "string" ? { languages: [value] } : value),
  },
  phrase_matching: field(7, "flag"),
  stemmer: {
    number: 8,
    kind: { message: { snowball: field(1, { message: { language: plain(1, "text") } }) } },
    toMessage: (value) => ({ snowball: value }),
    toJson: ({ snowball }) => ({ type: "snowball", ...(isMap(snowball) ? snowball : {}) }),
  },
  ascii_folding: field(9, "flag"),
  enable_hnsw: field(10, "flag"),
};

const indexTypes = ["keyword", "integer", "float", "geo", "text", "bool", "datetime", "uuid"];

/** PayloadIndexParams: one member for each type of index. JSON has the type as a member instead. */
const indexParams: Fields = {
  text: field(1, { message: textIndex }),
  integer: field(2, {
    message: flags({ lookup: 1, range: 2, is_principal: 3, on_disk: 4, enable_hnsw: 5 }),
  }),
  keyword: field(3, { message: flags({ is_tenant: 1, on_disk: 2, enable_hnsw: 3 }) }),
  float: field(4, { message: flags({ on_disk: 1, is_principal: 2, enable_hnsw: 3 }) }),
  geo: field(5, { message: flags({ on_disk: 1, enable_hnsw: 2 }) }),
  bool: field(6, { message: flags({ on_disk: 1, enable_hnsw: 2 }) }),
  datetime: field(7, { message: flags({ on_disk: 1, is_principal: 2, enable_hnsw: 3 }) }),
  uuid: field(8, { message: flags({ is_tenant: 1, on_disk: 2, enable_hnsw: 3 }) }),
};

/** CreateFieldIndexCollection. */
export const indexCreation: Fields = {
  collection: plain(1, "text"),
  wait: plain(2, "flag"),
  path: plain(3, "text"),
  type: field(4, { names: indexTypes }),
  params: { number: 5, kind: { message: indexParams }, toJson: typedParams },
  timeout: field(7, "uint"),
};

function typedParams(value: JsonMap): JsonValue | undefined {
  const [type, params] = Object.entries(value)[0] ?? [];
  return type === undefined || !isMap(params) ? undefined : { type, ...params };
}

/** CollectionInfo. */
export const description: Fields = {
  status: plain(1, { names: ["", "green", "yellow", "red", "grey"] }),
  optimizer_status: {
    number: 2,
    kind: { message: { ok: plain(1, "flag"), error: plain(2, "text") } },
    toMessage: (value) => (isMap(value) ? { ok: false, ...value } : { ok: true }),
    toJson: ({ ok, error = "" }) => (ok === true ? "ok" : { error }),
  },
  segments_count: plain(4, "uint"),
  config: field(7, { message: config }),
  payload_schema: plain(8, {
    map: {
      data_type: plain(1, { names: ["", ...indexTypes] }),
      params: {
        number: 2,
        kind: { message: indexParams },
        toMessage: (value) => (isMap(value) ? { [String(value["type"])]: value } : value),
        toJson: typedParams,
      },
      points: field(3, "uint"),
    },
  }),
  points_count: field(9, "uint"),
  indexed_vectors_count: field(10, "uint"),
  warnings: field(11, { list: { message: plain(1, "text") } }),
  update_queue: field(12, {
    message: { length: plain(1, "uint"), deferred_points: field(2, "uint") },
  }),
};
