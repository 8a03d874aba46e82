/** Archives in tests: written into a folder of its own, and read back by none of our code but the Parquet package. */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import type { BackupRequest } from "../../src/migrate/backup/run.ts";
import { defaultRequest } from "../../src/migrate/request.ts";
import { connectArchive, createArchive, keepGenerations } from "../../src/open.ts";

/** Where an archive shall be; the folder is new unless one is given. */
export function archivePlace(path = join(mkdtempSync(join(tmpdir(), "vecferry-archive-")), "a")) {
  return {
    path,
    stands: existsSync(path),
    write: (options: Parameters<typeof createArchive>[1]) =>
      createArchive(`archive:${path}`, options),
    read: () => connectArchive(`archive:${path}`),
    keep: (policy: Parameters<typeof keepGenerations>[1]) =>
      keepGenerations(`archive:${path}`, policy),
  };
}

export function backupRequest(changes: Partial<BackupRequest> = {}): BackupRequest {
  return {
    scope: defaultRequest.scope,
    batchSize: null,
    verify: false,
    keep: { last: null, daily: null },
    ...changes,
  };
}

const compressors = { ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)) };

/** What the manifest says of a collection, with its rows as the Parquet files have them. */
export interface RawCollection {
  readonly name: string;
  readonly info: Record<string, unknown>;
  readonly failed: number;
  readonly rows: Record<string, unknown>[];
}

/** Every collection of an archive, read by the Parquet package alone. */
export async function rawArchive(path: string): Promise<RawCollection[]> {
  const manifest = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
  const collections: RawCollection[] = [];
  for (const { info, parts, failed } of manifest.collections) {
    const rows: Record<string, unknown>[] = [];
    for (const { file } of parts) {
      const bytes = readFileSync(join(path, file));
      const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
      rows.push(...(await parquetReadObjects({ file: buffer, compressors })));
    }
    collections.push({ name: info.name, info, failed, rows });
  }
  return collections;
}

/** The lines of the quarantine file that stands beside an archive's own files. */
export function archiveQuarantine(path: string): Record<string, string>[] {
  const file = join(path, "quarantine.jsonl");
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Names beside an archive that a finished run leaves nothing of. */
export function besideArchive(path: string): string[] {
  return readdirSync(join(path, "..")).filter(
    (name) => name.startsWith("a.") || name.endsWith(".partial"),
  );
}
