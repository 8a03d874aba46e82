/** One collection on its way into an archive: rows into row groups, row groups into parts, parts onto the disk. */
import { join } from "node:path";
import { isVectorError, VectorError } from "../../errors.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import { isPresent } from "../../model/vector-column.ts";
import type {
  ArchiveCollectionWriter,
  ArchivedCollection,
  ArchivedFile,
  ArchivedPart,
  BaseBatch,
  BatchesOptions,
} from "../../store/archive.ts";
import type { CallOptions } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { syncFolder } from "../../util/disk.ts";
import { writeFaultCode } from "../../util/error-code.ts";
import { CollectionReader } from "./collection-reader.ts";
import { droppedRowsFile, NewlyDropped, writeDropped } from "./dropped-rows.ts";
import { PartFile } from "./part-file.ts";
import { PartWriter } from "./part-writer.ts";
import type { HeldCollection, Progress } from "./progress.ts";
import { type Bounds, RowBuffer } from "./row-buffer.ts";

/** A collection of the generation before, and the folder of the archive. */
export interface BaseCollection {
  readonly root: string;
  readonly collection: ArchivedCollection;
}

/** What a generation shares with the one before. */
interface Shared {
  readonly parts: readonly ArchivedPart[];
  readonly dropped: ArchivedFile | null;
  readonly missingVectors: number;
}

/** What a collection is written into, beside what is held of it. */
export interface WriterPlace {
  /** The folder of the generation, under its temporary name. */
  readonly folder: string;
  /** What stands before the name of each of its files, from the archive's folder on: empty, or with `/`. */
  readonly prefix: string;
  readonly base: BaseCollection | null;
  readonly progress: Progress;
  readonly bounds: Bounds;
}

const nothingShared: Shared = { parts: [], dropped: null, missingVectors: 0 };
const baseBatchRows = 1000;

export class CollectionWriter implements ArchiveCollectionWriter {
  readonly #root: string;
  readonly #prefix: string;
  readonly #base: BaseCollection | null;
  readonly #reader: CollectionReader | null;
  readonly #newly = new NewlyDropped();
  /** Rows without a vector among those that are dropped. */
  #droppedMissing = 0;
  #shared: Shared | null = null;
  readonly #held: HeldCollection;
  readonly #progress: Progress;
  readonly #buffer: RowBuffer;
  readonly #bounds: Bounds;
  readonly #what: string;
  #part: PartWriter | null = null;
  #partSince = 0;
  #partMissing = 0;
  #durable: number;
  /** Calls take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  /** The first failure: rows are lost behind it, so nothing is taken any more. */
  #fault: VectorError | null = null;

  /** `held` is added to. */
  constructor(held: HeldCollection, { folder, prefix, base, progress, bounds }: WriterPlace) {
    this.#bounds = bounds;
    const { info } = held.head;
    this.#root = folder;
    this.#prefix = prefix;
    this.#base = base;
    this.#reader = base === null ? null : new CollectionReader(base.root, base.collection);
    this.#held = held;
    this.#progress = progress;
    this.#what = `collection ${JSON.stringify(info.name)}`;
    this.#buffer = new RowBuffer(held.head, bounds);
    this.#durable = held.parts.reduce((sum, part) => sum + part.rows, 0);
  }

  get durable(): number {
    return this.#durable;
  }

  get rows(): number {
    return this.#durable + (this.#part?.rows ?? 0) + this.#buffer.rows;
  }

  get baseRows(): number {
    return this.#base?.collection.info.count ?? 0;
  }

  get finished(): boolean {
    return this.#held.failed !== null;
  }

  async *baseBatches(options: BatchesOptions = {}): AsyncGenerator<BaseBatch> {
    if (this.#reader === null) return;
    const { signal, vectors = true, batchSize = baseBatchRows, skip = 0 } = options;
    const placed = this.#reader.batches({ vectors, size: Math.max(1, batchSize), skip }, signal);
    for await (const { batch, part, rows } of placed) {
      const drop = (dropped: readonly number[]): void => {
        this.#newly.add(
          part,
          dropped.map((row) => rows[row] ?? 0),
        );
        const columns = [...batch.vectors.values()];
        const bare = dropped.filter((row) => columns.every((one) => !isPresent(one, row)));
        this.#droppedMissing += bare.length;
      };
      yield { batch, drop };
    }
  }

  async *heldKeys({ signal }: CallOptions = {}): AsyncGenerator<string[]> {
    const key = this.#held.head.rows === "points" ? "point" : "id";
    for (const part of [...this.#held.parts]) {
      await using file = await PartFile.open(this.#root, part, this.#held.head);
      for (let group = 0; group < file.groups; group += 1) {
        throwIfAborted(signal);
        const rows = await file.read(group, { columns: [key], vectors: false });
        yield rows.texts(key);
      }
    }
  }

  append(batch: RecordBatch | PointBatch, { signal }: CallOptions = {}): Promise<void> {
    return this.#inTurn(signal, async () => {
      if (this.finished) throw new VectorError("E_CLOSED", `The ${this.#what} was finished.`);
      this.#buffer.check(batch);
      await this.#guarded(async () => {
        for (let row = 0; row < batch.ids.length; ) {
          row = this.#buffer.take(batch, row);
          if (this.#buffer.isFull) await this.#writeGroup();
          if (this.#isPartFull()) await this.#seal();
        }
      });
    });
  }

