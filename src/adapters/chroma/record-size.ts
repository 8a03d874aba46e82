/** Records a request: as many as keep the answer within bounds, by what the records of the collection took so far. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { PageSize } from "./quotas.ts";

/** Bytes that an answer aims at: what it costs to ask is spread over many records, and eight of them fit into memory. */
const answerBytes = 6 * 1024 * 1024;
/** What a record is taken for before one was seen: components as long as they can be, and a short document. */
const componentBytes = 24;
const restBytes = 1024;

export class RecordSize {
  readonly #page: PageSize;
  /** Which records were measured last: of which collection, with vectors or without. */
  #measured = "";
  #recordBytes = 0;

  constructor(page: PageSize) {
    this.#page = page;
  }

  /** Records that a request may ask for, whatever their size. */
  get rowsMax(): number {
    return this.#page.rows;
  }

  /** Records that the next request should ask for. */
  rows(collection: CollectionInfo, vectors: boolean): number {
    const expected =
      this.#measured === nameOf(collection, vectors)
        ? this.#recordBytes
        : restBytes + (vectors ? componentBytes * (collection.dimension ?? 0) : 0);
    return Math.max(1, Math.min(this.#page.rows, Math.floor(answerBytes / expected)));
  }

  /** Takes in what an answer took. Larger records count at once, smaller ones by half. */
  learn(collection: CollectionInfo, vectors: boolean, records: number, bytes: number): void {
    if (records === 0) return;
    const name = nameOf(collection, vectors);
    const seen = bytes / records;
    const before = this.#measured === name ? this.#recordBytes : seen;
    this.#measured = name;
    this.#recordBytes = Math.max(seen, (seen + before) / 2);
  }

  /** See `PageSize`. */
  isRefused(error: unknown, asked: number): boolean {
    return this.#page.isRefused(error, asked);
  }
}

function nameOf({ key }: CollectionInfo, vectors: boolean): string {
  return `${key} ${vectors}`;
}
