/**
 * The files of an archive, format 2:
 *
 *   manifest.json                                 of generation 1: what stands below, and the SHA-256 of each file; written last
 *   0001-docs/part-0001.parquet                   a folder for each collection, parts in the order of their rows (columns: `schema.ts`)
 *   generation-0002/manifest.json                 of generation 2, which names parts of generations before it too
 *   generation-0002/0001-docs/part-0001.parquet
 *   generation-0002/0001-docs/_dropped.parquet    rows of parts that this generation leaves out (`dropped-rows.ts`)
 *
 *   vecferry      "archive"
 *   format        2
 *   generation    from 1 on
 *   tool          version of vecferry that wrote it
 *   created       ISO 8601, UTC: when the writing began
 *   source        { kind, address, tenant, database, version } of the store; no key is in it
 *   collections   [{ rows: "records" | "points", info, missingVectors, failed, parts, dropped }], in the order in which they were written
 *     info        { key, name, tenant, database, dimension, distance, distanceFrom, count, metadata, configuration, schema, note,
 *                   vectors?, shardKeys?, aliases? }
 *     parts       [{ file, rows, missingVectors, bytes, sha256, dropped }], the file's path from the archive's folder on
 *     dropped     { file, bytes, sha256 }, or null where no row is left out
 *   sha256        of the JSON text, without white space, of all before it
 *
 * Format 1 has neither generations nor dropped rows: it is read as the only generation, and later ones stand beside it.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { distancePlaces } from "../../model/collection.ts";
import { distances } from "../../model/distance.ts";
import type { ArchiveManifest } from "../../store/archive.ts";
import { storeKinds } from "../../store/port.ts";
import { parseJson } from "../../util/json.ts";

export const manifestFile = "manifest.json";
export const manifestFormat = 2;

const text = z.string().nullable();
const count = z.number().int().min(0);

export const sourceSchema = z.object({
  kind: z.enum(storeKinds),
  address: z.string(),
  tenant: text,
  database: text,
  version: text,
});

const vectorSchema = z.object({
  name: z.string(),
  kind: z.enum(["dense", "sparse", "multi"]),
  dimension: count.nullable(),
  distance: text,
});

export const headSchema = z.object({
  rows: z.enum(["records", "points"]),
  info: z.object({
    key: z.string(),
    name: z.string(),
    tenant: text,
    database: text,
    dimension: count.nullable(),
    distance: z.enum(distances).nullable(),
    distanceFrom: z.enum(distancePlaces).nullable(),
    count: count.nullable(),
    metadata: text,
    configuration: text,
    schema: text,
    status: z.null().default(null),
    note: text,
    vectors: z.array(vectorSchema).readonly().exactOptional(),
    shardKeys: z
      .array(z.object({ key: z.string(), shards: count, replicas: count }))
      .readonly()
      .exactOptional(),
    aliases: z.array(z.string()).readonly().exactOptional(),
  }),
  scope: z.object({ where: text, limit: count.nullable() }).exactOptional(),
});

/** Names that no path can leave the archive by. */
export const folderPattern = /^\d{4,}(-[a-z0-9]+)*$/;
const filePattern = /^(generation-\d{4,}\/)?\d{4,}(-[a-z0-9]+)*\/(part-\d{4,}|_dropped)\.parquet$/;

const fileSchema = z.object({
  file: z.string().regex(filePattern),
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export const partSchema = fileSchema.extend({
  rows: count,
  missingVectors: count,
  dropped: count.default(0),
});

const manifestSchema = z.object({
  vecferry: z.literal("archive"),
  format: count,
  generation: count.default(1),
  tool: z.string(),
  created: z.string(),
  source: sourceSchema,
  collections: z.array(
    headSchema.extend({
      missingVectors: count,
      failed: count,
      parts: z.array(partSchema),
      dropped: fileSchema.nullable().default(null),
    }),
  ),
  sha256: z.string(),
});

/** The text of manifest.json. */
export function manifestText(manifest: ArchiveManifest): string {
  const { generation, tool, created, source, collections } = manifest;
  const head = { vecferry: "archive", format: manifestFormat, generation, tool, created, source };
  const content = { ...head, collections };
  return `${JSON.stringify({ ...content, sha256: sumOf(content) }, null, 2)}\n`;
}

/** @throws E_NO_ARCHIVE, E_ARCHIVE_FORMAT where it is of a later format, E_ARCHIVE_DAMAGED with the field */
export function parseManifest(path: string, content: string): ArchiveManifest {
  const json = parseJson(content);
  if (json === undefined) throw damaged(path, `${manifestFile} is not JSON.`);
  assertFormat(path, json);
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join(".") ?? "";
    throw damaged(path, `${manifestFile}: ${field}: ${issue?.message ?? "not understood"}.`, {
      field,
    });
  }
  const { sha256, ...rest } = Object(json);
  if (sumOf(rest) !== sha256)
    throw damaged(path, `${manifestFile} was changed: its own SHA-256 is another.`);
  const { vecferry: _, sha256: __, ...manifest } = parsed.data;
  return manifest;
}

function assertFormat(path: string, json: unknown): void {
  const head = z.object({ vecferry: z.literal("archive"), format: z.number() }).safeParse(json);
  if (!head.success)
    throw new VectorError("E_NO_ARCHIVE", `${path}: its ${manifestFile} is not an archive's.`);
  const { format } = head.data;
  if (format <= manifestFormat) return;
  throw new VectorError(
    "E_ARCHIVE_FORMAT",
    `The archive ${path} has format ${format}; this vecferry reads ${manifestFormat}.`,
    { details: { format } },
  );
}

export function damaged(
  path: string,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): VectorError {
  return new VectorError("E_ARCHIVE_DAMAGED", `The archive ${path} is damaged: ${what}`, {
    details,
    cause,
  });
}

function sumOf(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
