/** A target that a verb opens and leaves as it was. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { TargetStore } from "../store/port.ts";
import type { TargetAddress } from "./identity.ts";
import { type Access, openTarget } from "./open.ts";
import type { Session } from "./session.ts";

export interface PassingTarget extends AsyncDisposable {
  readonly store: TargetStore;
}

/**
 * Opens the target. A folder that this call made for one is taken away when it is disposed, with the folders above it that
 * were made for it; it stays where a collection stands in it, or another process has opened it since. @throws as `openTarget`
 */
export async function openPassingTarget(
  session: Session,
  address: TargetAddress,
  access: Access,
): Promise<PassingTarget> {
  const made = address.kind === "qdrant" ? [] : missingFolders(address.path);
  const store = await openTarget(session, address, access);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      const [folder, ...above] = made;
      if (folder === undefined) return;
      const { removeIfEmpty, takeAwayEngine } = await import("../engine/index.ts");
      const gone = address.kind === "faiss" ? removeIfEmpty(folder) : await takeAwayEngine(folder);
      if (gone) above.every(removeIfEmpty);
    },
  };
}

/** The folder and those above it that are not there, the deepest first; none of `:memory:`. */
function missingFolders(path: string): string[] {
  const missing: string[] = [];
  if (path === ":memory:") return missing;
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder))
    missing.push(folder);
  return missing;
}
