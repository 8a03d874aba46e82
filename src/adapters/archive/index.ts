import { VectorError } from "../../errors.ts";
import type { ArchiveReader, ArchiveWriter, ArchiveWriterOptions } from "../../store/archive.ts";

interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Opens an archive of anything. */
export async function openArchive(
  _path: string,
  _options: OpenOptions = {},
): Promise<ArchiveReader> {
  throw new VectorError("E_NOT_SUPPORTED", "Archives cannot be read yet.");
}

/** Opens an archive of records. */
export async function openRecordArchive(
  _path: string,
  _options: OpenOptions = {},
): Promise<ArchiveReader> {
  throw new VectorError("E_NOT_SUPPORTED", "Archives cannot be read yet.");
}

/** Begins an archive. */
export async function writeArchive(
  _path: string,
  _options: ArchiveWriterOptions,
): Promise<ArchiveWriter> {
  throw new VectorError("E_NOT_SUPPORTED", "Archives cannot be written yet.");
}
