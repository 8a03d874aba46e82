/** Where a program uses Chroma, over a whole folder. Reads, and nothing else. */
import { stat } from "node:fs/promises";
import { VectorError } from "../../errors.ts";
import { errorCode } from "../../util/error-code.ts";
import { codeFiles } from "./files.ts";
import { type ChromaUse, usesIn } from "./find.ts";

export interface ChromaUses {
  /** In the order of their files and lines. */
  readonly uses: readonly ChromaUse[];
  /** Files that were looked at. */
  readonly files: number;
  readonly unread: readonly { readonly file: string; readonly fault: string }[];
}

/** Uses that are kept; of a program with more the rest is only counted as unread. */
const usesMax = 10_000;

/** @throws E_CONFIG where there is no such folder, or it cannot be read; E_ABORTED */
export async function lookForChroma(folder: string, signal: AbortSignal): Promise<ChromaUses> {
  await assertFolder(folder);
  const uses: ChromaUse[] = [];
  const unread: { file: string; fault: string }[] = [];
  let files = 0;
  for await (const file of codeFiles(folder, signal)) {
    files += 1;
    if (file.fault !== null) unread.push({ file: file.path, fault: file.fault });
    uses.push(...usesIn(file));
    if (uses.length <= usesMax) continue;
    unread.push({ file: file.path, fault: `More than ${usesMax} uses: the rest is not read.` });
    break;
  }
  return { uses: uses.slice(0, usesMax), files, unread };
}

async function assertFolder(folder: string): Promise<void> {
  try {
    if ((await stat(folder)).isDirectory()) return;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new VectorError("E_CONFIG", `The folder ${folder} cannot be read (${String(code)}).`, {
      cause: error,
    });
  }
  throw new VectorError("E_CONFIG", `${folder} is no folder.`);
}
