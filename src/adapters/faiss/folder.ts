/**
 * The folder: a sub-folder for each collection, and nothing else. What is made begins under `.vecferry-new` and what is taken
 * away ends under `.vecferry-removed`, each by one rename, so that a kill leaves a collection whole or leaves none.
 */
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { VectorError } from "../../errors.ts";
import { assertCollectionName } from "../../model/collection-name.ts";
import { syncFolder } from "../../util/disk.ts";
import { errorCode } from "../../util/error-code.ts";
import { unwritable } from "./files.ts";
import { filesOf, manifestFile, ownFile } from "./manifest.ts";

const newFolder = ".vecferry-new";
const removedFolder = ".vecferry-removed";
export const lockFile = ".vecferry.lock";

/**
 * The lines of Python that make `documents.jsonl` of the list, or the dictionary, of dictionaries that is pickled in a `metadata.pkl`:
 * their `id`, `tenant_id` and `content` become the document's own, all else is its metadata.
 */
function pickleLines(folder: string): readonly [string, string] {
  const [pickle, lines] = ["metadata.pkl", filesOf(0).documents].map((name) =>
    JSON.stringify(join(folder, name)),
  );
  return [
    `import json, pickle; rows = pickle.load(open(${pickle}, "rb")); pairs = rows.items() if isinstance(rows, dict) else enumerate(rows)`,
    `with open(${lines}, "w") as file: file.writelines(json.dumps({"id": str(row.pop("id", key)), "tenant_id": row.pop("tenant_id", None), "document": row.pop("content", None), "metadata": row}, default=str) + "\\n" for key, row in pairs)`,
  ];
}

/**
 * The collections in `root`, by name; none where it is not there. Nothing is changed.
 * @throws E_FOLDER_LAYOUT that names what is none of a FAISS folder's, E_CONFIG
 */
export async function listCollections(root: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await entriesOf(root)) {
    const path = join(root, name);
    if (!(await isFolder(path))) throw foreign(root, name);
    const entries = await entriesOf(path);
    if (entries.length === 0) continue;
    assertCollection(path, entries);
    names.push(name);
  }
  return names.sort();
}

/** What does not begin with a dot. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith("."));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw unreadable(folder, error);
  }
}

/** true also where there is nothing any more: whoever holds the folder may just have taken it away. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return true;
    throw unreadable(path, error);
  }
}

function unreadable(folder: string, cause: unknown): VectorError {
  const what = `The folder ${folder} cannot be read (${errorCode(cause) ?? ""}).`;
  return new VectorError("E_CONFIG", what, { cause });
}

function assertCollection(folder: string, entries: readonly string[]): void {
  const { index, documents } = filesOf(0);
  const whole = [index, documents].every((name) => entries.includes(name));
  const known = (name: string): boolean =>
    name === index || name === documents || name.endsWith(".pkl") || ownFile.test(name);
  const stranger = entries.find((name) => !known(name));
  if (stranger !== undefined) throw foreign(folder, stranger);
  if (entries.includes(manifestFile) || whole) return;
  throw foreign(folder, entries.find((name) => name.endsWith(".pkl")) ?? entries[0] ?? "");
}

function foreign(folder: string, name: string): VectorError {
  const file = join(folder, name);
  if (name.endsWith(".pkl")) return pickled(folder, file);
  const { index, documents } = filesOf(0);
  const half = name === index || name === documents;
  return new VectorError(
    "E_FOLDER_LAYOUT",
    half
      ? `${file} stands alone: a collection is a folder of its own with ${index} and ${documents} in it.`
      : `${file} is none of the files that a folder of FAISS collections has.`,
    {
      next: half
        ? `Put both into a folder that has the collection's name, within the one of the address; see docs/faiss.md.`
        : "Give the folder that holds the collections' folders, a new one, or move the file elsewhere.",
      details: { file },
    },
  );
}

/** A pickle is a program: it is never read. */
function pickled(folder: string, file: string): VectorError {
  const what = `${file} is a Python pickle, which can run anything when it is opened; vecferry reads none.`;
  if (basename(file) !== "metadata.pkl")
    return new VectorError("E_FOLDER_LAYOUT", what, {
      next: "Write its rows as documents.jsonl beside the index, as docs/faiss.md says.",
      details: { file },
    });
  const python = pickleLines(folder);
  return new VectorError("E_FOLDER_LAYOUT", what, {
    next: `Where you trust it, convert it by Python:\n${python.join("\n")}`,
    details: { file, python },
  });
}

/** Takes away what a kill left. @throws E_CONFIG */
export async function removeLeftovers(root: string): Promise<void> {
  for (const name of [newFolder, removedFolder])
    await rm(join(root, name), { recursive: true, force: true });
}

/** Refuses a name that a collection cannot have here: what Qdrant refuses, and one that begins with a dot. @throws E_NAME */
export function assertFolderName(name: string): void {
  assertCollectionName(name);
  if (!name.startsWith(".")) return;
  throw new VectorError(
    "E_NAME",
    `A FAISS folder takes no collection named ${JSON.stringify(name)}: a name that begins with a dot is hidden.`,
    { details: { collection: name } },
  );
}

/** Makes a collection: `fill` makes the folder that it is given and all that is in it. @throws what `fill` throws, E_NAME, E_CONFIG */
export async function makeCollection(
  root: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const made = join(root, newFolder);
  await rm(made, { recursive: true, force: true });
  await fill(made);
  try {
    await rename(made, join(root, name));
    await syncFolder(root);
  } catch (error) {
    if (errorCode(error) === "ENOTEMPTY" || errorCode(error) === "EEXIST")
      throw new VectorError(
        "E_NAME",
        `${join(root, name)} is there already, under a name that the file system takes for the same.`,
        { cause: error, details: { collection: name } },
      );
    throw unwritable(join(root, name), error);
  }
}

/** Takes a collection away. @throws E_CONFIG */
export async function removeCollection(root: string, name: string): Promise<void> {
  const removed = join(root, removedFolder);
  try {
    await rm(removed, { recursive: true, force: true });
    await rename(join(root, name), removed);
    await syncFolder(root);
    await rm(removed, { recursive: true, force: true });
  } catch (error) {
    throw unwritable(join(root, name), error);
  }
}
