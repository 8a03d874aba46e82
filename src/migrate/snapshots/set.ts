/**
 * A folder of snapshots: their files, and `snapshots.json`, which says what each is, what was in it when it was made, and the
 * SHA-256 of every file. It is written after each step; `whole` says that all of it is there.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { packageVersion } from "../../util/version.ts";
import { writeFileAtomic } from "../../util/whole-file.ts";

export const setFile = "snapshots.json";
/** Grows when a set changes so that a reader of the older form would misread it. */
const setFormat = 1;

const fileSchema = z.object({
  /** Its name in the folder. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
  /** Its name at the store. */
  name: z.string(),
  shard: z.int().min(0).nullable(),
  /** The address of the node that made it. */
  node: z.string(),
  bytes: z.int().min(0),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** Whether it is in the folder, as it was at the store. */
  here: z.boolean(),
});
export type SetFile = z.output<typeof fileSchema>;

const entrySchema = z.object({
  /** null = everything that the store held. */
  collection: z.string().nullable(),
  /** JSON text of the store's own description; null for everything. */
  description: z.string().nullable(),
  /** Points before and after it was made; null = not counted then. */
  points: z.object({ min: z.int().min(0), max: z.int().min(0) }).nullable(),
  /** Digests of points that were the same before and after it was made, by their id as JSON text. */
  sample: z.record(z.string(), z.string()),
  files: z.array(fileSchema),
});
export type SetEntry = z.output<typeof entrySchema>;

const setSchema = z.object({
  vecferry: z.literal("snapshots"),
  format: z.literal(setFormat),
  tool: z.string(),
  created: z.string(),
  source: z.object({
    kind: z.string(),
    address: z.string(),
    /** null = the embedded Qdrant, whose snapshots bear a version of their own. */
    version: z.string().nullable(),
  }),
  /** The command that makes it: another one does not go on with it. */
  asked: z.string(),
  whole: z.boolean(),
  aliases: z.record(z.string(), z.string()),
  snapshots: z.array(entrySchema),
});
export type SnapshotSet = z.output<typeof setSchema>;

/** An empty set of what `source` holds. */
export function newSet(source: StoreIdentity, asked: string): SnapshotSet {
  const { kind, address, version } = source;
  return {
    vecferry: "snapshots",
    format: setFormat,
    tool: packageVersion,
    created: new Date().toISOString(),
    source: { kind, address, version },
    asked,
    whole: false,
    aliases: {},
    snapshots: [],
  };
}

/** The set in `folder`; null where there is none. @throws E_SNAPSHOT_FORMAT, E_SNAPSHOT_DAMAGED */
export function readSet(folder: string): SnapshotSet | null {
  const path = join(folder, setFile);
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new VectorError("E_SNAPSHOT_DAMAGED", `${path} cannot be read.`, { cause });
  }
  const { format } = z.object({ format: z.number() }).safeParse(value).data ?? { format: 0 };
  if (format > setFormat) {
    throw new VectorError(
      "E_SNAPSHOT_FORMAT",
      `${path} has format ${format}, and ${setFormat} is the newest known here.`,
      {
        next: "Use the newer vecferry that wrote it.",
      },
    );
  }
  const { data, error } = setSchema.safeParse(value);
  if (data !== undefined) return data;
  throw new VectorError("E_SNAPSHOT_DAMAGED", `${path} is no list of snapshots.`, { cause: error });
}

/** @throws E_DISK_FULL, E_CONFIG */
export function writeSet(folder: string, set: SnapshotSet): void {
  writeFileAtomic(join(folder, setFile), [`${JSON.stringify(set, null, 2)}\n`]);
}

/**
 * The set that `asked` goes on with: the unfinished one in `folder`, or a new one; the folder is made.
 * @throws E_CONFIG where the folder holds a finished one, another command's or another store's
 */
export function beginSet(folder: string, source: StoreIdentity, asked: string): SnapshotSet {
  const found = readSet(folder);
  if (found === null) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return newSet(source, asked);
  }
  const next = "Give a folder of its own: --to ./another.";
  if (found.whole)
    throw new VectorError("E_CONFIG", `${folder} holds snapshots already; none is written over.`, {
      next,
    });
  if (found.source.address !== source.address || found.asked !== asked) {
    throw new VectorError(
      "E_CONFIG",
      `${folder} holds unfinished snapshots of ${found.source.address}, of another command.`,
      { next },
    );
  }
  return found;
}

/** The number of the next snapshot of a set: no file of it begins with that. */
export function nextNumber({ snapshots }: SnapshotSet): number {
  const files = snapshots.flatMap((entry) => entry.files);
  return Math.max(0, ...files.map(({ file }) => Number.parseInt(file, 10))) + 1;
}

/** A name for a file of the set: no name of a collection can lead out of the folder, or be two files. */
export function fileName(entry: number, collection: string | null, part: string | null): string {
  const words = (collection ?? "storage").replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
  const number = String(entry).padStart(4, "0");
  return `${number}-${words}${part === null ? "" : `-${part}`}.snapshot`;
}
