/** Whether anybody changes the folder while it is read: sizes and times of the files before and after. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { VectorError } from "../../errors.ts";
import { databaseFile } from "./database.ts";
import { dataFile, headerFile, lengthFile } from "./hnsw.ts";
import { pickleFile } from "./vector-index.ts";

export interface FilesState {
  /** Equal texts mean the same files. */
  readonly text: string;
  /** Time of the last change, in ms since 1970. */
  readonly newestMs: number;
}

/** A change younger than this may be followed by another one that leaves the same time behind: clocks of file systems tick in some ms. */
const tickMs = 50;
/** As long as this after a change, what seems damaged may be a write that is half done. */
const flushMs = 2000;

const indexFiles = [headerFile, dataFile, lengthFile, pickleFile];

/** The files that hold a collection's vectors. */
export function indexState(folder: string, segment: string): FilesState {
  return stateOf(indexFiles.map((name) => join(folder, segment, name)));
}

/** The database itself. */
export function databaseState(folder: string): FilesState {
  return stateOf([join(folder, databaseFile)]);
}

function stateOf(paths: readonly string[]): FilesState {
  let newestMs = 0;
  const parts = paths.map((path) => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return "-";
    newestMs = Math.max(newestMs, Number(found.mtimeMs));
    return `${found.ino} ${found.size} ${found.mtimeNs}`;
  });
  return { text: parts.join(), newestMs };
}

/** Whether what was read between the two states was surely not changed meanwhile. */
export function isStable(before: FilesState, after: FilesState): boolean {
  return before.text === after.text && !isYounger(before, tickMs);
}

/** Whether the last change is so recent that what is missing may still be written. */
export function isFresh(state: FilesState): boolean {
  return isYounger(state, flushMs);
}

/** A time in the future says nothing (another machine's clock) and counts as old. */
function isYounger(state: FilesState, ms: number): boolean {
  const age = Date.now() - state.newestMs;
  return age >= 0 && age < ms;
}

/** @returns E_FOLDER_IN_USE, which is worth another try */
export function unstable(folder: string): VectorError {
  return new VectorError(
    "E_FOLDER_IN_USE",
    `${folder} is being written to: its files changed while they were read.`,
  );
}
