/** One collection that is written to: what it holds in memory, its files, and the journal between them. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { VectorError } from "../../errors.ts";
import { type CollectionInfo, type CollectionSpec, parseNote } from "../../model/collection.ts";
import { mergeNote, schemaConflict } from "../../model/collection-note.ts";
import { type Distance, qdrantDistances } from "../../model/distance.ts";
import type { PointBatch } from "../../model/record.ts";
import { asPoints } from "../../model/whole-payload.ts";
import type { WriteMode } from "../../store/documents.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { syncFolder } from "../../util/disk.ts";
import { Slots } from "../../util/slots.ts";
import { Turns } from "../../util/turns.ts";
import { writeBase } from "./base.ts";
import {
  type Contents,
  infoOf,
  isForeign,
  metricOf,
  type ReadCollection,
  readCollection,
} from "./contents.ts";
import { describedNote } from "./described.ts";
import { unwritable } from "./files.ts";
import { framesOf, Journal } from "./journal.ts";
import { filesOf, type Manifest, manifestFile, ownFile, writeManifest } from "./manifest.ts";
import { type Row, toBatch } from "./row.ts";
import type { RowTable } from "./row-table.ts";

/** The files are written whole again when the journal has outgrown them, and this. */
const journalBytesMin = 16 << 20;

export class FaissCollection implements AsyncDisposable {
  readonly #folder: string;
  readonly #contents: Contents;
  /** Whoever changes something waits for the one before. */
  readonly #turn = new Slots(1);
  /** What stands in the folder. */
  #read: ReadCollection;
  #journal: Journal | null = null;
  #journalBytesMax = journalBytesMin;
  /** Why nothing is written any more; null = it is. */
  #end: VectorError | null = null;

  private constructor(folder: string, read: ReadCollection) {
    this.#folder = folder;
    this.#read = read;
    this.#contents = read.contents;
  }

  /** Opens what stands in `folder`, and takes away what a kill left there. @throws as `readCollection`; E_CONFIG */
  static async open(folder: string, name: string): Promise<FaissCollection> {
    const read = await readCollection(folder, name);
    const collection = new FaissCollection(folder, read);
    if (!isForeign(folder)) await removeOthers(folder, read.manifest.generation);
    if (read.journalEnd > 0) await collection.#openJournal();
    return collection;
  }

