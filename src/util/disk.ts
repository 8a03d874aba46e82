import { statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Bytes that this process may still write where `path` is, or will be; null where nothing tells. */
export function freeBytes(path: string): number | null {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      if (folder === dirname(folder)) return null;
    }
  }
}
