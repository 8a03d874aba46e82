/** The flushed vectors of one collection: id -> label by the pickle, label -> slot by the data file. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { throwIfAborted } from "../../util/abort.ts";
import { Scratch } from "../../util/scratch.ts";
import { wholeText } from "../../util/statements.ts";
import { HnswFiles, IndexFileError, type SlotRequest, unreadable } from "./hnsw.ts";
import { type EntryGroup, PickleError, readPickle } from "./pickle.ts";
import { textOf } from "./values.ts";

export const pickleFile = "index_metadata.pickle";

/** Rows of one insert. */
const insertRows = 50;
/** Groups of the pickle (1,000 entries each) between two looks at the signal. */
const groupsAtOnce = 20;

const tables = `
  create table label (id text, label integer);
  create table slot (label integer primary key, slot integer);`;

export class VectorIndex implements AsyncDisposable {
  /** The last queue entry that is in it, where the pickle says so. */
  readonly maxSeqId: number | null;
  readonly #scratch: Scratch;
  /** null = nothing was ever flushed. */
  readonly #files: HnswFiles | null;
  #slotsKnown = false;

  private constructor(scratch: Scratch, files: HnswFiles | null, maxSeqId: number | null) {
    this.#scratch = scratch;
    this.#files = files;
    this.maxSeqId = maxSeqId;
  }

  /**
   * Reads the pickle into the working tables. `flushed`: the database says that something was flushed, so that the
   * pickle must be there. @throws IndexFileError
   */
  static async open(
    folder: string,
    scaled: boolean,
    flushed: boolean,
    signal: AbortSignal | undefined,
  ): Promise<VectorIndex> {
    const scratch = new Scratch(tables);
    try {
      if (!existsSync(join(folder, pickleFile))) {
        if (flushed) throw new IndexFileError(pickleFile, "it is missing");
        return new VectorIndex(scratch, null, null);
      }
      const maxSeqId = await loadLabels(scratch, join(folder, pickleFile), signal);
      return new VectorIndex(scratch, await HnswFiles.open(folder, scaled), maxSeqId);
    } catch (error) {
      scratch[Symbol.dispose]();
      if (error instanceof PickleError) throw new IndexFileError(pickleFile, error.message);
      throw unreadable(pickleFile, error);
    }
  }

  /** Components of its vectors; null where it has none. */
  get dimension(): number | null {
    return this.#files?.layout.dimension ?? null;
  }

  /** The labels of those ids that have one. */
  labels(ids: readonly string[]): Map<string, number> {
    const rows = this.#scratch.query.allIn(
      `select ${wholeText("id")}, label from label where id in (?*)`,
      ids,
    );
    return new Map(rows.map(([id, label]) => [textOf(id, "id"), Number(label)]));
  }

  has(id: string): boolean {
    return this.#scratch.query.first("select 1 from label where id = ?", id) !== undefined;
  }

  /**
   * Writes vectors to their rows of `target` and returns the rows whose label no slot has. A label mostly stands in the
   * slot before it, so that is where it is looked for first; only if one does not are all slots gone through, once.
   */
  async read(
    wanted: readonly { row: number; label: number }[],
    target: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    const files = this.#files;
    if (files === null) return wanted.map(({ row }) => row);
    const guesses = wanted.map(({ row, label }) => ({ row, label, slot: label - 1 }));
    const missed = await files.read(guesses, target);
    if (missed.length === 0) return [];
    await this.#findSlots(files, signal);
    const found = new Map(
      this.#scratch.query
        .allIn(
          "select label, slot from slot where label in (?*)",
          missed.map(({ label }) => label),
        )
        .map(([label, slot]) => [Number(label), Number(slot)]),
    );
    const again: SlotRequest[] = [];
    const lost: number[] = [];
    for (const { row, label } of missed) {
      const slot = found.get(label);
      if (slot === undefined) lost.push(row);
      else again.push({ row, label, slot });
    }
    return [...lost, ...(await files.read(again, target)).map(({ row }) => row)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#scratch[Symbol.dispose]();
    await this.#files?.close();
  }

  async #findSlots(files: HnswFiles, signal: AbortSignal | undefined): Promise<void> {
    if (this.#slotsKnown) return;
    this.#scratch.exec("begin");
    for await (const { first, labels } of files.labels()) {
      throwIfAborted(signal);
      labels.forEach((label, at) => {
        if (label === first + at + 1) return;
        this.#scratch.query.run("insert or replace into slot values (?, ?)", label, first + at);
      });
    }
    this.#scratch.exec("commit");
    this.#slotsKnown = true;
  }
}

async function loadLabels(
  scratch: Scratch,
  path: string,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const values = (rows: number) => `values ${Array(rows).fill("(?,?)").join()}`;
  const many = `insert into label ${values(insertRows)}`;
  const one = `insert into label ${values(1)}`;
  const insert = (entries: EntryGroup) => {
    for (let at = 0; at < entries.length; ) {
      const sql = entries.length - at >= 2 * insertRows ? many : one;
      const count = sql === many ? 2 * insertRows : 2;
      scratch.query.run(sql, ...entries.slice(at, at + count).map(plain));
      at += count;
    }
  };
  scratch.exec("begin");
  const reading = readPickle(path, insert);
  for (let groups = 1; ; groups += 1) {
    const step = reading.next();
    if (step.done) {
      scratch.exec("commit; create index label_id on label (id, label)");
      return step.value.maxSeqId;
    }
    if (groups % groupsAtOnce !== 0) continue;
    await breathe();
    throwIfAborted(signal);
  }
}

function plain(value: EntryGroup[number]): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new PickleError("an id or a label is neither text nor number");
}
