/** Which collections' databases are open: the latest used, so that descriptors and memory do not grow with the collections. */
import type { CollectionFile } from "./collection-file.ts";

/** Each open database has two descriptors and up to 32 MiB of cache. */
const openMax = 64;

export class OpenFiles {
  readonly #latest = new Set<CollectionFile>();

  /** Notes that a file is used now; the one that was not for the longest time is released where there are too many. */
  use(file: CollectionFile): void {
    this.#latest.delete(file);
    this.#latest.add(file);
    if (this.#latest.size <= openMax) return;
    const [oldest] = this.#latest;
    if (oldest === undefined) return;
    oldest.release();
    this.#latest.delete(oldest);
  }

  /** Notes that a file is closed for good. */
  forget(file: CollectionFile): void {
    this.#latest.delete(file);
  }
}
