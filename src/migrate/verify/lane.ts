/** What verify works on: the collections of one run, by the target collection that they share. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { SourceStore } from "../../store/port.ts";
import type { Journal, JournalCollection, Migration } from "../journal/journal.ts";
import type { Lane } from "../lane.ts";
import type { ReportBuilder } from "../report.ts";
import type { RecordLine, RunContext } from "../request.ts";
import { targetInfo } from "../target-spec.ts";

/** One collection; without a source only the target is looked at. */
export interface VerifyLane {
  readonly entered: JournalCollection;
  readonly lane: Omit<Lane, "source"> & { readonly source: SourceStore | null };
}

export interface VerifyInput {
  readonly journal: Journal;
  readonly migration: Migration;
  readonly lanes: readonly VerifyLane[];
  /** Read every record of the source anew. */
  readonly readSource: boolean;
  /** Whether the journal itself was made just now by reading every record of the source. */
  readonly freshJournal?: boolean;
  /** Compare so many records, drawn at random; null = all. */
  readonly sample: number | null;
  readonly onRecord: ((line: RecordLine) => void) | null;
  readonly context: RunContext;
  readonly report: ReportBuilder;
}

/** One collection while it is verified, and what was counted so far. */
export interface Course extends VerifyLane {
  /** The target collection as it is read; null = it is not there. */
  readonly info: CollectionInfo | null;
  readonly tally: Tally;
  /** As in `VerifyInput`. */
  readonly freshJournal: boolean;
}

export interface Tally {
  schema: string[];
  compared: number;
  readAgain: number;
  goneAtBothEnds: number;
  /** Equal but for the last bits of the vector, which the source itself does not keep. */
  withinUlps: number;
}

/** The target collection as verify reads it: by our plan, with the dimension and the vectors that it really has. */
export function readableInfo(lane: Pick<Lane, "spec">, found: CollectionInfo): CollectionInfo {
  const { dimension, vectors } = found;
  return { ...targetInfo(lane.spec), dimension, ...(vectors === undefined ? {} : { vectors }) };
}

export function emptyTally(): Tally {
  return { schema: [], compared: 0, readAgain: 0, goneAtBothEnds: 0, withinUlps: 0 };
}
