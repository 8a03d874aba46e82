/** One collection on its way into an archive: rows into row groups, row groups into parts, parts onto the disk. */
import { join } from "node:path";
import { isVectorError, VectorError } from "../../errors.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type {
  ArchiveCollectionWriter,
  ArchivedCollection,
  ArchivedPart,
} from "../../store/archive.ts";
import type { CallOptions } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { syncFolder } from "../../util/disk.ts";
import { writeFaultCode } from "../../util/error-code.ts";
import { PartFile } from "./part-file.ts";
import { PartWriter } from "./part-writer.ts";
import type { HeldCollection, Progress } from "./progress.ts";
import { type Bounds, RowBuffer } from "./row-buffer.ts";

export class CollectionWriter implements ArchiveCollectionWriter {
  readonly #root: string;
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

  /** `root`: the folder of the whole archive, under its temporary name. `held` is added to. */
  constructor(root: string, held: HeldCollection, progress: Progress, bounds: Bounds) {
    this.#bounds = bounds;
    const { rows, info } = held.head;
    this.#root = root;
    this.#held = held;
    this.#progress = progress;
    this.#what = `collection ${JSON.stringify(info.name)}`;
    this.#buffer = new RowBuffer(rows, info.dimension ?? 0, this.#what, bounds);
    this.#durable = held.parts.reduce((sum, part) => sum + part.rows, 0);
  }

  get durable(): number {
    return this.#durable;
  }

  get rows(): number {
    return this.#durable + (this.#part?.rows ?? 0) + this.#buffer.rows;
  }

  get finished(): boolean {
    return this.#held.failed !== null;
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
          await this.#progress.add({ end: { folder: this.#held.folder, failed } });
        });
        this.#held.failed = failed;
      }
      return finishedCollection(this.#held);
    });
  }

  /** Makes durable what was taken, as far as that can be done; then takes nothing any more. */
  async close(): Promise<void> {
    await this.#turn;
    if (this.#fault === null && !this.finished)
      await this.#guarded(() => this.#seal()).catch(() => undefined);
    this.#fault ??= new VectorError("E_CLOSED", "The archive was closed.");
    await this.#part?.discard().catch(() => undefined);
    this.#part = null;
  }

  async #writeGroup(): Promise<void> {
    if (this.#buffer.rows === 0) return;
    if (this.#part === null) {
      const path = join(this.#root, this.#nextFile());
      this.#part = await PartWriter.create(path, this.#held.head.rows);
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
    const part: ArchivedPart = { file, rows, missingVectors: this.#partMissing, ...written };
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

/** A collection that is whole, as the manifest has it. */
export function finishedCollection({ head, parts, failed }: HeldCollection): ArchivedCollection {
  const sum = (of: "rows" | "missingVectors"): number =>
    parts.reduce((total, part) => total + part[of], 0);
  return {
    ...head,
    info: { ...head.info, count: sum("rows"), status: null },
    missingVectors: sum("missingVectors"),
    failed: failed ?? 0,
    parts: [...parts],
  };
}
