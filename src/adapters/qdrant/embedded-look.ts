/** The folder of an embedded Qdrant as `doctor` sees it: without opening it, so that nothing in it changes. */
import {
  type LookedFolder,
  lookAtPoints,
  lookForPoints,
  lookIntoFolder,
} from "../../engine/index.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { PointBatch } from "../../model/record.ts";
import type { StandingCollection, TargetLook } from "../../store/look.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { toBatch } from "./convert.ts";
import { firstForeign, seeTenants } from "./foreign.ts";
import { infoOf } from "./info.ts";
import { noteLayout } from "./note.ts";
import { describedState } from "./settings.ts";
import { standing } from "./standing.ts";

/** @throws E_CONFIG where the folder holds other things, E_STORAGE, E_NOT_SUPPORTED, E_BAD_RESPONSE */
export function lookAtEmbedded(path: string): TargetLook {
  return new EmbeddedLook(
    path === ":memory:" ? { folder: path, lock: null, collections: [] } : lookIntoFolder(path),
  );
}

class EmbeddedLook implements TargetLook {
  readonly identity: StoreIdentity;
  readonly access = "all";
  readonly ramBytes = null;
  readonly residentBytes = null;
  readonly folder: string | null;
  readonly lockedBy: TargetLook["lockedBy"];
  readonly meter = null;
  readonly collections: readonly StandingCollection[];
  readonly #paths: ReadonlyMap<string, string>;

  constructor({ folder, lock, collections }: LookedFolder) {
    const nameless = { tenant: null, database: null, version: null };
    this.identity = { kind: "embedded", address: folder, ...nameless };
    this.folder = folder === ":memory:" ? null : folder;
    this.lockedBy = lock;
    this.#paths = new Map(collections.map(({ name, path }) => [name, path]));
    this.collections = collections.map(({ name, description }) => {
      const described: unknown = JSON.parse(description);
      return standing(infoOf(describedState(name, described)), described);
    });
  }

  firstForeign(collection: CollectionInfo, rowsMax: number) {
    return firstForeign(this.#first(collection, rowsMax), rowsMax);
  }

  tenants(collection: CollectionInfo, { rowsMax }: { readonly rowsMax: number }) {
    return seeTenants(this.#first(collection, rowsMax), rowsMax);
  }

  async points({ name, note }: CollectionInfo, points: readonly string[]) {
    const path = this.#paths.get(name);
    const found = path === undefined ? { points: [], payloads: [] } : lookForPoints(path, points);
    return toBatch({ ...found, vectors: new Map() }, noteLayout(name, note));
  }

  #first({ name, note }: CollectionInfo, rowsMax: number): PointBatch[] {
    const path = this.#paths.get(name);
    if (path === undefined) return [];
    const columns = { ...lookAtPoints(path, rowsMax), vectors: new Map() };
    return [toBatch(columns, noteLayout(name, note))];
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
