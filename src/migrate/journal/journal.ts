/** The journal: what each migration is, how far it is, and every record of it. One process writes; others may read. */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { type StoreIdentity, storeKinds } from "../../store/port.ts";
import { type CollectionPlan, collectionPlanSchema, planHash } from "../collection-plan.ts";
import type { Scope } from "../request.ts";
import { closeDatabase, guarded, openDatabase, openDatabaseToRead, prepared } from "./database.ts";
import { Ledger } from "./ledger.ts";
import { type PointRow, pointsBetween } from "./points.ts";
import { Progress } from "./progress.ts";

/** How far a migration is; a failure is a reason attached to a state. */
export const migrationStates = [
  "PLANNED",
  "COPYING",
  "PAUSED",
  "COPIED",
  "VERIFIED",
  "STALE",
  "CANCELLED",
] as const;
export type MigrationState = (typeof migrationStates)[number];

/** What a collection's listing was asked for, as the journal keeps it. */
export type CollectionScope = Pick<Scope, "where" | "limit">;

const identitySchema = z.object({
  kind: z.enum(storeKinds),
  address: z.string(),
  tenant: z.string().nullable(),
  database: z.string().nullable(),
  version: z.string().nullable(),
});

const migrationSchema = z.object({
  id: z.number(),
  key: z.string(),
  run: z.string(),
  source: z.string().transform((text) => identitySchema.parse(JSON.parse(text))),
  target: z.string().transform((text) => identitySchema.parse(JSON.parse(text))),
  state: z.enum(migrationStates),
  reason: z.string().nullable(),
  mapping: z
    .string()
    .nullable()
    .transform((text) =>
      text === null
        ? null
        : new Map(Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(text)))),
    ),
  default_tenant: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});

/** One migration: everything between one source and one target. */
export type Migration = z.infer<typeof migrationSchema>;

const collectionSchema = z.object({
  id: z.number(),
  key: z.string(),
  target: z.number(),
  plan: z.string().transform((text) => collectionPlanSchema.parse(JSON.parse(text))),
  plan_hash: z.string(),
  scope: z
    .string()
    .transform(
      (text): CollectionScope =>
        z.object({ where: z.unknown(), limit: z.number().nullable() }).parse(JSON.parse(text)),
    ),
  listed: z.number().transform((flag) => flag === 1),
  /** Carried records are to be looked through for what has changed at the source since; survives an interrupted pass. */
  refresh: z.number().transform((flag) => flag === 1),
  verified_at: z.string().nullable(),
  /** Whether everything that it has was carried once: what a later run carries is what has changed since. */
  copied: z
    .number()
    .default(0)
    .transform((flag) => flag === 1),
});

/** One source collection of a migration. */
export type JournalCollection = z.infer<typeof collectionSchema>;

export class Journal implements Disposable {
  readonly file: string;
  /** false = a private one, gone when it is closed. */
  readonly kept: boolean;
  readonly #db: DatabaseSync;
  readonly #ledgers = new Map<number, Ledger>();

  private constructor(db: DatabaseSync, file: string, kept = true) {
    this.#db = db;
    this.file = file;
    this.kept = kept;
  }

  /** Opens or makes the journal of a state folder; ':memory:' for one that nobody keeps. @throws E_JOURNAL_FORMAT, E_JOURNAL_DAMAGED, E_DISK_FULL */
  static open(stateFolder: string): Journal {
    const { db, file } = openDatabase(stateFolder);
    return new Journal(db, file, stateFolder !== ":memory:");
  }

  /** Opens the journal to look into it while another process may write. @throws E_NO_MIGRATION, and as `open` */
  static openToRead(stateFolder: string): Journal {
    const { db, file } = openDatabaseToRead(stateFolder);
    return new Journal(db, file);
  }

