/** What a person asks of a migration: flags already checked, files already read. Plain data. */
import {
  defaultSettings,
  type HnswSettings,
  type Layout,
  type PayloadIndex,
  type Quantization,
} from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import type { Slowing } from "../store/pace.ts";
import type { CompareRequest } from "./compare/request.ts";

/** Which source records a run is about. Choosing others later adds work to the same migration. */
export interface Scope {
  /** Exact names; null = all. A name that is not there is an error. */
  readonly collections: readonly string[] | null;
  /** Globs over names (`*` and `?`); empty = all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Chroma's where, checked; null = every record. */
  readonly where: unknown;
  /** At most so many records a collection: a rehearsal; null = all. */
  readonly limit: number | null;
}

/** What decides the result. Part of each collection's plan hash. Null: as the journal has it, else the default. */
export interface Shape {
  readonly layout: Layout | null;
  readonly targetCollection: string | null;
  /** Source name -> target name. */
  readonly renames: ReadonlyMap<string, string>;
  /** Source collection name -> tenant. */
  readonly mapping: ReadonlyMap<string, string> | null;
  readonly defaultTenant: string | null;
  /** Source collection name -> text put before every id when its point is named. */
  readonly idPrefixes: ReadonlyMap<string, string>;
  readonly vectorSize: number | null;
  readonly distance: Distance | null;
}

/** How the target collections are made; never part of the plan hash. */
export interface TargetSettings {
  readonly indexes: readonly PayloadIndex[];
  readonly quantization: Quantization | null;
  readonly hnsw: HnswSettings;
  readonly onDisk: boolean | null;
  readonly shards: number | null;
  readonly replicas: number | null;
}

export interface MigrateRequest {
  /** What the run is called in its report. Default `migrate`. */
  readonly command?: "migrate" | "restore";
  readonly scope: Scope;
  readonly shape: Shape;
  readonly settings: TargetSettings;
  /** Rows a batch; null = by the formula in model/batch-size.ts. */
  readonly batchSize: number | null;
  /** Write beside points that are not ours. */
  readonly merge: boolean;
  /** Forget the journal's entry and copy all again over what stands. */
  readonly restart: boolean;
  /** Delete at the target what the source has deleted since, where it still is as we wrote it. */
  readonly propagateDeletes: boolean;
  /** When a collection that the run makes gets its index: once the copy is verified, or while it goes on. */
  readonly indexing: Indexing;
  /** Wait at the end until the target has finished indexing. */
  readonly waitGreen: boolean;
  /** Compare at the end how both answer searches, once the target has finished indexing. Absent = no. */
  readonly compare?: CompareRequest;
}

export const indexings = ["after", "during"] as const;
export type Indexing = (typeof indexings)[number];

/** Everything that the source has, as it is: what `migrate` does without a flag. */
export const defaultRequest: MigrateRequest = {
  scope: { collections: null, include: [], exclude: [], where: null, limit: null },
  shape: {
    layout: null,
    targetCollection: null,
    renames: new Map(),
    mapping: null,
    defaultTenant: null,
    idPrefixes: new Map(),
    vectorSize: null,
    distance: null,
  },
  settings: defaultSettings,
  batchSize: null,
  merge: false,
  restart: false,
  propagateDeletes: false,
  indexing: "after",
  waitGreen: false,
};

export interface VerifyRequest {
  /** null: the scope that the journal holds for each collection. */
  readonly scope: Scope | null;
  /** Leave out reading the source's records anew. */
  readonly targetOnly: boolean;
  /** Compare only so many records, drawn at random; null = all. */
  readonly sample: number | null;
  /** Called with one line a record: sigil, collection, id, and what differs. */
  readonly onRecord: ((line: RecordLine) => void) | null;
}

/** `=` same, `+` missing at the target, `-` only at the target, `*` differs, `!` could not be read. */
export type Sigil = "=" | "+" | "-" | "*" | "!";

export interface RecordLine {
  readonly sigil: Sigil;
  readonly collection: string;
  /** The record's id; the point's where no record is known. */
  readonly id: string;
  readonly detail: string;
}

export interface RepairRequest {
  readonly verify: VerifyRequest;
  /** Also write over records that were changed at the target. */
  readonly overwrite: boolean;
  /** Also delete points of this migration that the source does not have. */
  readonly deleteExtra: boolean;
  readonly dryRun: boolean;
}

/** What a run tells while it goes on. */
export type MigrateEvent =
  | { readonly type: "phase"; readonly phase: Phase; readonly collection: string | null }
  | {
      readonly type: "progress";
      readonly phase: Phase;
      readonly collection: string;
      readonly done: number;
      readonly total: number | null;
      readonly bytes: number;
      /** Records that this pass has put into quarantine. */
      readonly quarantined: number;
    }
  | {
      readonly type: "retry";
      readonly end: "source" | "target";
      readonly attempt: number;
      readonly delayMs: number;
      readonly code: string;
    }
  | {
      readonly type: "road";
      readonly end: "target";
      readonly road: "grpc" | "rest";
      readonly port: number;
      readonly text: string;
    }
  | {
      readonly type: "throttled";
      readonly end: "source" | "target";
      /** null = not any more. */
      readonly slowing: Slowing | null;
      /** Whether this is a change of state, and not only of figures. */
      readonly isNew: boolean;
    }
  /** What a pass over a collection that was copied before has found. */
  | ({ readonly type: "delta"; readonly collection: string; readonly text: string } & Delta)
  | { readonly type: "note"; readonly text: string; readonly code?: string };

/** What a source has changed since an earlier run, in records. */
export interface Delta {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
}

export const phases = [
  "plan",
  "survey",
  "list",
  "copy",
  "relist",
  "verify",
  "verify-source",
  "repair",
  "check",
  "compare",
  "wait-green",
] as const;
export type Phase = (typeof phases)[number];

/** How far a run was at a time. */
export interface RateSample {
  /** Milliseconds since the run began. */
  readonly atMs: number;
  readonly phase: Phase;
  /** Records that this run has had through the phase until then. */
  readonly records: number;
  /** Bytes of these; 0 where the phase sends none. */
  readonly bytes: number;
}

export interface RunContext {
  /** Folder of the journal, reports and quarantine. */
  readonly stateFolder: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: MigrateEvent) => void;
  /** Repeated calls to each end so far, counted by whoever opened the stores. */
  readonly retries?: Readonly<Record<"source" | "target", number>>;
  /** Which way each end is spoken to, in a sentence, once it is known and where there is a choice; kept by whoever opened the stores. */
  readonly roads?: Readonly<Record<"target", string | null>>;
  /** How far the run was at each time, taken from its events by whoever is told of them. */
  readonly rates?: { readonly samples: readonly RateSample[] };
}
