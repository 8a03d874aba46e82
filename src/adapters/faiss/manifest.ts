/**
 * `collection.json`: what a collection is, and which of the files beside it are its own. It is written under another name and
 * renamed, so that it always says the old state or the new one.
 *
 *   { "format": 1, "name": "docs", "dimension": 384, "distance": "cosine", "generation": 3, "index": "index-3.faiss",
 *     "documents": "documents-3.jsonl", "journal": "journal-3.bin", "note": {…} }
 */
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { type Distance, distances } from "../../model/distance.ts";
import { errorCode } from "../../util/error-code.ts";
import { parseJson } from "../../util/json.ts";
import { damaged, PieceWriter, unwritable } from "./files.ts";

export interface Manifest {
  readonly name: string;
  readonly dimension: number;
  readonly distance: Distance;
  /** Counts how often the files were written whole. 0 = another program made them. */
  readonly generation: number;
  /** The collection's note as JSON text; null = none. */
  readonly note: string | null;
}

export const manifestFile = "collection.json";
const format = 1;
/** Names that a collection's files have, also those of an earlier generation and of one that was never finished. */
export const ownFile =
  /^(collection\.json(\.part)?|(index|documents|journal)-\d+\.(faiss|jsonl|bin))$/;

const schema = z.strictObject({
  format: z.literal(format),
  name: z.string(),
  dimension: z.int().min(1),
  distance: z.enum(distances),
  generation: z.int().min(0),
  index: z.string(),
  documents: z.string(),
  journal: z.string(),
  note: z.record(z.string(), z.unknown()).nullable(),
});
const anyFormat = z.looseObject({ format: z.int() });

/** The names of the files of a generation. */
export function filesOf(generation: number) {
  const suffix = generation === 0 ? "" : `-${generation}`;
  return {
    index: `index${suffix}.faiss`,
    documents: `documents${suffix}.jsonl`,
    journal: `journal-${generation}.bin`,
  };
}

/** The manifest in `folder`; null where there is none. @throws E_STORAGE, E_NOT_SUPPORTED for a newer format */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const file = join(folder, manifestFile);
  const text = await textOf(file);
  if (text === null) return null;
  const json = parseJson(text);
  const found = anyFormat.safeParse(json).data?.format ?? format;
  if (found > format) {
    throw new VectorError(
      "E_NOT_SUPPORTED",
      `${file} has format ${found}; this version reads ${format}.`,
      { next: "Use the newer vecferry that wrote it." },
    );
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw damaged(file, "it is not as vecferry writes it", parsed.error);
  const { name, dimension, distance, generation, note, ...files } = parsed.data;
  for (const [key, value] of Object.entries(filesOf(generation)))
    if (files[key as keyof typeof files] !== value)
      throw damaged(file, `it names another ${key} than that of its generation`);
  return { name, dimension, distance, generation, note: note && JSON.stringify(note) };
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw damaged(file, errorCode(error) ?? "unknown", error);
  }
}

/** Puts the manifest into its place; it lasts once the folder is synced. @throws E_DISK_FULL, E_CONFIG with the earlier one in its place */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const { name, dimension, distance, generation, note } = manifest;
  const said = { format, name, dimension, distance, generation, ...filesOf(generation) };
  const text = JSON.stringify({ ...said, note: note && JSON.parse(note) }, null, 2);
  const file = join(folder, manifestFile);
  const part = `${file}.part`;
  {
    await using writer = await PieceWriter.create(part);
    await writer.add(Buffer.from(`${text}\n`));
    await writer.finish();
  }
  try {
    await rename(part, file);
  } catch (error) {
    throw unwritable(file, error);
  }
}