  [Symbol.dispose](): void {
    closeDatabase(this.#db);
  }

  /** The migration with this key, or null. */
  find(key: string): Migration | null {
    return this.#migration("SELECT * FROM migration WHERE key=?", key);
  }

  /** All migrations, newest first. */
  migrations(): Migration[] {
    return this.#read(() =>
      prepared(this.#db, "SELECT * FROM migration ORDER BY updated_at DESC, id DESC")
        .all()
        .map((row) => migrationSchema.parse(row)),
    );
  }

  /** The migration with this key; made in state PLANNED where there is none. */
  begin(key: string, run: string, source: StoreIdentity, target: StoreIdentity): Migration {
    const now = new Date().toISOString();
    this.#write(
      "INSERT INTO migration(key,run,source,target,state,created_at,updated_at) VALUES(?,?,?,?,'PLANNED',?,?) ON CONFLICT(key) DO UPDATE SET source=excluded.source, target=excluded.target, updated_at=excluded.updated_at",
      key,
      run,
      JSON.stringify(source),
      JSON.stringify(target),
      now,
      now,
    );
    const migration = this.find(key);
    if (migration === null)
      throw new VectorError(
        "E_JOURNAL_DAMAGED",
        `The journal ${this.file} did not keep a migration.`,
      );
    return migration;
  }

