/** The flags of `vecferry export`, and of a restore into a Chroma. */
import { runFlags, scopeFlags, shapeFlags } from "./flags.ts";
import type { FlagTable } from "./setting.ts";
import { oneOf, onOff, text, texts } from "./values.ts";

const outputFormats = ["chromadb", "archive"] as const;

/** Which collections. */
export const exportScopeFlags = {
  collection: {
    flag: "--collection <name...>",
    help: "only these collections of the source (`--` ends the list)",
    schema: texts,
  },
  include: scopeFlags.include,
  exclude: scopeFlags.exclude,
} as const satisfies FlagTable;

/** What becomes of points. */
export const exportShapeFlags = {
  targetCollection: {
    flag: shapeFlags.targetCollection.flag,
    help: "one collection that takes all; default: each goes back into its own",
    schema: text,
  },
  rename: shapeFlags.rename,
  tenantMapping: shapeFlags.tenantMapping,
  splitTenants: {
    flag: "--split-tenants",
    help: "a collection NAME-TENANT for each tenant that nothing tells a collection of; default: the tenant stays in the metadata",
    schema: onOff,
  },
  vector: {
    flag: "--vector <name>",
    help: "which of several vectors a record gets",
    schema: text,
  },
  distanceMetric: {
    flag: shapeFlags.distanceMetric.flag,
    help: "of collections whose own distance no Chroma has: cosine, ip or l2",
    schema: shapeFlags.distanceMetric.schema,
  },
  flatten: {
    flag: "--flatten",
    help: "objects in metadata become keys with dots; null and empty lists are left out",
    schema: onOff,
  },
  nearestFloats: {
    flag: "--nearest-floats",
    help: "for a float that the Chroma cannot hold the nearest that it keeps; default: quarantine",
    schema: onOff,
  },
  vectorsFrom: {
    flag: "--vectors-from <archive>",
    help: "archive:./folder of the Chroma as it was: under cosine its very bits go back",
    schema: text,
  },
} as const satisfies FlagTable;

/** How it is done. */
export const exportRunFlags = {
  batchSize: runFlags.batchSize,
  merge: {
    flag: "--merge",
    help: "write beside records that the source does not have",
    schema: onOff,
  },
  overwrite: {
    flag: "--overwrite",
    help: "write over records that stand there otherwise than they were written",
    schema: onOff,
  },
  propagateDeletes: runFlags.propagateDeletes,
} as const satisfies FlagTable;

export const outputFormatFlags = {
  outputFormat: {
    flag: "--output-format <format>",
    help: "chromadb (the default; a running Chroma) or archive (a folder, as `vecferry backup` writes it)",
    schema: oneOf(outputFormats),
  },
} as const satisfies FlagTable;
