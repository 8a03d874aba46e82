/**
 * What a store has still to be told, on disk: one row for each document of each store that is behind, with the last state that
 * the document has. `queue.sqlite` in a folder of its own (0600), in write-ahead mode: what was acknowledged survives the process,
 * however it ends.
 *
 *   waiting(side, collection, tenant, id, seq, kind, body, refused, atMs)
 *     side            0 = "qdrant", 1 = "other"
 *     collection, tenant, id   as JSON text, for Node 22 cuts a text at a NUL byte
 *     seq             grows with every change of a row: the order in which rows are told
 *     kind            "put" = write `body`; "delete"; "copy" = whatever the other store has, or its absence
 *     refused         null = waits; else the code for which the store will not take it
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { VectorError } from "../../errors.ts";
import { acquireLock } from "../../util/lock.ts";
import { DatabaseSync } from "../../util/sqlite.ts";
import { Statements } from "../../util/statements.ts";
import type { StoreName } from "./guarded-store.ts";

const format = 1;
const sides: Readonly<Record<StoreName, number>> = { qdrant: 0, other: 1 };

/** Whose documents are meant. */
export interface Place {
  readonly collection: string;
  readonly tenant: string;
}

/** What a store has to be told of one document. */
export interface QueueEntry {
  readonly id: string;
  readonly kind: "put" | "delete" | "copy";
  /** JSON text of the document, for "put". */
  readonly body: string | null;
}

export interface QueueCounts {
  readonly waiting: number;
  readonly refused: number;
  /** When the oldest that waits was put in, in ms since 1970; null = none waits. */
  readonly oldestMs: number | null;
}

export interface RefusedEntry extends Place {
  readonly id: string;
  readonly code: string;
}

export class WriteQueue implements AsyncDisposable {
  readonly #database: DatabaseSync;
  readonly #opened: Statements;
  readonly #lock: AsyncDisposable;
  readonly #rowsMax: number;
  #rows: number;
  #seq: number;
  #closed = false;

  /**
   * Opens the queue in `folder`, for this process alone.
   * @throws {VectorError} E_LOCKED where another process has it; E_CONFIG where it cannot be made; E_STORAGE where it is of another format
   */
  static async open(folder: string, rowsMax: number): Promise<WriteQueue> {
    const lock = await acquireLock(join(folder, "queue.lock"), "the queue of writes");
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // It holds documents: only its owner reads it, and SQLite gives its further files the same mode.
      closeSync(openSync(join(folder, "queue.sqlite"), "a", 0o600));
      return new WriteQueue(join(folder, "queue.sqlite"), rowsMax, lock);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(file: string, rowsMax: number, lock: AsyncDisposable) {
    this.#lock = lock;
    this.#rowsMax = rowsMax;
    try {
      this.#database = new DatabaseSync(file);
      this.#opened = prepare(this.#database, file);
    } catch (cause) {
      if (cause instanceof VectorError) throw cause;
      throw new VectorError("E_STORAGE", `The queue ${file} cannot be opened.`, { cause });
    }
    const [rows = 0, seq = 0] =
      this.#statements.first("select count(*), coalesce(max(seq), 0) from waiting") ?? [];
    this.#rows = Number(rows);
    this.#seq = Number(seq);
  }

  /** Rows, those that were refused too. */
  get rows(): number {
    return this.#rows;
  }

  /** @throws {VectorError} E_CLOSED */
  get #statements(): Statements {
    if (!this.#closed) return this.#opened;
    throw new VectorError("E_CLOSED", "The queue of writes is closed.");
  }

  /** Which of `ids` the store has still to be told of. */
  waiting(store: StoreName, place: Place, ids: readonly string[]): Set<string> {
    const rows = this.#statements.allIn(
      "select id from waiting where side = ? and collection = ? and tenant = ? and id in (?*)",
      ids.map((id) => JSON.stringify(id)),
      ...keyOf(store, place),
    );
    return new Set(rows.map(([id]) => textOf(id)));
  }

  /** Whether the store has still to be told of anything there. */
  isBehind(store: StoreName, place: Place): boolean {
    if (this.#rows === 0) return false;
    const sql = "select 1 from waiting where side = ? and collection = ? and tenant = ? limit 1";
    return this.#statements.first(sql, ...keyOf(store, place)) !== undefined;
  }

  /**
   * Puts entries in, each instead of what stood there for its document: all of them or none, durable when this returns.
   * @throws {VectorError} E_QUEUE_FULL
   */
  put(store: StoreName, place: Place, entries: readonly QueueEntry[]): void {
    if (entries.length === 0) return;
    const standing = this.waiting(
      store,
      place,
      entries.map(({ id }) => id),
    );
    const added = entries.filter(({ id }) => !standing.has(id)).length;
    if (this.#rows + added > this.#rowsMax)
      throw new VectorError(
        "E_QUEUE_FULL",
        `The queue of writes holds ${this.#rows} of ${this.#rowsMax} documents.`,
      );
    this.#atOnce((statements) => {
      for (const { id, kind, body } of entries) {
        this.#seq += 1;
        statements.run(
          `insert into waiting values (?, ?, ?, ?, ?, ?, ?, null, ?) on conflict do update
           set seq = excluded.seq, kind = excluded.kind, body = excluded.body, refused = null`,
          ...keyOf(store, place),
          JSON.stringify(id),
          this.#seq,
          kind,
          body,
          Date.now(),
        );
      }
    });
    this.#rows += added;
  }

