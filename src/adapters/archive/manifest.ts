/**
 * The files of an archive, format 1:
 *
 *   manifest.json                 what stands below, and the SHA-256 of each file; written last
 *   0001-docs/part-0001.parquet   a folder for each collection, parts in the order of their rows (columns: `schema.ts`)
 *
 *   vecferry      "archive"
 *   format        1
 *   tool          version of vecferry that wrote it
 *   created       ISO 8601, UTC: when the writing began
 *   source        { kind, address, tenant, database, version } of the store; no key is in it
 *   collections   [{ rows: "records" | "points", info, missingVectors, failed, parts }], in the order in which they were written
 *     info        { key, name, tenant, database, dimension, distance, distanceFrom, count, metadata, configuration, schema, note, unread? }
 *     parts       [{ file, rows, missingVectors, bytes, sha256 }]
 *   sha256        of the JSON text, without white space, of all before it
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
export const manifestFormat = 1;

const text = z.string().nullable();
const count = z.number().int().min(0);

export const sourceSchema = z.object({
  kind: z.enum(storeKinds),
  address: z.string(),
  tenant: text,
  database: text,
  version: text,
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
    unread: z.array(z.string()).readonly().exactOptional(),
  }),
  scope: z.object({ where: text, limit: count.nullable() }).exactOptional(),
});

/** Names that no path can leave the archive by. */
export const folderPattern = /^\d{4,}(-[a-z0-9]+)*$/;
const filePattern = /^\d{4,}(-[a-z0-9]+)*\/part-\d{4,}\.parquet$/;

export const partSchema = z.object({
  file: z.string().regex(filePattern),
  rows: count,
  missingVectors: count,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const manifestSchema = z.object({
  vecferry: z.literal("archive"),
  format: z.literal(manifestFormat),
  tool: z.string(),
  created: z.string(),
  source: sourceSchema,
  collections: z.array(
    headSchema.extend({ missingVectors: count, failed: count, parts: z.array(partSchema) }),
  ),
  sha256: z.string(),
});

/** The text of manifest.json. */
export function manifestText(manifest: ArchiveManifest): string {
  const { format, tool, created, source, collections } = manifest;
  const content = { vecferry: "archive", format, tool, created, source, collections };
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
