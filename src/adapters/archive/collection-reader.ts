/**
 * Reads one collection of an archive. Reads by key follow the file: they go on where the last one ended, the few row groups read last are
 * kept, and the next is tried where a key is in none of them. Keys that jump are looked for from the first row group on, and only where
 * that happens again and again an index is made.
 */
import { VectorError } from "../../errors.ts";
import { joinPoints, joinRecords } from "../../model/parts.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type { ArchivedCollection } from "../../store/archive.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { DroppedRows } from "./dropped-rows.ts";
import type { GroupRows } from "./group-rows.ts";
import { KeptGroup } from "./kept-group.ts";
import { type GroupPlace, KeyIndex } from "./key-index.ts";
import { PartFile, type Wanted } from "./part-file.ts";
import { type FlatColumn, flatColumns } from "./schema.ts";

/** Row groups in memory. */
const groupsKept = 3;
/** Row groups that are read in the hope that keys follow the file, before they are looked for. */
const groupsTried = 2;
/** How often keys are looked for without an index: a restore that is repeated has a sample from all over, and then begins with the first row. */
const looksMax = 2;

interface LoadedGroup extends GroupPlace {
  readonly rows: GroupRows;
  /** The rows of it that are the collection's, ascending: those that are not left out. */
  readonly live: readonly number[];
}

/** Some rows of a collection, and where they stand. */
export interface PlacedBatch {
  readonly batch: RecordBatch | PointBatch;
  readonly part: number;
  /** The number of each row in the part. */
  readonly rows: readonly number[];
}

/** Rows of a row group that were asked for. */
interface Picked {
  readonly place: GroupPlace;
  readonly batch: RecordBatch | PointBatch;
}

