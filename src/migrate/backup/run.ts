/** One run of a backup: what it is asked, and what its steps share. */
import type {
  ArchiveReader,
  ArchiveWriter,
  ArchiveWriterOptions,
  KeepPolicy,
  KeptGenerations,
} from "../../store/archive.ts";
import type { Journal, Migration } from "../journal/journal.ts";
import type { ReportBuilder } from "../report.ts";
import type { RunContext, Scope } from "../request.ts";
import type { AnyStore } from "./rows.ts";

/** Where the archive is, and how it is opened. */
export interface ArchivePlace {
  /** Absolute. */
  readonly path: string;
  /** Whether anything stands there. */
  readonly stands: boolean;
  readonly write: (options: ArchiveWriterOptions) => Promise<ArchiveWriter>;
  /** The newest generation. */
  readonly read: () => Promise<ArchiveReader>;
  readonly keep: (policy: KeepPolicy) => Promise<KeptGenerations>;
}

export interface BackupRequest {
  readonly scope: Scope;
  /** Rows a batch; null = by the formula in model/batch-size.ts. */
  readonly batchSize: number | null;
  /** Read the archive and the source again and compare them. */
  readonly verify: boolean;
  /** Which generations stay when this one stands; both null = all. */
  readonly keep: KeepPolicy;
}

/** One run of a backup, with everything that its steps share. */
export interface BackupRun {
  readonly source: AnyStore;
  readonly place: ArchivePlace;
  readonly request: BackupRequest;
  readonly context: RunContext;
  readonly journal: Journal;
  readonly migration: Migration;
  readonly report: ReportBuilder;
}
