/** What the files of a collection hold. Reading them changes none. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import { Turns } from "../../util/turns.ts";
import { readBase } from "./base.ts";
import { damaged } from "./files.ts";
import type { IdMap, Metric } from "./index-file.ts";
import { type Change, replayJournal } from "./journal.ts";
import { filesOf, type Manifest, manifestFile, readManifest } from "./manifest.ts";
import { isUnit, type Row } from "./row.ts";
import { RowTable } from "./row-table.ts";

/** A collection in memory. */
export class Contents {
  readonly table = new RowTable();
  /** The id map that the index file has; null = it is a flat one. */
  readonly idMap: IdMap | null;
  #nextLabel = 0n;

  constructor(idMap: IdMap | null) {
    this.idMap = idMap;
  }

  /** Takes up a row with the label that it has. */
  add(row: Row): void {
    if (row.label !== null && row.label >= this.#nextLabel) this.#nextLabel = row.label + 1n;
    this.table.put(row);
  }

  apply(change: Change): void {
    if ("remove" in change) {
      for (const point of change.remove) this.table.remove(point);
      return;
    }
    for (const row of change.put)
      this.table.put(this.idMap === null ? row : { ...row, label: this.#labelOf(row) });
  }

  /** The label of the one that stands there, or the next one, which nobody has. */
  #labelOf({ point }: Row): bigint {
    const before = this.table.get(point)?.label ?? null;
    if (before !== null) return before;
    this.#nextLabel += 1n;
    return this.#nextLabel - 1n;
  }
}

export interface ReadCollection {
  readonly manifest: Manifest;
  /** Whether the manifest stands in the folder: not where another program made the files. */
  readonly kept: boolean;
  readonly contents: Contents;
  readonly baseBytes: number;
  readonly journalEnd: number;
}

/** Whether another program made the files: there is no manifest. */
export function isForeign(folder: string): boolean {
  return !existsSync(join(folder, manifestFile));
}

/**
 * Refuses files of another program that came when vecferry had written its own already: they would be taken for what its first
 * writing left there, and go. @throws E_FOLDER_LAYOUT
 */
function refuseNewer(folder: string): void {
  const changedMs = (name: string): number =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.ctimeMs ?? 0;
  const { index, documents } = filesOf(0);
  const newer = [index, documents].find((name) => changedMs(name) > changedMs(manifestFile));
  if (newer === undefined) return;
  const file = join(folder, newer);
  throw new VectorError(
    "E_FOLDER_LAYOUT",
    `${file} came when vecferry had written the collection already, in files of its own.`,
    {
      next: `Put ${index} and ${documents} into a new folder; or, where they are to be the collection, take the folder's other files away.`,
      details: { file },
    },
  );
}

/**
 * Reads the collection `name` in `folder`.
 * @throws E_STORAGE that names the file that is torn or is none of its own, E_FOLDER_LAYOUT, E_NOT_SUPPORTED for a newer format
 */
export async function readCollection(folder: string, name: string): Promise<ReadCollection> {
  const found = await readManifest(folder);
  const generation = found?.generation ?? 0;
  if (generation > 0) refuseNewer(folder);
  const { head, rows, tenanted, bytes } = await readBase(folder, generation);
  const manifest = found ?? {
    name,
    dimension: head.dimension,
    distance: distanceOf(head.metric, rows),
    generation,
    note: JSON.stringify({ format: 1, layout: "vecferry", tenanted, sources: [] }),
  };
  const file = join(folder, manifestFile);
  if (manifest.name !== name) throw damaged(file, `it is of collection "${manifest.name}"`);
  const { index, documents, journal } = filesOf(generation);
  if (head.dimension !== manifest.dimension || head.metric !== metricOf(manifest.distance))
    throw damaged(file, `${index} has another dimension or metric than it says`);
  const contents = new Contents(head.idMap);
  const turns = new Turns();
  for (const [at, row] of rows.entries()) {
    if (contents.table.get(row.point) !== undefined) {
      const what = `line ${at + 1}: another line has its id ${JSON.stringify(row.id)}`;
      throw damaged(join(folder, documents), what);
    }
    contents.add(row);
    if (turns.over) await turns.next();
  }
  const apply = (change: Change): void => contents.apply(change);
  const journalEnd = await replayJournal(join(folder, journal), head.dimension, apply);
  return { manifest, kept: found !== null, contents, baseBytes: bytes, journalEnd };
}

/** An inner product of vectors that all have unit length is a cosine. */
function distanceOf(metric: Metric, rows: readonly Row[]): Distance {
  if (metric === "l2") return "l2";
  return rows.length > 0 && rows.every(({ vector }) => isUnit(vector)) ? "cosine" : "ip";
}

export function metricOf(distance: Distance): Metric {
  return distance === "l2" ? "l2" : "ip";
}

/** The collection as the port describes it. */
export function infoOf({ manifest, kept, contents }: ReadCollection): CollectionInfo {
  const { name, dimension, distance, note } = manifest;
  return {
    key: name,
    name,
    tenant: null,
    database: null,
    dimension,
    distance,
    distanceFrom: kept ? "configuration" : "probe",
    count: contents.table.size,
    metadata: null,
    configuration: null,
    schema: null,
    status: "green",
    note,
  };
}