  /** Sets the state, with the reason why it stands there where something failed. */
  setState(migration: Migration, state: MigrationState, reason: string | null = null): void {
    this.#write(
      "UPDATE migration SET state=?, reason=?, updated_at=? WHERE id=?",
      state,
      reason,
      new Date().toISOString(),
      migration.id,
    );
  }

  /** Keeps the tenant mapping for later runs. */
  setTenants(
    migration: Migration,
    mapping: ReadonlyMap<string, string> | null,
    defaultTenant: string | null,
  ): void {
    this.#write(
      "UPDATE migration SET mapping=?, default_tenant=? WHERE id=?",
      mapping === null ? null : JSON.stringify(Object.fromEntries(mapping)),
      defaultTenant,
      migration.id,
    );
  }

  /** Forgets everything about a migration but the target collections that it made. */
  forget(migration: Migration): void {
    for (const { id, target } of this.collections(migration)) {
      this.#write("DELETE FROM progress WHERE kind='scan' AND owner=?", target);
      this.#drop(id);
    }
    this.#write(
      "UPDATE migration SET state='PLANNED', reason=NULL, mapping=NULL, default_tenant=NULL WHERE id=?",
      migration.id,
    );
  }

  /** The collections of a migration in the order in which they were added. */
  collections(migration: Migration): JournalCollection[] {
    return this.#read(() =>
      prepared(this.#db, "SELECT * FROM collection WHERE migration=? ORDER BY id")
        .all(migration.id)
        .map((row) => collectionSchema.parse(row)),
    );
  }

  /**
   * Enters a planned collection, or finds it again. A collection that is not begun takes the new plan; one that is begun
   * keeps its own. @throws E_PLAN_CHANGED when it is begun under another plan
   */
  enter(migration: Migration, plan: CollectionPlan, scope: CollectionScope): JournalCollection {
    const hash = planHash(plan);
    const known = this.collections(migration).find(({ key }) => key === plan.source.key);
    if (known !== undefined && known.plan_hash !== hash) {
      if (this.ledger(known).counts().written > 0) throw planChanged(known.plan, plan);
      this.#drop(known.id);
    }
    const target = this.#targetId(migration, plan.target);
    this.#write(
      "INSERT INTO collection(migration,key,target,plan,plan_hash,scope) VALUES(?,?,?,?,?,?) ON CONFLICT(migration,key) DO UPDATE SET plan=excluded.plan, scope=excluded.scope",
      migration.id,
      plan.source.key,
      target,
      JSON.stringify(plan),
      hash,
      JSON.stringify(scope),
    );
    const entered = this.collections(migration).find(({ key }) => key === plan.source.key);
    if (entered === undefined)
      throw new VectorError(
        "E_JOURNAL_DAMAGED",
        `The journal ${this.file} did not keep a collection.`,
      );
    return entered;
  }

  /** Notes that the carried records are to be looked through again, or (false) that this is done. */
  setRefresh(collection: JournalCollection, refresh: boolean): void {
    this.#write("UPDATE collection SET refresh=? WHERE id=?", refresh ? 1 : 0, collection.id);
  }

  /** Notes that everything that it has was carried once. */
  setCopied(collection: JournalCollection): void {
    this.#write("UPDATE collection SET copied=1 WHERE id=?", collection.id);
  }

  /** Forgets a collection and its records. */
  drop(collection: JournalCollection): void {
    this.#drop(collection.id);
  }

  /** Notes that a collection was found without a difference, or (null) that this no longer holds. */
  setVerified(collection: JournalCollection, at: string | null): void {
    this.#write("UPDATE collection SET verified_at=? WHERE id=?", at, collection.id);
  }

  /** The target collections that a migration ever planned, also those whose sources are forgotten. */
  targets(migration: Migration): { name: string; made: boolean }[] {
    const schema = z.object({ name: z.string(), made: z.number().transform((flag) => flag === 1) });
    const sql = "SELECT name, made FROM target WHERE migration=? ORDER BY id";
    return this.#read(() =>
      prepared(this.#db, sql)
        .all(migration.id)
        .map((row) => schema.parse(row)),
    );
  }

  /** Notes that this migration made the target collection. */
  setMade(migration: Migration, name: string, made: boolean): void {
    const id = this.#targetId(migration, name);
    this.#write("UPDATE target SET made=? WHERE id=?", made ? 1 : 0, id);
  }

  /** The records of one collection. */
  ledger(collection: JournalCollection): Ledger {
    const known = this.#ledgers.get(collection.id);
    if (known !== undefined) return known;
    const ledger = new Ledger(this.#db, this.file, collection.id, collection.target);
    this.#ledgers.set(collection.id, ledger);
    return ledger;
  }

  /** The records whose points lie between two of one target collection, whichever collection they come from. */
  points(collection: JournalCollection, from: string, to: string): Generator<PointRow> {
    return pointsBetween(this.#db, this.file, collection.target, from, to);
  }

  /** How far the scan of a collection's target is, for all collections that share it. */
  scanProgress(collection: JournalCollection): Progress {
    return new Progress(this.#db, this.file, "scan", collection.target);
  }

  /** How far the reading of a collection's source is. */
  readProgress(collection: JournalCollection): Progress {
    return new Progress(this.#db, this.file, "read", collection.id);
  }

  #targetId(migration: Migration, name: string): number {
    this.#write("INSERT OR IGNORE INTO target(migration,name) VALUES(?,?)", migration.id, name);
    const row = this.#read(() =>
      prepared(this.#db, "SELECT id FROM target WHERE migration=? AND name=?").get(
        migration.id,
        name,
      ),
    );
    return z.number().parse(row?.["id"]);
  }

  #drop(collection: number): void {
    this.#ledgers.delete(collection);
    for (const table of ["record", "point", "sending", "failure", "difference"])
      this.#write(`DELETE FROM ${table} WHERE collection=?`, collection);
    this.#write("DELETE FROM progress WHERE kind='read' AND owner=?", collection);
    this.#write("DELETE FROM collection WHERE id=?", collection);
  }

  #migration(sql: string, ...values: string[]): Migration | null {
    return this.#read(() => {
      const row = prepared(this.#db, sql).get(...values);
      return row === undefined ? null : migrationSchema.parse(row);
    });
  }

  #write(sql: string, ...values: (string | number | null)[]): void {
    guarded(this.file, () => prepared(this.#db, sql).run(...values));
  }

  /** A row that does not fit its schema is a damaged journal. */
  #read<Result>(work: () => Result): Result {
    try {
      return guarded(this.file, work);
    } catch (error) {
      if (error instanceof z.ZodError || error instanceof SyntaxError) {
        throw new VectorError(
          "E_JOURNAL_DAMAGED",
          `A row of the journal ${this.file} cannot be read.`,
          { cause: error },
        );
      }
      throw error;
    }
  }
}

function planChanged(begun: CollectionPlan, wanted: CollectionPlan): VectorError {
  const fields = [
    "target",
    "tenant",
    "layout",
    "distance",
    "dimension",
    "tenanted",
    "merged",
    "idPrefix",
  ] as const;
  const changed = fields.filter((field) => begun[field] !== wanted[field]);
  const changes = changed.map(
    (field) =>
      `${field} was ${JSON.stringify(begun[field])} and would be ${JSON.stringify(wanted[field])}`,
  );
  return new VectorError(
    "E_PLAN_CHANGED",
    `Collection ${JSON.stringify(begun.source.name)} is already being copied under another plan: ${changes.join("; ")}.`,
    {
      details: { collection: begun.source.name, fields: changed },
    },
  );
}
