/** From checked flags to what a verb is asked. */
import type { Command } from "commander";
import { VectorError } from "../errors.ts";
import type {
  MigrateRequest,
  RecordLine,
  RepairRequest,
  Scope,
  Shape,
  TargetSettings,
  VerifyRequest,
} from "../migrate/request.ts";
import type { HnswSettings, Quantization } from "../model/collection.ts";
import { parseWhere } from "../model/filter.ts";
import type { Environment } from "../util/environment.ts";
import { makeFlags, type runFlags, scopeFlags, shapeFlags } from "./flags.ts";
import { readMapping } from "./mapping.ts";
import { addFlags, type FlagTable, readSettings, type Values } from "./setting.ts";
import { assertNoAddress } from "./verb.ts";

type ScopeValues = Values<typeof scopeFlags>;
type ShapeValues = Values<typeof shapeFlags>;
type MakeValues = Values<typeof makeFlags>;
type RunValues = Values<typeof runFlags>;

/** The flags that `migrateRequest` reads; `would` = of a migration that may never be. */
export function addRequestFlags(command: Command, would = false): void {
  addFlags(command, "Which records:", scopeFlags);
  addFlags(command, `How they ${would ? "would come" : "come"} out:`, shapeFlags);
  addFlags(command, `How target collections ${would ? "would be" : "are"} made:`, makeFlags);
}

/**
 * Which records go, how they come out and into what, from the flags and variables; `run` as it was read. Reads the mapping file.
 * @throws E_CONFIG, E_MAPPING, E_USAGE, E_INPUT
 */
export function migrateRequest(
  flags: Readonly<Record<string, unknown>>,
  environment: Environment,
  run: Partial<RunValues> = {},
): MigrateRequest {
  const scope = readSettings(scopeFlags, flags, environment).values;
  const shape = readSettings(shapeFlags, flags, environment).values;
  const make = readSettings(makeFlags, flags, environment).values;
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  return {
    scope: toScope(scope),
    shape: toShape(shape),
    settings: toTargetSettings(make),
    batchSize: run.batchSize ?? null,
    merge: run.merge ?? false,
    restart: run.restart ?? false,
    propagateDeletes: run.propagateDeletes ?? false,
    indexing: run.indexing ?? "after",
    waitGreen: run.waitGreen ?? false,
  };
}

/** What `vecferry verify` is asked; a scope only where a flag gives one. */
export function verifyRequest(
  scope: ScopeValues,
  asked: { readonly targetOnly: boolean; readonly sample: number | null },
  onRecord: ((line: RecordLine) => void) | null,
): VerifyRequest {
  return { scope: isGiven(scope) ? toScope(scope) : null, ...asked, onRecord };
}

/** What `vecferry repair` is asked. */
export function repairRequest(
  verify: VerifyRequest,
  asked: Partial<Omit<RepairRequest, "verify">>,
): RepairRequest {
  const { overwrite = false, deleteExtra = false, dryRun = false } = asked;
  return { verify, overwrite, deleteExtra, dryRun };
}

function isGiven(values: Values<FlagTable>): boolean {
  return Object.values(values).some((value) => value !== undefined);
}

/** The records that these flags choose. @throws E_CONFIG */
export function toScope(values: ScopeValues): Scope {
  return {
    collections: values.chromadbCollections ?? null,
    include: values.include ?? [],
    exclude: values.exclude ?? [],
    where: values.where === undefined ? null : checkWhere(values.where),
    limit: values.limit ?? null,
  };
}

function checkWhere(where: unknown): unknown {
  try {
    parseWhere(where);
    return where;
  } catch (error) {
    if (!(error instanceof VectorError)) throw error;
    throw new VectorError("E_CONFIG", `--where is not Chroma's: ${error.message}`, {
      cause: error,
      next: `Give --where as Chroma takes it, for example '{"category": {"$eq": "news"}}'.`,
    });
  }
}

function toShape(values: ShapeValues): Shape {
  return {
    layout: values.layout ?? null,
    targetCollection: values.targetCollection ?? null,
    renames: values.rename ?? new Map(),
    mapping: values.tenantMapping === undefined ? null : readMapping(values.tenantMapping),
    defaultTenant: values.defaultTenant ?? null,
    idPrefixes: values.idPrefix ?? new Map(),
    vectorSize: values.vectorSize ?? null,
    distance: values.distanceMetric ?? null,
  };
}

function toTargetSettings(values: MakeValues): TargetSettings {
  return {
    indexes: values.index ?? [],
    quantization: toQuantization(values),
    hnsw: toHnsw(values),
    onDisk: values.onDisk ?? null,
    shards: values.shards ?? null,
    replicas: values.replicas ?? null,
  };
}

function toHnsw(values: MakeValues): HnswSettings {
  return {
    ...(values.hnswM === undefined ? {} : { m: values.hnswM }),
    ...(values.hnswEfConstruct === undefined ? {} : { efConstruct: values.hnswEfConstruct }),
    ...(values.fullScanThreshold === undefined
      ? {}
      : { fullScanThreshold: values.fullScanThreshold }),
    ...(values.maxIndexingThreads === undefined
      ? {}
      : { maxIndexingThreads: values.maxIndexingThreads }),
  };
}

/** Qdrant's words for the bits of a dimension. */
const bitWords = {
  binary: { "1": "one_bit", "1.5": "one_and_half_bits", "2": "two_bits", "4": null },
  turbo: { "1": "bits1", "1.5": "bits1_5", "2": "bits2", "4": "bits4" },
} as const;

function toQuantization(values: MakeValues): Quantization | null {
  const {
    quantizationQuantile: quantile,
    quantizationCompression: compression,
    quantizationBits: bits,
    alwaysRam,
  } = values;
  const kind = values.quantization ?? (values.enableQuantization ? "scalar" : undefined);
  if (values.enableQuantization && kind !== "scalar") {
    throw contradiction("--enable-quantization", `--quantization ${kind}`);
  }
  const belongs = {
    "--quantization-quantile": [quantile, kind === "scalar"],
    "--quantization-compression": [compression, kind === "product"],
    "--quantization-bits": [bits, kind === "binary" || kind === "turbo"],
    "--always-ram": [alwaysRam, kind !== undefined],
  } as const;
  for (const [flag, [value, fits]] of Object.entries(belongs)) {
    if (value === undefined || fits) continue;
    throw contradiction(flag, kind === undefined ? "no --quantization" : `--quantization ${kind}`);
  }
  if (kind === undefined) return null;
  const inRam = alwaysRam ?? values.enableQuantization;
  const ram = inRam === undefined ? {} : { alwaysRam: inRam };
  if (kind === "scalar") {
    const kept = quantile ?? (values.enableQuantization ? 0.99 : undefined);
    return { kind, ...(kept === undefined ? {} : { quantile: kept }), ...ram };
  }
  if (kind === "product") return { kind, compression: compression ?? "x16", ...ram };
  if (bits === undefined) return { kind, ...ram };
  const word = bitWords[kind][bits];
  if (word === null) throw contradiction(`--quantization-bits ${bits}`, `--quantization ${kind}`);
  return { kind, bits: word, ...ram };
}

function contradiction(flag: string, other: string): VectorError {
  return new VectorError("E_USAGE", `${flag} does not go with ${other}.`, {
    next: "Leave one of the two out; `vecferry migrate --help` says what goes with what.",
  });
}
