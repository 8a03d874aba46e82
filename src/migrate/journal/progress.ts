/** How far a verify is, so that a killed one goes on where it stopped, as long as nothing was written since. */
import type { DatabaseSync } from "node:sqlite";
import { guarded, prepared } from "./database.ts";

/** Older progress says too little of what stands there now. */
const ageMaxMs = 3_600_000;

export class Progress {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #kind: "scan" | "read";
  readonly #owner: number;

  /** `owner` is the target of a scan, the collection of a read. */
  constructor(db: DatabaseSync, file: string, kind: "scan" | "read", owner: number) {
    this.#db = db;
    this.#file = file;
    this.#kind = kind;
    this.#owner = owner;
  }

  /** What was kept last, if it is less than an hour old. */
  get(): string | null {
    const sql = "SELECT value FROM progress WHERE kind=? AND owner=? AND at>?";
    const since = Date.now() - ageMaxMs;
    const row = guarded(this.#file, () =>
      prepared(this.#db, sql).get(this.#kind, this.#owner, since),
    );
    return typeof row?.["value"] === "string" ? row["value"] : null;
  }

  /** Keeps it; null forgets it. */
  set(value: string | null): void {
    guarded(this.#file, () => {
      if (value === null) {
        const sql = "DELETE FROM progress WHERE kind=? AND owner=?";
        prepared(this.#db, sql).run(this.#kind, this.#owner);
        return;
      }
      const sql = "INSERT OR REPLACE INTO progress VALUES(?,?,?,?)";
      prepared(this.#db, sql).run(this.#kind, this.#owner, Date.now(), value);
    });
  }
}

/** Forgets how far a verify was, because something was written. */
export function clearProgress(db: DatabaseSync, target: number, collection: number): void {
  prepared(
    db,
    "DELETE FROM progress WHERE (kind='scan' AND owner=?) OR (kind='read' AND owner=?)",
  ).run(target, collection);
}
