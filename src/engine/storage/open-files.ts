/** Which collections' databases are open: the latest used, so that descriptors and memory do not grow with the collections. */
import { callNumber, isAmid } from "../turns.ts";
import type { CollectionFile } from "./collection-file.ts";

/** Each open database has two descriptors. */
const openMax = 64;
/** So many have a cache, of up to 32 MiB each: 256 MiB together. */
const cachedMax = 8;

type OpenFile = Pick<CollectionFile, "release" | "shrink">;

/** Files in the order of their last use, each with the number of the last call that used it, other than amid another. */
type Used = Map<OpenFile, number>;

export class OpenFiles {
  readonly #latest: Used = new Map();
  readonly #cached: Used = new Map();

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
function moveToEnd(files: Used, file: OpenFile, most: number): OpenFile[] {
  const call = callNumber();
  const lastCall = isAmid() ? (files.get(file) ?? 0) : call;
  files.delete(file);
  const surplus: OpenFile[] = [];
  for (const [old, oldCall] of files) {
    if (files.size - surplus.length < most) break;
    // What the call uses amid which this one is answered must stay as it is.
    if (!isAmid() || oldCall !== call) surplus.push(old);
  }
  for (const old of surplus) files.delete(old);
  files.set(file, lastCall);
  return surplus;
}
