/** What a person asks of an export: flags already checked, files already read, stores already opened. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type { ArchiveReader } from "../../store/archive.ts";
import type { TargetStore } from "../../store/port.ts";
import type { Scope } from "../request.ts";

/** Where records come from: a store of points, or an archive of points or of records. */
export type ExportSource = TargetStore | ArchiveReader;

/** What decides which records there will be; the same in an export and in its verify. */
export interface ExportShape {
  /** Which of the source's collections. */
  readonly scope: Pick<Scope, "collections" | "include" | "exclude">;
  /** Name that a collection would have at the target -> another one. */
  readonly renames: ReadonlyMap<string, string>;
  /** Everything into this one collection; null = each into its own. */
  readonly targetCollection: string | null;
  /** Collection -> its tenant: where no note in the source tells whose collection a tenant's points are. */
  readonly mapping: ReadonlyMap<string, string> | null;
  /** A collection for each tenant that nothing tells a collection of. */
  readonly splitTenants: boolean;
  /** Which of several vectors a record gets; null = the only one. */
  readonly vector: string | null;
  /** The distance of collections whose own no Chroma has; null = such a collection is refused. */
  readonly distance: Distance | null;
  /** Objects in metadata become keys with dots. */
  readonly flatten: boolean;
  /** For a float that the target cannot hold the nearest that it keeps; else its record is quarantined. */
  readonly nearestFloats: boolean;
  /** An archive of the records as they once were: a vector of cosine is taken from there where it gives the point's very bits. */
  readonly vectorsFrom: ArchiveReader | null;
}

export interface ExportRequest extends ExportShape {
  /** What the run is called in its report. */
  readonly command: "export" | "restore";
  /** Write beside records that the source does not have. */
  readonly merge: boolean;
  /** Write over records that stand at the target otherwise than they were written. */
  readonly overwrite: boolean;
  /** Delete at the target what the source has deleted since, where it still is as it was written. */
  readonly propagateDeletes: boolean;
  /** Rows a batch; null = by the formula in model/batch-size.ts. */
  readonly batchSize: number | null;
  /** What a migration the other way knows; null = nothing. */
  readonly base: ExportBase | null;
}

/** A migration from this very target to this very source, which the export goes back on: what neither end has written since. */
export interface ExportBase {
  /** Rows of a scanned batch that the source holds as the migration wrote them. They are left out of everything. */
  unchanged(collection: CollectionInfo, batch: PointBatch): ReadonlySet<number>;
  /** Ids of records just read at the target's collection that stand there as the migration read them: they may be written over. */
  asCarried(
    collection: string,
    batch: RecordBatch,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>>;
}

/** Everything back to where it came from. */
export const defaultExport: ExportRequest = {
  command: "export",
  scope: { collections: null, include: [], exclude: [] },
  renames: new Map(),
  targetCollection: null,
  mapping: null,
  splitTenants: false,
  vector: null,
  distance: null,
  flatten: false,
  nearestFloats: false,
  vectorsFrom: null,
  merge: false,
  overwrite: false,
  propagateDeletes: false,
  batchSize: null,
  base: null,
};
