/** The flags of every verb but those of the ends, in the groups that help shows. */
import { z } from "zod";
import { indexings } from "../migrate/request.ts";
import { layouts } from "../model/collection.ts";
import type { FlagTable } from "./setting.ts";
import {
  distance,
  fraction,
  json,
  oneOf,
  onOff,
  pairs,
  payloadIndexes,
  reportFiles,
  text,
  texts,
  wholeNumber,
} from "./values.ts";

/** Which records a run is about. */
export const scopeFlags = {
  chromadbCollections: {
    flag: "--chromadb-collections <name...>",
    help: "only these collections (`--` ends the list)",
    schema: texts,
  },
  include: {
    flag: "--include <glob>",
    help: "only collections whose name fits (* and ?)",
    schema: texts,
    repeat: true,
  },
  exclude: {
    flag: "--exclude <glob>",
    help: "no collection whose name fits",
    schema: texts,
    repeat: true,
  },
  where: {
    flag: "--where <json>",
    help: "only records whose metadata fits Chroma's where",
    schema: json,
  },
  limit: {
    flag: "--limit <records>",
    help: "at most so many records a collection: a rehearsal",
    schema: wholeNumber(1, 1_000_000_000),
  },
} as const satisfies FlagTable;

/** What decides how a record comes out. A later run must say the same, or nothing. */
export const shapeFlags = {
  targetCollection: {
    flag: "--target-collection <name>",
    variable: "VECTOR_COLLECTION_NAME",
    help: "one collection that takes all; default: the source's names",
    schema: text,
  },
  rename: {
    flag: "--rename <old=new>",
    help: "another name at the target for one collection",
    schema: pairs,
    repeat: true,
  },
  tenantMapping: {
    flag: "--tenant-mapping <file>",
    help: 'JSON file { "collection": "tenant" }; comments with # and // are allowed',
    schema: text,
  },
  defaultTenant: {
    flag: "--default-tenant <name>",
    help: "tenant of the collections that no mapping names",
    schema: text,
  },
  layout: {
    flag: "--layout <name>",
    help: "how records become payload: vecferry (default), flat, langchain, llamaindex",
    schema: oneOf(layouts),
  },
  idPrefix: {
    flag: "--id-prefix <collection=text>",
    help: "keeps the ids of one collection apart from another's",
    schema: pairs,
    repeat: true,
  },
  vectorSize: {
    flag: "--vector-size <number>",
    variable: "VECTOR_DIMENSION",
    help: "dimension of the vectors; default: the source's own",
    schema: wholeNumber(1, 65_536),
  },
  distanceMetric: {
    flag: "--distance-metric <name>",
    variable: "VECTOR_DISTANCE_METRIC",
    help: "cosine, ip (dot) or l2 (euclid); default: the source's own",
    schema: distance,
  },
} as const satisfies FlagTable;

/** How the target collections are made. */
export const makeFlags = {
  index: {
    flag: "--index <key[:type]>",
    help: "payload index, made before the points; type keyword unless given",
    schema: payloadIndexes,
    repeat: true,
  },
  quantization: {
    flag: "--quantization <kind>",
    help: "scalar, product, binary or turbo",
    schema: oneOf(["scalar", "product", "binary", "turbo"]),
  },
  quantizationQuantile: {
    flag: "--quantization-quantile <number>",
    help: "scalar: share of the values that is kept in range, 0.5 to 1",
    schema: fraction(0.5, 1),
  },
  quantizationCompression: {
    flag: "--quantization-compression <ratio>",
    help: "product: x4, x8, x16 (default), x32 or x64",
    schema: oneOf(["x4", "x8", "x16", "x32", "x64"]),
  },
  quantizationBits: {
    flag: "--quantization-bits <number>",
    help: "binary: 1, 1.5 or 2; turbo: 1, 1.5, 2 or 4",
    schema: oneOf(["1", "1.5", "2", "4"]),
  },
  alwaysRam: {
    flag: "--always-ram",
    help: "keep the quantized vectors in memory",
    schema: onOff,
  },
  enableQuantization: {
    flag: "--enable-quantization",
    help: "the same as --quantization scalar --quantization-quantile 0.99 --always-ram",
    schema: onOff,
  },
  hnswM: {
    flag: "--hnsw-m <number>",
    help: "edges a node in the HNSW graph",
    schema: wholeNumber(0, 10_000),
  },
  hnswEfConstruct: {
    flag: "--hnsw-ef-construct <number>",
    help: "candidates looked at while the graph is built",
    schema: wholeNumber(4, 100_000),
  },
  fullScanThreshold: {
    flag: "--full-scan-threshold <kilobytes>",
    help: "size below which a scan is preferred to the graph",
    schema: wholeNumber(10, 1_000_000_000),
  },
  maxIndexingThreads: {
    flag: "--max-indexing-threads <number>",
    help: "threads that build the graph; 0 = as many as fit",
    schema: wholeNumber(0, 1_024),
  },
  onDisk: { flag: "--on-disk", help: "keep the vectors on disk", schema: onOff },
  shards: {
    flag: "--shards <number>",
    help: "shards a collection",
    schema: wholeNumber(1, 10_000),
  },
  replicas: {
    flag: "--replicas <number>",
    help: "copies of each shard",
    schema: wholeNumber(1, 1_000),
  },
} as const satisfies FlagTable;

