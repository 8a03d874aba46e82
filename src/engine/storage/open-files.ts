/** Which collections' databases are open: the latest used, so that descriptors and memory do not grow with the collections. */
import { isAmid } from "../turns.ts";
import type { CollectionFile } from "./collection-file.ts";

/** Each open database has two descriptors. */
const openMax = 64;
/** So many have a cache, of up to 32 MiB each: 256 MiB together. */
const cachedMax = 8;

type OpenFile = Pick<CollectionFile, "release" | "shrink">;

export class OpenFiles {
  readonly #latest = new Set<OpenFile>();
  readonly #cached = new Set<OpenFile>();

  /** Notes that a file is used now; those that were not for the longest time give back their cache, and then their database. */
  use(file: OpenFile): void {
    for (const old of moveToEnd(this.#cached, file, cachedMax)) old.shrink();
    for (const old of moveToEnd(this.#latest, file, openMax)) old.release();
  }

  /** Notes that a file is closed for good. */
  forget(file: OpenFile): void {
    this.#cached.delete(file);
    this.#latest.delete(file);
  }
}

/** Puts a file at the end of others; takes the first ones out, and gives them, where there are more than `most`. */
function moveToEnd(files: Set<OpenFile>, file: OpenFile, most: number): OpenFile[] {
  files.delete(file);
  files.add(file);
  // The first may be that of the call amid which this one is answered; few are, so that few stay open.
  if (files.size <= most || isAmid()) return [];
  const surplus = [...files].slice(0, files.size - most);
  for (const old of surplus) files.delete(old);
  return surplus;
}
