/** Reads one collection: every look is of one moment, and is repeated when the files changed meanwhile. */
import { isVectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { decodeMetadata, matches, type Where } from "../../model/filter.ts";
import type { ReadResult } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { retry } from "../../util/backoff.ts";
import { BatchBuilder } from "./batch.ts";
import type { Segments } from "./catalog.ts";
import { type ChromaDatabase, databaseError, isPassing } from "./database.ts";
import { type Member, Members } from "./members.ts";
import type { Payload } from "./metadata.ts";
import { Pending, type PendingRecord } from "./pending.ts";
import {
  databaseState,
  type FilesState,
  indexState,
  isFresh,
  isStable,
  unstable,
} from "./stability.ts";
import { seqOf } from "./values.ts";
import { lostSlot, type Place, Vectors } from "./vectors.ts";

export interface ReadParts {
  readonly vectors: boolean;
  readonly payload: boolean;
}

/** Looks at a folder that changes: about 4 s in all. */
const tries = { attempts: 8, baseMs: 150, maxMs: 2000 };

export class CollectionReader implements AsyncDisposable {
  readonly #database: ChromaDatabase;
  readonly #folder: string;
  readonly #collection: CollectionInfo;
  readonly #segments: Segments;
  readonly #members: Members;
  #pending: Pending | null = null;
  #applied = 0;
  #vectors: Vectors | null = null;
  #vectorsState: FilesState | null = null;
  /** Reads take turns: they share the vectors, which one of them may have to read anew. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    database: ChromaDatabase,
    folder: string,
    collection: CollectionInfo,
    segments: Segments,
  ) {
    this.#database = database;
    this.#folder = folder;
    this.#collection = collection;
    this.#segments = segments;
    this.#members = new Members(database, segments.metadata);
  }

  async count(signal: AbortSignal | undefined): Promise<number> {
    return this.#look(signal, () => this.#members.count() + this.#overlay().countDifference);
  }

  /** Records in the order of the first write, each with the last write to it; those that match `where` only. */
  async *list(
    where: Where | null,
    chunk: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Member[]> {
    const range = await this.#look(signal, () => this.#members.range());
    for (let after = (range?.first ?? 0) - 1, more = range !== null; more; ) {
      const last = range?.last ?? 0;
      const page = await this.#look(signal, () => {
        const members = this.#members.page(after, last, chunk);
        const alive = withPending(members, this.#overlay().find(members.map(({ id }) => id)));
        return {
          end: members.at(-1)?.rowid,
          full: members.length === chunk,
          listed: this.#select(alive, where),
        };
      });
      if (page.listed.length > 0) yield page.listed;
      more = page.full;
      after = page.end ?? last;
    }
    yield* this.#listAdded(where, chunk, signal);
  }

  async read(
    keys: readonly string[],
    parts: ReadParts,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    const unique = [...new Set(keys)];
    const turn = this.#turn.then(() =>
      retry(() => this.#tryRead(unique, parts, signal), { ...tries, signal }),
    );
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pending?.[Symbol.dispose]();
    await this.#forgetVectors();
  }

  async #tryRead(
    keys: readonly string[],
    parts: ReadParts,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    throwIfAborted(signal);
    try {
      return await this.#readOnce(keys, parts, signal);
    } catch (error) {
      await this.#forgetVectors();
      throw this.#passing(error);
    }
  }

  async #readOnce(
    keys: readonly string[],
    parts: ReadParts,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    const before = indexState(this.#folder, this.#segments.vector);
    const vectors = parts.vectors ? await this.#currentVectors(before, signal) : null;
    const seen = this.#database.snapshot(() => {
      if (vectors !== null && vectors.flushed !== this.#flushed(this.#segments.vector)) {
        throw unstable(this.#folder);
      }
      const members = this.#find(keys);
      const payloads = parts.payload ? this.#payloads(members) : null;
      return { members, payloads, places: vectors?.locate(this.#database, members) ?? null };
    });
    const ids = seen.members.map(({ id }) => id);
    const builder = new BatchBuilder(ids, seen.payloads);
    const dimension = this.#collection.dimension ?? 0;
    const data = seen.places && (await this.#fill(seen.places, builder, dimension, signal));
    const { batch, failures } = builder.build(data, dimension);
    if (vectors !== null) {
      const after = indexState(this.#folder, this.#segments.vector);
      const mayPass = failures.length > 0 && isFresh(after);
      if (mayPass || !isStable(before, after)) throw unstable(this.#folder);
    }
    const found = new Set(ids);
    return { batch, failures, absent: keys.filter((key) => !found.has(key)) };
  }

  async #fill(
    places: readonly Place[],
    builder: BatchBuilder,
    dimension: number,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const data = new Float32Array(places.length * dimension);
    const wanted: { row: number; label: number }[] = [];
    places.forEach((place, row) => {
      if ("problem" in place) builder.fail(row, place.problem);
      else if ("vector" in place) data.set(place.vector, row * dimension);
      else if (builder.has(row)) wanted.push({ row, label: place.label });
    });
    const lost = (await this.#vectors?.read(wanted, data, signal)) ?? [];
    for (const row of lost) builder.fail(row, lostSlot);
    return data;
  }

  /** Members among `keys` as they are now, by rowid, added ones last. Inside a snapshot. */
  #find(keys: readonly string[]): Member[] {
    const members = this.#members.find(keys);
    const overlay = this.#overlay();
    if (overlay.size === 0) return members;
    const pending = overlay.find(keys);
    const alive = withPending(members, pending);
    for (const [id, record] of pending) {
      if (record !== null && !record.stored) alive.push({ rowid: -1, id, seq: record.seq });
    }
    return alive;
  }

  #payloads(members: readonly Member[]): Payload[] {
    const stored = this.#members.payloads(members);
    const pending = this.#overlay().find(members.map(({ id }) => id));
    if (pending.size === 0) return stored;
    return stored.map((payload, row) => pending.get(members[row]?.id ?? "") ?? payload);
  }

  #select(members: Member[], where: Where | null): Member[] {
    if (where === null) return members;
    const payloads = this.#payloads(members);
    return members.filter((_, row) =>
      matches(where, decodeMetadata(payloads[row]?.metadata ?? null)),
    );
  }

  async *#listAdded(
    where: Where | null,
    chunk: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Member[]> {
    for (let place = 0, more = true; more; ) {
      const page = await this.#look(signal, () => {
        const added = this.#overlay().added(place, chunk);
        const listed = this.#select(this.#find(added.map(({ id }) => id)), where);
        return { listed, full: added.length === chunk, end: added.at(-1)?.place };
      });
      if (page.listed.length > 0) yield page.listed;
      more = page.full;
      place = page.end ?? place;
    }
  }

  /** What is queued and not yet stored, brought up to this snapshot. */
  #overlay(): Pending {
    const applied = this.#flushed(this.#segments.metadata) ?? 0;
    if (this.#pending === null || applied !== this.#applied) {
      this.#pending?.[Symbol.dispose]();
      this.#pending = new Pending(this.#collection.key, applied);
      this.#applied = applied;
    }
    this.#pending.extend(this.#database, this.#members);
    return this.#pending;
  }

  /** The last queue row that a segment has taken in; null = it says none. */
  #flushed(segment: string): number | null {
    const sql = "select seq_id from max_seq_id where segment_id = ?";
    const value = this.#database.query.first(sql, segment)?.[0];
    return value === undefined || value === null ? null : seqOf(value, "max_seq_id.seq_id");
  }

  /** The vectors for the files' state `state`; read anew when the files or the database moved on. */
  async #currentVectors(state: FilesState, signal: AbortSignal | undefined): Promise<Vectors> {
    const flushed = this.#database.snapshot(() => this.#flushed(this.#segments.vector));
    const known = this.#vectors;
    if (known?.flushed === flushed && this.#vectorsState?.text === state.text) return known;
    await this.#forgetVectors();
    this.#vectorsState = state;
    this.#vectors = await Vectors.open({
      folder: this.#folder,
      collection: this.#collection,
      segment: this.#segments.vector,
      flushed,
      signal,
    });
    return this.#vectors;
  }

  async #forgetVectors(): Promise<void> {
    const vectors = this.#vectors;
    this.#vectors = null;
    await vectors?.[Symbol.asyncDispose]();
  }

  /** One look at the database alone. */
  async #look<Result>(signal: AbortSignal | undefined, look: () => Result): Promise<Result> {
    return retry(
      async () => {
        throwIfAborted(signal);
        try {
          return this.#database.snapshot(look);
        } catch (error) {
          throw this.#passing(error);
        }
      },
      { ...tries, signal },
    );
  }

  /** An error that a writer at work may have caused becomes E_FOLDER_IN_USE, which is tried again. */
  #passing(error: unknown): unknown {
    const state = indexState(this.#folder, this.#segments.vector);
    const torn = isPassing(error) || isVectorError(error, "E_FOLDER_TORN");
    const fresh = isFresh(state) || isFresh(databaseState(this.#folder));
    if (torn && fresh) return unstable(this.#folder);
    return databaseError(error, this.#folder);
  }
}

/** Members as the queue leaves them: without those that it deletes, with its own number where it writes. */
function withPending(members: Member[], pending: ReadonlyMap<string, PendingRecord>): Member[] {
  if (pending.size === 0) return members;
  return members.flatMap((member) => {
    const record = pending.get(member.id);
    if (record === undefined) return [member];
    return record === null ? [] : [{ ...member, seq: record.seq }];
  });
}
