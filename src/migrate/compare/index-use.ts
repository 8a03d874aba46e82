/** Whether an index answers at the target. Without one it compares with every vector, which misses nothing and says nothing of later. */
import { type CollectionInfo, parseNote } from "../../model/collection.ts";
import type { StoreIdentity } from "../../store/port.ts";
import { nameList } from "../../util/name-list.ts";

/**
 * `used`; `small`: it has too few vectors to be given one yet; `off` and `held`: a setting, or vecferry until a copy is done,
 * keeps it from having one; `none`: an embedded Qdrant or FAISS files, which have none ever.
 */
export const indexUses = ["used", "small", "off", "held", "none"] as const;
export type IndexUse = (typeof indexUses)[number];

/** Names that a note lists at most. */
const namesListed = 5;

/** Of a target collection that is green; `undefined` = it is not there. */
export function indexUseOf(
  info: CollectionInfo | undefined,
  kind: StoreIdentity["kind"],
): IndexUse {
  if (kind === "embedded" || kind === "faiss") return "none";
  if (info?.index === undefined) return "used";
  const { vectors, offBy } = info.index;
  if (offBy !== null)
    return parseNote(info.name, info.note)?.heldThreshold === undefined ? "off" : "held";
  return vectors === 0 ? "small" : "used";
}

/** A note for each way in which target collections are searched without an index. */
export function indexNotes(
  infos: readonly CollectionInfo[],
  kind: StoreIdentity["kind"],
): string[] {
  const by = Map.groupBy(infos, (info) => indexUseOf(info, kind));
  const notes: string[] = [];
  const add = (some: readonly CollectionInfo[] | undefined, why: string): void => {
    if (some !== undefined) notes.push(`${namesOf(some)} by brute force: ${why}`);
  };
  const off = Map.groupBy(by.get("off") ?? [], ({ index }) => index?.offBy ?? "");
  for (const [setting, some] of off)
    add(
      some,
      `indexing is switched off there (${setting}). The figures flatter: they are not those of an index.`,
    );
  add(
    by.get("held"),
    "a copy that has not ended holds its index back. The figures flatter; `vecferry migrate` with the same ends goes on with the copy and lets the index be built.",
  );
  add(
    by.get("small"),
    "none of its vectors is in an index, for which there are too few, or the server builds none.",
  );
  if (by.has("none"))
    notes.push(
      `${kind === "faiss" ? "A flat index of FAISS" : "The embedded Qdrant"} compares with every vector: it has no index.`,
    );
  return notes;
}

function namesOf(infos: readonly CollectionInfo[]): string {
  const names = infos.map(({ name }) => name);
  const list = nameList(names, namesListed);
  return infos.length === 1
    ? `Target collection ${list} is searched`
    : `Target collections ${list} are each searched`;
}
