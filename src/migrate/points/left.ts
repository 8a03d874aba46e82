/**
 * What a run left at the target: sums of digests, bucket by bucket. A bucket that still has its sum was written by nobody else since:
 * what differs there then has changed at the source.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { BucketSums, bucketCount } from "../../model/digest.ts";
import { writeFileAtomic } from "../../util/whole-file.ts";
import { migrationFiles } from "../files.ts";
import type { Course } from "./course.ts";

export interface Left {
  readonly sums: BucketSums;
  /** Buckets to which nobody else wrote while the run did. */
  readonly known: ReadonlySet<number>;
  /** Of these, buckets in which nothing stands but what the source has or had. */
  readonly pure: ReadonlySet<number>;
}

const buckets = z.array(
  z
    .int()
    .min(0)
    .max(bucketCount - 1),
);
const schema = z.object({
  format: z.literal(1),
  collections: z.record(z.string(), z.object({ sums: z.string(), known: buckets, pure: buckets })),
});

/** What the newest run of the migration `run` left, by `leftKey`. A file that cannot be read tells nothing. */
export function readLeft(stateFolder: string, run: string): Map<string, Left> {
  const file = fileOf(stateFolder, run);
  if (!existsSync(file)) return new Map();
  try {
    const { collections } = schema.parse(JSON.parse(readFileSync(file, "utf8")));
    return new Map(
      Object.entries(collections).map(([key, { sums, known, pure }]) => [
        key,
        { sums: BucketSums.fromText(sums), known: new Set(known), pure: new Set(pure) },
      ]),
    );
  } catch {
    return new Map();
  }
}

/** @throws E_DISK_FULL, E_CONFIG */
export function writeLeft(stateFolder: string, run: string, left: ReadonlyMap<string, Left>): void {
  const collections = Object.fromEntries(
    Array.from(left, ([key, { sums, known, pure }]) => [
      key,
      { sums: sums.toText(), known: [...known], pure: [...pure] },
    ]),
  );
  const text = JSON.stringify({ format: 1, collections } satisfies z.infer<typeof schema>);
  writeFileAtomic(fileOf(stateFolder, run), [`${text}\n`]);
}

/** The name of a collection on its way, in the file. */
export function leftKey({ info, spec }: Course): string {
  return JSON.stringify([info.key, spec.name]);
}

function fileOf(stateFolder: string, run: string): string {
  return path.join(migrationFiles(stateFolder, run).folder, "points.json");
}