  /** Makes the folder of a new collection, and its files in it. @throws E_DISK_FULL, E_CONFIG */
  static async make(folder: string, spec: CollectionSpec): Promise<void> {
    const { name, dimension, distance } = spec;
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      throw unwritable(folder, error);
    }
    await writeBase(folder, 1, [], { metric: metricOf(distance), dimension, idMap: null });
    const note = noteOf(spec);
    await writeManifest(folder, { name, dimension, distance, generation: 1, note });
    await syncFolder(folder);
  }

  get table(): RowTable {
    return this.#contents.table;
  }

  get dimension(): number {
    return this.#read.manifest.dimension;
  }

  get distance(): Distance {
    return this.#read.manifest.distance;
  }

  get info(): CollectionInfo {
    return infoOf(this.#read);
  }

  /** The rows as batches are read: where `note` is null, the points with their payloads whole, as every point store gives them then. */
  batchOf(rows: readonly Row[], vectors: boolean, note: string | null): PointBatch {
    const batch = toBatch(rows, this.dimension, vectors);
    if (note !== null) return batch;
    const { manifest } = this.#read;
    return asPoints(batch, parseNote(manifest.name, manifest.note)?.layout ?? "vecferry");
  }

  /** Of the vectors and the texts, about. */
  get memoryBytes(): number {
    return this.table.size * this.dimension * 4 + this.table.textBytes;
  }

  /** Adds to the note what it lacks of `spec`. @throws E_SCHEMA_CONFLICT where the collection was made otherwise; nothing is changed then */
  async fit(spec: CollectionSpec, signal: AbortSignal | undefined): Promise<void> {
    await this.#change(signal, async () => {
      const { manifest } = this.#read;
      const { name, dimension } = manifest;
      if (spec.dimension !== dimension)
        throw schemaConflict(name, "dimension", dimension, spec.dimension);
      if (spec.distance !== manifest.distance) {
        const [found, wanted] = [manifest, spec].map(({ distance }) => qdrantDistances[distance]);
        throw schemaConflict(name, "distance", found ?? "", wanted ?? "");
      }
      // What was described has its note, or none, already.
      if (spec.described !== undefined) return;
      const note = JSON.stringify(mergeNote(spec, manifest.note, undefined));
      if (note !== manifest.note) await this.#keep({ ...manifest, note });
    });
  }

  /**
   * Returns when the rows are on the disk; of very many the first ones may be there where it throws.
   * @throws E_DISK_FULL, E_CONFIG, E_STORAGE
   */
  async put(rows: readonly Row[], mode: WriteMode, signal: AbortSignal | undefined): Promise<void> {
    await this.#change(signal, async () => {
      const meant = this.#meant(rows, mode);
      if (meant.length === 0) return;
      const journal = await this.#openJournal();
      for (const put of framesOf(meant)) {
        throwIfAborted(signal);
        await journal.put(put, new Turns());
        this.#contents.apply({ put });
      }
      await this.#foldWhereLarge(journal);
    });
  }

  /** Takes away those of the points that `choose` gives; returns when that is on the disk. @throws as `put`, and what `choose` throws */
  async remove(
    choose: () => Promise<readonly string[]>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#change(signal, async () => {
      const points = new Set(await choose());
      const remove = [...points].filter((point) => this.table.get(point) !== undefined);
      if (remove.length === 0) return;
      const journal = await this.#openJournal();
      await journal.remove(remove);
      this.#contents.apply({ remove });
      await this.#foldWhereLarge(journal);
    });
  }

  /** Gives the folder up: `away` takes it away, and nothing is written any more. */
  async drop(away: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    await this.#change(signal, async () => {
      await this.#closeJournal();
      await away();
      const { name } = this.#read.manifest;
      this.#end = new VectorError(
        "E_COLLECTION_NOT_FOUND",
        `Collection "${name}" was taken away.`,
        {
          details: { collection: name },
        },
      );
    });
  }

  /** Writes the files whole where a journal stands beside them. @throws E_DISK_FULL, E_CONFIG; nothing is lost then */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn.run(async () => {
      try {
        if (this.#end === null && (this.#journal?.bytes ?? 0) > 0) await this.#fold();
      } finally {
        this.#end ??= new VectorError("E_CLOSED", `${this.#folder} is closed.`);
        await this.#closeJournal();
      }
    }, undefined);
  }

  async #change(signal: AbortSignal | undefined, work: () => Promise<void>): Promise<void> {
    await this.#turn.run(async () => {
      if (this.#end !== null) throw this.#end;
      throwIfAborted(signal);
      await work();
    }, signal);
  }

  /** The rows that are written in this mode. */
  #meant(rows: readonly Row[], mode: WriteMode): readonly Row[] {
    if (mode === "upsert") return rows;
    if (mode === "update") return rows.filter(({ point }) => this.table.get(point) !== undefined);
    return rows.filter(({ point }) => this.table.get(point) === undefined);
  }

  /** The journal, made where there is none yet: with the manifest that names it. */
  async #openJournal(): Promise<Journal> {
    const { kept, manifest, journalEnd } = this.#read;
    if (!kept) await this.#keep(manifest);
    const file = join(this.#folder, filesOf(manifest.generation).journal);
    this.#journal ??= await Journal.open(file, journalEnd);
    return this.#journal;
  }

  async #closeJournal(): Promise<void> {
    const journal = this.#journal;
    if (journal === null) return;
    this.#read = { ...this.#read, journalEnd: journal.bytes };
    this.#journal = null;
    await journal[Symbol.asyncDispose]();
  }

  async #keep(manifest: Manifest): Promise<void> {
    await writeManifest(this.#folder, manifest);
    this.#read = { ...this.#read, manifest, kept: true };
    try {
      await syncFolder(this.#folder);
    } catch (cause) {
      // A loss of power may bring the earlier manifest back: with the files that it names, which stay, and no later change.
      this.#end = new VectorError(
        "E_STORAGE",
        `${this.#folder} takes no more: whether its ${manifestFile} is on the disk is not known.`,
        { cause, next: "Open the store again when the disk is well." },
      );
      throw this.#end;
    }
  }

  async #foldWhereLarge(journal: Journal): Promise<void> {
    if (journal.bytes <= Math.max(this.#read.baseBytes, this.#journalBytesMax)) return;
    try {
      await this.#fold();
    } catch (error) {
      // What was to be written is in the journal: another try comes when that has doubled, and at the end.
      if (!(error instanceof VectorError)) throw error;
      this.#journalBytesMax = journal.bytes * 2;
    }
  }

  /** Writes the files of a new generation, which holds once the manifest names it; then the earlier ones go. */
  async #fold(): Promise<void> {
    const { manifest, contents } = this.#read;
    const generation = manifest.generation + 1;
    const { dimension, distance } = manifest;
    const shape = { metric: metricOf(distance), dimension, idMap: contents.idMap };
    const baseBytes = await writeBase(this.#folder, generation, contents.table.all(), shape);
    await this.#keep({ ...manifest, generation });
    await this.#closeJournal();
    this.#read = { ...this.#read, baseBytes, journalEnd: 0 };
    this.#journalBytesMax = journalBytesMin;
    await removeOthers(this.#folder, generation);
  }
}

/** The note of a new collection; what was described has its own, or none. @throws as `describedNote` */
function noteOf(spec: CollectionSpec): string | null {
  if (spec.described !== undefined) return describedNote(spec, spec.described.configuration);
  return JSON.stringify(mergeNote(spec, null, undefined));
}

/** Takes away the files of other generations than this one: those that a kill left, or that this one stands for. */
async function removeOthers(folder: string, generation: number): Promise<void> {
  const own = new Set<string>([manifestFile, ...Object.values(filesOf(generation))]);
  const made = new Set<string>(Object.values(filesOf(0)));
  for (const name of await readdir(folder))
    if (!own.has(name) && (ownFile.test(name) || made.has(name)))
      await rm(join(folder, name), { force: true });
}