/** How a migration goes about it. */
export const runFlags = {
  batchSize: {
    flag: "--batch-size <rows>",
    help: "records a request; default: from the size of a record",
    schema: wholeNumber(1, 100_000),
  },
  merge: { flag: "--merge", help: "write beside points that are not vecferry's", schema: onOff },
  restart: {
    flag: "--restart",
    help: "forget what was done and copy all again over what stands; deletes nothing",
    schema: onOff,
  },
  propagateDeletes: {
    flag: "--propagate-deletes",
    help: "delete at the target what the source has deleted since, where it is as written",
    schema: onOff,
  },
  indexing: {
    flag: "--indexing <when>",
    help: `when a collection that is made gets its index: ${indexings.join(" or ")} the copy (default: after)`,
    schema: oneOf(indexings),
  },
  waitGreen: {
    flag: "--wait-green",
    help: "wait until the target has finished indexing",
    schema: onOff,
  },
  dryRun: { flag: "--dry-run", help: "print the plan and write nothing", schema: onOff },
} as const satisfies FlagTable;

/** How points of a Qdrant go into a Qdrant. */
export const pointsFlags = {
  overwrite: {
    flag: "--overwrite",
    help: "write over points that stand at the target otherwise than at the source",
    schema: onOff,
  },
  aliases: {
    flag: "--no-aliases",
    help: "leave the source's aliases out",
    schema: z.boolean(),
  },
} as const satisfies FlagTable;

/** What the two ends must not be asked beyond: a run must not hurt who else uses them. */
export const gentleFlags = {
  maxRowsPerSecond: {
    flag: "--max-rows-per-second <rows>",
    variable: "VECFERRY_MAX_ROWS_PER_SECOND",
    help: "read and write no more than so many rows a second, at each end",
    schema: wholeNumber(1, 1_000_000_000),
  },
  maxSourceLatencyMs: {
    flag: "--max-source-latency-ms <ms>",
    variable: "VECFERRY_MAX_SOURCE_LATENCY_MS",
    help: "when the source takes longer to answer one request, ask it for less: fewer requests at once, then smaller ones, then pauses",
    schema: wholeNumber(1, 600_000),
  },
  maxTargetLatencyMs: {
    flag: "--max-target-latency-ms <ms>",
    variable: "VECFERRY_MAX_TARGET_LATENCY_MS",
    help: "the same for the target, read or written",
    schema: wholeNumber(1, 600_000),
  },
} as const satisfies FlagTable;

/** What `verify` compares. */
export const verifyFlags = {
  sourceChromadb: {
    flag: "--source-chromadb",
    help: "the source is the Chroma server of the flags, the variables or the defaults",
    schema: onOff,
  },
  targetQdrant: {
    flag: "--target-qdrant",
    help: "the target is the Qdrant server of the flags, the variables or the defaults",
    schema: onOff,
  },
  targetOnly: {
    flag: "--target-only",
    help: "compare the target with the journal alone; the source is not read",
    schema: onOff,
  },
  sample: {
    flag: "--sample <records>",
    help: "compare only so many records of each collection, drawn at random",
    schema: wholeNumber(1, 1_000_000_000),
  },
  combined: {
    flag: "--combined <file>",
    help: "write a line a record: = same, + missing at the target, - only there, * differs, ! unreadable",
    schema: text,
  },
} as const satisfies FlagTable;

/** How differences are mended. */
export const fixFlags = {
  fixMissing: {
    flag: "--fix-missing",
    help: "write what is missing and what differs, and verify again (as `repair` does)",
    schema: onOff,
  },
  overwrite: {
    flag: "--overwrite",
    help: "write over records that were changed at the target, too",
    schema: onOff,
  },
} as const satisfies FlagTable;

/** What `repair` may do. */
export const repairFlags = {
  overwrite: fixFlags.overwrite,
  deleteExtra: {
    flag: "--delete-extra",
    help: "delete points of this migration that the source does not have",
    schema: onOff,
  },
  dryRun: { flag: "--dry-run", help: "say what would be done and change nothing", schema: onOff },
} as const satisfies FlagTable;

export const cancelFlags = {
  dryRun: { flag: "--dry-run", help: "say what would go and remove nothing", schema: onOff },
} as const satisfies FlagTable;

/** Where a verb keeps what it knows. */
export const stateFlags = {
  state: {
    flag: "--state <folder>",
    variable: "VECFERRY_STATE",
    help: "folder of the journal, reports and quarantine; default ./.vecferry",
    schema: text,
  },
} as const satisfies FlagTable;

/** How a verb speaks. */
export const outputFlags = {
  json: {
    flag: "--json",
    help: "JSON lines on stdout, words for people on stderr",
    schema: onOff,
  },
} as const satisfies FlagTable;

/** What a run leaves behind. */
export const reportFlags = {
  reportFile: {
    flag: "--report-file <file>",
    help: "write the report there too: x.json as JSON, x.html as a page for people",
    schema: reportFiles,
    repeat: true,
  },
} as const satisfies FlagTable;

/** Who is told what happens. */
export const hookFlags = {
  onEvent: {
    flag: "--on-event <command>",
    variable: "VECFERRY_ON_EVENT",
    help: "shell command to run on done, failed, quarantined and throttled; the event is JSON on its stdin",
    schema: text,
  },
} as const satisfies FlagTable;

export const logFlags = {
  logFile: {
    flag: "--log-file <file>",
    help: "log there; default migration_<UTC time>.log",
    schema: text,
  },
  logLevel: {
    flag: "--log-level <level>",
    help: "error, warn, info (default) or debug",
    schema: oneOf(["error", "warn", "info", "debug"]),
  },
} as const satisfies FlagTable;
