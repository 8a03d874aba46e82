/** A folder of FAISS collections as `doctor` sees it: nothing in it changes, and no other process is kept from it. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CollectionInfo } from "../../model/collection.ts";
import type { StandingCollection, TargetLook } from "../../store/look.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { readLock } from "../../util/lock.ts";
import { infoOf, type ReadCollection, readCollection } from "./contents.ts";
import { listCollections, lockFile } from "./folder.ts";
import { toBatch } from "./row.ts";

/** @throws E_FOLDER_LAYOUT, E_STORAGE, E_NOT_SUPPORTED, E_CONFIG */
export async function lookAtFaiss(path: string): Promise<TargetLook> {
  const root = resolve(path);
  const read = new Map<string, ReadCollection>();
  for (const name of await listCollections(root))
    read.set(name, await readCollection(join(root, name), name));
  return new FaissLook(root, read);
}

class FaissLook implements TargetLook {
  readonly identity: StoreIdentity;
  readonly access = "all";
  readonly ramBytes = null;
  readonly residentBytes = null;
  readonly folder: string;
  readonly lockedBy: TargetLook["lockedBy"];
  readonly meter = null;
  readonly collections: readonly StandingCollection[];
  readonly #read: ReadonlyMap<string, ReadCollection>;

  constructor(root: string, read: ReadonlyMap<string, ReadCollection>) {
    this.identity = { kind: "faiss", address: root, tenant: null, database: null, version: null };
    this.folder = root;
    this.lockedBy = existsSync(root) ? readLock(join(root, lockFile)) : null;
    this.#read = read;
    this.collections = Array.from(read.values(), (one) => ({
      info: infoOf(one),
      optimizerFault: null,
      indexing: "on",
      indexes: [],
      strict: null,
    }));
  }

  async firstForeign({ name }: CollectionInfo, rowsMax: number) {
    const rows = this.#read.get(name)?.contents.table.all().slice(0, rowsMax) ?? [];
    const at = rows.findIndex(({ run }) => run === null);
    return at === -1
      ? { looked: rows.length, point: null }
      : { looked: at + 1, point: rows[at]?.point ?? null };
  }

  async tenants({ name }: CollectionInfo) {
    const tenants =
      this.#read
        .get(name)
        ?.contents.table.all()
        .map(({ tenant }) => tenant) ?? [];
    const without = tenants.filter((tenant) => tenant === null).length;
    return { looked: tenants.length, named: without < tenants.length, without };
  }

  async points({ name }: CollectionInfo, points: readonly string[]) {
    const table = this.#read.get(name)?.contents.table;
    const rows = points.flatMap((point) => table?.get(point) ?? []);
    return toBatch(rows, 0, false);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