  finish({
    signal,
    failed = 0,
  }: CallOptions & { failed?: number } = {}): Promise<ArchivedCollection> {
    return this.#inTurn(signal, async () => {
      if (!this.finished) {
        await this.#guarded(async () => {
          await this.#seal();
          this.#shared = await this.#share();
          await this.#progress.add({ end: { folder: this.#held.folder, failed } });
        });
        this.#held.failed = failed;
        this.#release();
      }
      return this.archived();
    });
  }

  /** A collection that is whole, as the manifest has it. */
  archived(): ArchivedCollection {
    const { head, parts, failed } = this.#held;
    const { parts: shared, dropped, missingVectors } = this.#shared ?? nothingShared;
    const all = [...shared, ...parts.map((part) => ({ ...part, file: this.#prefix + part.file }))];
    const count = all.reduce((sum, part) => sum + part.rows - part.dropped, 0);
    return {
      ...head,
      info: { ...head.info, count, status: null },
      missingVectors: parts.reduce((sum, part) => sum + part.missingVectors, missingVectors),
      failed: failed ?? 0,
      parts: all,
      dropped,
    };
  }

  /** Names of the files in the generation's own folder that it needs. */
  get files(): string[] {
    const own = this.#held.parts.map(({ file }) => file);
    const { file } = this.#shared?.dropped ?? {};
    return file === this.#prefix + this.#droppedFile ? [...own, this.#droppedFile] : own;
  }

  /** Makes durable what was taken, as far as that can be done; then takes nothing any more. */
  async close(): Promise<void> {
    await this.#turn;
    if (this.#fault === null && !this.finished)
      await this.#guarded(() => this.#seal()).catch(() => undefined);
    this.#fault ??= new VectorError("E_CLOSED", "The archive was closed.");
    await this.#part?.discard().catch(() => undefined);
    this.#part = null;
    this.#release();
  }

  #release(): void {
    this.#reader?.[Symbol.dispose]();
    this.#newly[Symbol.dispose]();
  }

  get #droppedFile(): string {
    return `${this.#held.folder}/${droppedRowsFile}`;
  }

  /** The parts of the generation before, and on the disk which of their rows are left out. */
  async #share(): Promise<Shared> {
    if (this.#base === null) return nothingShared;
    const { parts, dropped, missingVectors } = this.#base.collection;
    if (this.#newly.count === 0) return { parts, dropped, missingVectors };
    const file = this.#droppedFile;
    const written = await writeDropped(join(this.#root, file), this.#base, this.#newly);
    await syncFolder(join(this.#root, this.#held.folder));
    return {
      parts: written.parts,
      dropped: written.file === null ? null : { file: this.#prefix + file, ...written.file },
      missingVectors: missingVectors - this.#droppedMissing,
    };
  }

  async #writeGroup(): Promise<void> {
    if (this.#buffer.rows === 0) return;
    if (this.#part === null) {
      const path = join(this.#root, this.#nextFile());
      this.#part = await PartWriter.create(path, this.#held.head);
      this.#partSince = performance.now();
      this.#partMissing = 0;
    }
    this.#partMissing += this.#buffer.missingVectors;
    await this.#part.add(this.#buffer);
    this.#buffer.clear();
  }

  async #seal(): Promise<void> {
    await this.#writeGroup();
    if (this.#part === null) return;
    const { rows } = this.#part;
    const file = this.#nextFile();
    const written = await this.#part.finish();
    this.#part = null;
    await syncFolder(join(this.#root, this.#held.folder));
    const missingVectors = this.#partMissing;
    const part: ArchivedPart = { file, rows, missingVectors, dropped: 0, ...written };
    await this.#progress.add({ part });
    this.#held.parts.push(part);
    this.#durable += rows;
  }

  #isPartFull(): boolean {
    if (this.#part === null) return false;
    const waitedMs = performance.now() - this.#partSince;
    return this.#part.size >= this.#bounds.partBytes || waitedMs >= this.#bounds.partMs;
  }

  #nextFile(): string {
    return `${this.#held.folder}/part-${String(this.#held.parts.length + 1).padStart(4, "0")}.parquet`;
  }

  #inTurn<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(() => {
      throwIfAborted(signal);
      if (this.#fault !== null) throw this.#fault;
      return work();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fault = isVectorError(error)
        ? error
        : new VectorError(
            writeFaultCode(error),
            `The archive ${this.#root} cannot be written: ${String(error)}.`,
            { cause: error },
          );
      throw this.#fault;
    }
  }
}
