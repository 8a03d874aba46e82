/**
 * unfinished.jsonl, beside the parts of a generation that is being written: one JSON text a line, each on the disk before its line is.
 *
 *   { "vecferry": "archive", format, generation, tool, created, source }    the first line
 *   { "begin": { folder, head } }                               a collection and its folder
 *   { "part": { file, rows, missingVectors, bytes, sha256, dropped } }   the next one of the collection in whose folder it is
 *   { "end": { folder, failed } }                               that collection is whole
 *
 * A last line that is cut off was never promised to anybody, and is forgotten. When the generation has its name the file is deleted.
 */
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { ArchivedHead, ArchivedPart } from "../../store/archive.ts";
import { errorCode } from "../../util/error-code.ts";
import { parseJson } from "../../util/json.ts";
import { folderPattern, headSchema, manifestFormat, partSchema, sourceSchema } from "./manifest.ts";

export const progressFile = "unfinished.jsonl";

const firstSchema = z.object({
  vecferry: z.literal("archive"),
  format: z.literal(manifestFormat),
  generation: z.number().int().min(1),
  tool: z.string(),
  created: z.string(),
  source: sourceSchema,
});
const lineSchema = z.union([
  z.object({ begin: z.object({ folder: z.string().regex(folderPattern), head: headSchema }) }),
  z.object({ part: partSchema }),
  z.object({ end: z.object({ folder: z.string(), failed: z.number() }) }),
]);

export type ProgressHead = z.infer<typeof firstSchema>;
export type ProgressLine = z.infer<typeof lineSchema>;

/** A collection as an interrupted writing left it. */
export interface HeldCollection {
  readonly folder: string;
  readonly head: ArchivedHead;
  readonly parts: ArchivedPart[];
  /** Records that could not be read from the source; null while the collection is not whole. */
  failed: number | null;
}

export interface Held {
  readonly head: ProgressHead;
  readonly collections: HeldCollection[];
}

/** What the file in `folder` tells; null where there is none. @throws E_PLAN_CHANGED where it is not of this format */
export async function readProgress(folder: string): Promise<Held | null> {
  const content = await readFile(join(folder, progressFile), "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  });
  if (content === null) return null;
  const [first = "", ...lines] = content.split("\n").slice(0, -1);
  if (first === "") return null;
  const head = firstSchema.safeParse(parseJson(first));
  if (!head.success) throw unreadable(folder);
  const collections: HeldCollection[] = [];
  for (const line of lines) {
    const parsed = lineSchema.safeParse(parseJson(line));
    if (!parsed.success) throw unreadable(folder);
    if (!enter(parsed.data, collections)) throw unreadable(folder);
  }
  return { head: head.data, collections };
}

function enter(line: ProgressLine, collections: HeldCollection[]): boolean {
  if ("begin" in line) {
    collections.push({ ...line.begin, parts: [], failed: null });
    return true;
  }
  const name = "part" in line ? line.part.file.split("/")[0] : line.end.folder;
  const collection = collections.find(({ folder }) => folder === name);
  if (collection === undefined) return false;
  if ("part" in line) collection.parts.push(line.part);
  else collection.failed = line.end.failed;
  return true;
}

function unreadable(folder: string): VectorError {
  return new VectorError(
    "E_PLAN_CHANGED",
    `${join(folder, progressFile)} cannot be read; another version of vecferry may have written it.`,
    { next: `Delete the folder ${folder} and run the same command again: the backup begins anew.` },
  );
}

/** Adds lines, each on the disk when `add` returns. */
export class Progress implements AsyncDisposable {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Begins anew with what is held: what an earlier file held beside that is gone. */
  static async begin(folder: string, held: Held): Promise<Progress> {
    const lines: unknown[] = [held.head];
    for (const { folder: name, head, parts, failed } of held.collections) {
      lines.push({ begin: { folder: name, head } }, ...parts.map((part) => ({ part })));
      if (failed !== null) lines.push({ end: { folder: name, failed } });
    }
    const path = join(folder, progressFile);
    const progress = new Progress(await open(`${path}.tmp`, "w", 0o600));
    await progress.#write(lines);
    await rename(`${path}.tmp`, path);
    return progress;
  }

  async add(line: ProgressLine): Promise<void> {
    await this.#write([line]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(lines: readonly unknown[]): Promise<void> {
    await this.#file.writeFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await this.#file.sync();
  }
}
