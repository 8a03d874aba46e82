/** Somebody who writes to a Chroma collection, by plain HTTP, what a seed draws. */
import type { FixtureRecord } from "../../src/testing/index.ts";
import { addRecords, collectionsUrl, type Place, send } from "./chroma-fill.ts";
import type { ChromaServer } from "./chroma-server.ts";

const kinds = ["add", "update", "upsert", "delete", "replace"] as const;
export type Kind = (typeof kinds)[number];

/** Records of one change at most. */
const recordsMax = 6;

export class SourceWriter {
  /** Ids that were deleted and do not stand now. */
  readonly deleted = new Set<string>();
  readonly #standing: string[];
  readonly #chroma: ChromaServer;
  readonly #place: Place;
  readonly #key: string;
  readonly #dimension: number;
  readonly #random: () => number;
  #made = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    chroma: ChromaServer,
    place: Place,
    key: string,
    first: readonly FixtureRecord[],
    random: () => number,
  ) {
    this.#chroma = chroma;
    this.#place = place;
    this.#key = key;
    this.#standing = first.map(({ id }) => id);
    this.#dimension = first[0]?.vector.length ?? 0;
    this.#random = random;
  }

  /** Makes one change of some records, after those that are under way; resolves with its kind when the server has it. */
  change(among: readonly Kind[] | null): Promise<Kind> {
    const change = this.#queue.then(() => this.#change(among ?? kinds));
    this.#queue = change.catch(() => undefined);
    return change;
  }

  async #change(among: readonly Kind[]): Promise<Kind> {
    const kind = among[Math.floor(this.#random() * among.length)] ?? "update";
    const many = 1 + Math.floor(this.#random() * recordsMax);
    if (kind === "add") {
      await this.#add(Array.from({ length: many }, () => `new${this.#made++}`));
      return kind;
    }
    const ids = this.#draw(many);
    if (kind === "update") await this.#update(ids);
    if (kind === "upsert") await this.#send("upsert", ids.map(this.#record));
    if (kind === "delete" || kind === "replace") await this.#delete(ids);
    if (kind === "replace") await this.#add(ids);
    return kind;
  }

  #draw(many: number): string[] {
    const at = () => Math.floor(this.#random() * this.#standing.length);
    return [...new Set(Array.from({ length: many }, () => this.#standing[at()] ?? "r0"))];
  }

  readonly #record = (id: string): FixtureRecord => {
    const vector = Array.from({ length: this.#dimension }, () => Math.fround(this.#random()));
    const metadata = `{"made":${this.#made++}}`;
    return { id, vector, document: `Made ${this.#made++}`, uri: null, metadata };
  };

  async #add(ids: readonly string[]): Promise<void> {
    const records = ids.map(this.#record);
    await addRecords(this.#chroma, this.#place, this.#key, records);
    this.#standing.push(...ids);
    for (const id of ids) this.deleted.delete(id);
  }

  async #delete(ids: readonly string[]): Promise<void> {
    await send(this.#url("delete"), "POST", JSON.stringify({ ids }));
    for (const id of ids) {
      this.#standing.splice(this.#standing.indexOf(id), 1);
      this.deleted.add(id);
    }
  }

  /** Changes one part alone: the vectors, the documents, or the metadata. */
  async #update(ids: readonly string[]): Promise<void> {
    const records = ids.map(this.#record);
    const part = [
      { embeddings: records.map(({ vector }) => vector) },
      { documents: records.map(({ document }) => document) },
      { metadatas: records.map(({ metadata }) => JSON.parse(metadata ?? "{}")) },
    ][Math.floor(this.#random() * 3)];
    await send(this.#url("update"), "POST", JSON.stringify({ ids, ...part }));
  }

  async #send(what: "upsert", records: readonly FixtureRecord[]): Promise<void> {
    const body = {
      ids: records.map(({ id }) => id),
      embeddings: records.map(({ vector }) => vector),
      documents: records.map(({ document }) => document),
      metadatas: records.map(({ metadata }) => JSON.parse(metadata ?? "{}")),
    };
    await send(this.#url(what), "POST", JSON.stringify(body));
  }

  #url(what: string): string {
    return collectionsUrl(this.#chroma, this.#place, `/${this.#key}/${what}`);
  }
}
