/** What a person asks of a run over points that go as they are. */
import type { Indexing, Scope } from "../request.ts";

export interface PointsRequest {
  /** What the run is called in its report. */
  readonly command: "migrate" | "restore" | "verify";
  readonly scope: Scope;
  /** Name at the source -> name at the target. */
  readonly renames: ReadonlyMap<string, string>;
  readonly targetCollection: string | null;
  /** Write beside points that the source does not have. */
  readonly merge: boolean;
  /** Write over points that stand at the target otherwise than at the source. */
  readonly overwrite: boolean;
  /** Delete at the target what the source has deleted since, where nobody else has written since. */
  readonly propagateDeletes: boolean;
  /** Give the target the aliases of the source's collections. */
  readonly aliases: boolean;
  /** When a collection that the run makes gets its indexes over vectors. */
  readonly indexing: Indexing;
  /** Wait at the end until the target has finished indexing. */
  readonly waitGreen: boolean;
  /** Rows a batch; null = by the formula in model/batch-size.ts. */
  readonly batchSize: number | null;
}