  /** Takes entries out: the store has been told. */
  remove(store: StoreName, place: Place, ids: readonly string[]): void {
    if (ids.length === 0) return;
    const gone = this.waiting(store, place, ids).size;
    if (gone === 0) return;
    this.#atOnce((statements) => {
      for (const id of ids)
        statements.run(
          "delete from waiting where side = ? and collection = ? and tenant = ? and id = ?",
          ...keyOf(store, place),
          JSON.stringify(id),
        );
    });
    this.#rows -= gone;
  }

  /** Leaves an entry where it is, but tells it no more: the store will not take it. */
  refuse(store: StoreName, place: Place, id: string, code: string): void {
    this.#statements.run(
      "update waiting set refused = ? where side = ? and collection = ? and tenant = ? and id = ?",
      code,
      ...keyOf(store, place),
      JSON.stringify(id),
    );
  }

  /** Puts entries behind all others: what cannot be told now keeps nothing else from being told. */
  postpone(store: StoreName, place: Place, ids: readonly string[]): void {
    this.#atOnce((statements) => {
      for (const id of ids) {
        this.#seq += 1;
        statements.run(
          "update waiting set seq = ? where side = ? and collection = ? and tenant = ? and id = ?",
          this.#seq,
          ...keyOf(store, place),
          JSON.stringify(id),
        );
      }
    });
  }

  /** Takes out all that waits for the collection: it is there no more. */
  forget(collection: string): void {
    const sql = "delete from waiting where collection = ?";
    this.#atOnce((statements) => statements.run(sql, JSON.stringify(collection)));
    this.#rows = Number(this.#statements.first("select count(*) from waiting")?.[0] ?? 0);
  }

  /** Entries that were refused wait again. */
  retryRefused(): void {
    this.#statements.run("update waiting set refused = null where refused is not null");
  }

  /** Some of what was refused, the oldest first. */
  refused(store: StoreName, limit: number): RefusedEntry[] {
    return this.#statements
      .all(
        "select collection, tenant, id, refused from waiting where side = ? and refused is not null order by seq limit ?",
        sides[store],
        limit,
      )
      .map(([collection, tenant, id, code]) => ({
        collection: textOf(collection),
        tenant: textOf(tenant),
        id: textOf(id),
        code: String(code),
      }));
  }

  /** Documents of one place that the store has to be told of, the oldest first; null = none waits. */
  next(store: StoreName, limit: number): { readonly place: Place; readonly ids: string[] } | null {
    const first = this.#statements.first(
      "select collection, tenant from waiting where side = ? and refused is null order by seq limit 1",
      sides[store],
    );
    if (first === undefined) return null;
    const place = { collection: textOf(first[0]), tenant: textOf(first[1]) };
    const rows = this.#statements.all(
      `select id from waiting where side = ? and collection = ? and tenant = ? and refused is null order by seq limit ?`,
      ...keyOf(store, place),
      limit,
    );
    return { place, ids: rows.map(([id]) => textOf(id)) };
  }

  /** What waits for these documents, in order. */
  entries(store: StoreName, place: Place, ids: readonly string[]): QueueEntry[] {
    return this.#statements
      .allIn(
        `select id, kind, body, seq from waiting
         where side = ? and collection = ? and tenant = ? and refused is null and id in (?*)`,
        ids.map((id) => JSON.stringify(id)),
        ...keyOf(store, place),
      )
      .sort(([, , , one], [, , , other]) => Number(one) - Number(other))
      .map(([id, kind, body]) => ({
        id: textOf(id),
        kind: kind === "put" || kind === "delete" ? kind : "copy",
        body: typeof body === "string" ? body : null,
      }));
  }

  counts(store: StoreName): QueueCounts {
    const [waiting = 0, refused = 0, oldest = null] =
      this.#statements.first(
        `select count(*) filter (where refused is null), count(*) filter (where refused is not null),
         min(atMs) filter (where refused is null) from waiting where side = ?`,
        sides[store],
      ) ?? [];
    return {
      waiting: Number(waiting),
      refused: Number(refused),
      oldestMs: oldest === null ? null : Number(oldest),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
    await this.#lock[Symbol.asyncDispose]();
  }

  /** @throws {VectorError} E_CLOSED; E_STORAGE where the disk does not take it: then nothing of it was done */
  #atOnce(work: (statements: Statements) => void): void {
    const statements = this.#statements;
    try {
      this.#database.exec("begin immediate");
      work(statements);
      this.#database.exec("commit");
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw new VectorError("E_STORAGE", "The queue of writes cannot be written.", { cause });
    }
  }
}

function prepare(database: DatabaseSync, file: string): Statements {
  database.exec(
    "pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000",
  );
  const statements = new Statements(database);
  const version = Number(statements.first("pragma user_version")?.[0] ?? 0);
  if (version > format)
    throw new VectorError(
      "E_STORAGE",
      `The queue ${file} has format ${version}; this version reads ${format}.`,
      {
        next: "Use the newer vecferry that wrote it.",
      },
    );
  database.exec(`
    create table if not exists waiting (
      side integer not null, collection text not null, tenant text not null, id text not null,
      seq integer not null, kind text not null, body text, refused text, atMs integer not null,
      primary key (side, collection, tenant, id)) without rowid;
    create index if not exists waiting_order on waiting (side, seq) where refused is null;
    pragma user_version = ${format}`);
  return statements;
}

function keyOf(store: StoreName, { collection, tenant }: Place): [number, string, string] {
  return [sides[store], JSON.stringify(collection), JSON.stringify(tenant)];
}

function textOf(value: unknown): string {
  const text: unknown = typeof value === "string" ? JSON.parse(value) : null;
  if (typeof text === "string") return text;
  throw new VectorError("E_STORAGE", "The queue of writes holds what it never wrote.");
}