export class CollectionReader implements Disposable {
  readonly #root: string;
  readonly #collection: ArchivedCollection;
  readonly #key: FlatColumn;
  readonly #columns: readonly FlatColumn[];
  readonly #dropped: DroppedRows;
  /** Read last comes last. */
  #kept: KeptGroup[] = [];
  /** Behind the row that was read last, by its place in its group. */
  #after: { readonly group: KeptGroup; readonly place: number } | null = null;
  /** Behind the group that was read last; null = there is none. */
  #next: GroupPlace | null;
  /** Memory of a group's vectors, for the next one's: mapped anew for each, it costs as much as reading them. */
  #room: ArrayBuffer | undefined;
  #index: KeyIndex | null = null;
  #looks = 0;
  /** Reads take turns: they share the groups that are kept. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string, collection: ArchivedCollection) {
    this.#root = root;
    this.#collection = collection;
    this.#key = collection.rows === "points" ? "point" : "id";
    this.#columns = flatColumns(collection);
    this.#dropped = new DroppedRows(root, collection);
    this.#next = collection.parts.length === 0 ? null : { part: 0, group: 0 };
  }

  /** Every row group in the order of the file. `skip`: rows that need not be in it. `start`: of its first row in the part. */
  async *groups(
    wanted: Wanted,
    signal: AbortSignal | undefined,
    skip = 0,
  ): AsyncGenerator<LoadedGroup & { readonly start: number }> {
    let passed = 0;
    for (const [number, part] of this.#collection.parts.entries()) {
      passed += part.rows - part.dropped;
      if (passed <= skip) continue;
      await using file = await PartFile.open(this.#root, part, this.#collection);
      let start = 0;
      for (let group = 0; group < file.groups; group += 1) {
        throwIfAborted(signal);
        const rows = await file.read(group, wanted);
        yield { part: number, group, rows, start, live: await this.#live(number, start, rows) };
        start += rows.count;
      }
    }
  }

  /** Keys in the order of the file, a row group's at a time. */
  async *keys(signal: AbortSignal | undefined): AsyncGenerator<string[]> {
    const wanted = { columns: [this.#key], vectors: false };
    for await (const { rows, live } of this.groups(wanted, signal)) {
      const keys = rows.texts(this.#key);
      if (live.length > 0)
        yield live.length === keys.length ? keys : live.map((row) => keys[row] ?? "");
    }
  }

  /** Bytes of a row's texts in the mean, rounded up, of those too that are left out: as the parts' footers tell it. */
  async recordBytes(signal: AbortSignal | undefined): Promise<number> {
    let [bytes, rows] = [0, 0];
    for (const part of this.#collection.parts) {
      throwIfAborted(signal);
      await using file = await PartFile.open(this.#root, part, this.#collection);
      for (const column of this.#columns) bytes += file.plainBytes(column);
      rows += part.rows;
    }
    return rows === 0 ? 0 : Math.ceil(bytes / rows);
  }

  /** Every row behind the first `skip` ones, in batches. */
  async *batches(
    options: { readonly vectors: boolean; readonly size: number; readonly skip: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<PlacedBatch> {
    const wanted = { columns: this.#columns, vectors: options.vectors };
    let left = this.#rowsToSkip(options.skip);
    for await (const { part, rows, start, live } of this.groups(wanted, signal, options.skip)) {
      for (let at = Math.min(left, live.length); at < live.length; at += options.size) {
        const some = live.slice(at, at + options.size);
        const batch = rows.batch(this.#collection.rows, some);
        yield { batch, part, rows: some.map((row) => start + row) };
      }
      left = Math.max(0, left - live.length);
    }
  }

  /** These keys' rows, those that are there, in the order of the file. */
  read(
    keys: readonly string[],
    vectors: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ batch: RecordBatch | PointBatch; absent: string[] }> {
    const turn = this.#turn.then(() => this.#read(keys, vectors, signal));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  [Symbol.dispose](): void {
    this.#index?.[Symbol.dispose]();
    this.#index = null;
    this.#kept = [];
    this.#after = null;
    this.#room = undefined;
  }

  async #read(
    keys: readonly string[],
    vectors: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ batch: RecordBatch | PointBatch; absent: string[] }> {
    throwIfAborted(signal);
    const wanted = { columns: this.#columns, vectors };
    const followed = await this.#goOn(keys, wanted, signal);
    const missing = new Set(followed === null ? keys : []);
    const picked = followed ?? [];
    for (const group of this.#kept.toReversed()) {
      if (missing.size === 0) break;
      await this.#pick(group, missing, wanted, picked);
    }
    await this.#follow(missing, wanted, picked, signal);
    if (missing.size > 0) await this.#pickAnywhere(missing, wanted, picked, signal);
    picked.sort((a, b) => a.place.part - b.place.part || a.place.group - b.place.group);
    const batches = picked.map(({ batch }) => batch);
    const records = batches.filter((batch) => !("placement" in batch));
    const points = batches.filter((batch) => "placement" in batch);
    const batch = this.#collection.rows === "points" ? joinPoints(points) : joinRecords(records);
    return { batch, absent: [...missing] };
  }

  /** The rows behind the one that was read last, where the keys are theirs, in their order; else null. */
  async #goOn(
    keys: readonly string[],
    wanted: Wanted,
    signal: AbortSignal | undefined,
  ): Promise<Picked[] | null> {
    const picked: Picked[] = [];
    for (let taken = 0; this.#after !== null; ) {
      const { group, place } = this.#after;
      const count = group.runOf(keys, taken, place);
      if (count > 0) await this.#take(group, range(place, place + count), wanted, picked);
      taken += count;
      if (taken === keys.length) return picked;
      const isLast = this.#kept.at(-1) === group && place + count === group.size;
      if (!isLast || this.#next === null) return null;
      this.#after = { group: await this.#load(this.#next, wanted, signal), place: 0 };
    }
    return null;
  }

  /** Looks into the groups behind the one that was read last, as long as they have some of the keys. */
  async #follow(
    missing: Set<string>,
    wanted: Wanted,
    picked: Picked[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (let left = groupsTried; missing.size > 0 && this.#next !== null && left > 0; ) {
      const before = missing.size;
      const group = await this.#load(this.#next, wanted, signal);
      await this.#pick(group, missing, wanted, picked);
      // A whole group of keys in their order is no jump.
      if (before - missing.size < group.size) left -= 1;
    }
  }

  async #pickAnywhere(
    missing: Set<string>,
    wanted: Wanted,
    picked: Picked[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let inPart = 0;
    for await (const place of this.#placesOf(missing, signal)) {
      const before = missing.size;
      const group = await this.#load(place, wanted, signal);
      await this.#pick(group, missing, wanted, picked);
      if (before - missing.size < group.size) inPart += 1;
    }
    // Rows in a row may begin and end in the midst of a group.
    if (inPart > groupsTried) this.#next = null;
  }

  /** The row groups that have some of these keys, in the order of the file. Who takes a group takes its keys out of `missing`. */
  async *#placesOf(
    missing: ReadonlySet<string>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<GroupPlace> {
    if (this.#looks === looksMax) {
      this.#index ??= await this.#makeIndex(signal);
      yield* this.#index.find([...missing]);
      return;
    }
    this.#looks += 1;
    const wanted = { columns: [this.#key], vectors: false };
    for await (const { part, group, rows, live } of this.groups(wanted, signal)) {
      const keys = rows.texts(this.#key);
      if (live.some((row) => missing.has(keys[row] ?? ""))) yield { part, group };
      if (missing.size === 0) return;
    }
  }

  async #makeIndex(signal: AbortSignal | undefined): Promise<KeyIndex> {
    const index = new KeyIndex();
    try {
      const wanted = { columns: [this.#key], vectors: false };
      for await (const { part, group, rows, live } of this.groups(wanted, signal)) {
        const keys = rows.texts(this.#key);
        index.add(
          { part, group },
          live.map((row) => keys[row] ?? ""),
        );
      }
      return index;
    } catch (error) {
      index[Symbol.dispose]();
      throw error;
    }
  }

  /** Takes those of `missing` that stand in `group`. */
  async #pick(
    group: KeptGroup,
    missing: Set<string>,
    wanted: Wanted,
    picked: Picked[],
  ): Promise<void> {
    const places = group.placesOf(missing);
    if (places.length === 0) return;
    for (const place of places) missing.delete(group.keyAt(place));
    await this.#take(group, places, wanted, picked);
  }

  /** Takes the rows at these places, ascending. */
  async #take(
    group: KeptGroup,
    places: readonly number[],
    { vectors }: Wanted,
    picked: Picked[],
  ): Promise<void> {
    if (vectors && !group.hasVectors) {
      await using file = await this.#open(group.place.part);
      group.addVectors(await file.vectors(group.place.group, this.#takeRoom()));
    }
    this.#after = { group, place: (places.at(-1) ?? 0) + 1 };
    // Not the group itself: a read may go through all of them.
    picked.push({ place: group.place, batch: group.batch(places, vectors) });
  }

  /** Reads a row group and keeps it; what comes behind it is tried next. */
  async #load(
    { part, group }: GroupPlace,
    wanted: Wanted,
    signal: AbortSignal | undefined,
  ): Promise<KeptGroup> {
    throwIfAborted(signal);
    await using file = await this.#open(part);
    const rows = await file.read(group, wanted, wanted.vectors ? this.#takeRoom() : undefined);
    const live = await this.#live(part, file.start(group), rows);
    const keys = rows.texts(this.#key);
    const loaded = new KeptGroup(
      { part, group },
      this.#collection.rows,
      rows,
      live,
      live.length === keys.length ? keys : live.map((row) => keys[row] ?? ""),
    );
    for (const old of this.#kept.slice(0, 1 - groupsKept)) {
      this.#room = old.release() ?? this.#room;
      if (this.#after?.group === old) this.#after = null;
    }
    this.#kept = [...this.#kept.slice(1 - groupsKept), loaded];
    if (group + 1 < file.groups) this.#next = { part, group: group + 1 };
    else
      this.#next = part + 1 < this.#collection.parts.length ? { part: part + 1, group: 0 } : null;
    return loaded;
  }

  #takeRoom(): ArrayBuffer | undefined {
    const room = this.#room;
    this.#room = undefined;
    return room;
  }

  /** How many of the first rows that are read are not wanted: parts of which none is are not read. */
  #rowsToSkip(skip: number): number {
    let left = skip;
    for (const { rows, dropped } of this.#collection.parts) {
      if (rows - dropped > left) break;
      left -= rows - dropped;
    }
    return left;
  }

  /** The rows of a group that are not left out; `start`: of its first row in the part. */
  async #live(part: number, start: number, { count }: GroupRows): Promise<readonly number[]> {
    const dropped = await this.#dropped.of(part);
    if (dropped.length === 0) return range(0, count);
    const gone = new Set(dropped.filter((row) => row >= start && row < start + count));
    return range(0, count).filter((row) => !gone.has(start + row));
  }

  async #open(part: number): Promise<PartFile> {
    const found = this.#collection.parts[part];
    if (found === undefined) throw new VectorError("E_INTERNAL", `There is no part ${part}.`);
    return PartFile.open(this.#root, found, this.#collection);
  }
}

function range(start: number, end: number): number[] {
  const numbers: number[] = [];
  for (let at = start; at < end; at += 1) numbers.push(at);
  return numbers;
}
