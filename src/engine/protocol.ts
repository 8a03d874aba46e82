/** What goes between the engine's thread and its worker's. */
import type { ErrorCode } from "../errors.ts";
import type {
  JsonInput,
  PointColumns,
  PointSelector,
  ReadPointsOptions,
  ScoredPoints,
  ScrollOptions,
  ScrollPage,
  SearchOptions,
  UpsertMode,
} from "./api.ts";
import type { RestRequest } from "./rest/request.ts";

/** Options without their signal, which stays on its own thread, and their time, which goes beside them. */
export type Sent<Options> = Omit<Options, "signal" | "timeoutSeconds">;

/** Where the engine's files are; what the worker gets at its start. */
export interface EnginePlaces {
  /** The folder, absolute, or ':memory:'. */
  readonly folder: string;
  /** The folder of snapshots, absolute; of an engine in memory, one that is removed at its end. */
  readonly snapshots: string;
}

/** The worker's operations: what `Engine` has, synchronously. */
export interface Operations {
  createCollection(name: string, config: string): void;
  updateCollection(name: string, patch: string): void;
  deleteCollection(name: string): boolean;
  describeCollection(name: string): string;
  listCollections(): string[];
  collectionExists(name: string): boolean;
  createPayloadIndex(name: string, field: string, schema: JsonInput): void;
  deletePayloadIndex(name: string, field: string): void;
  upsert(name: string, points: PointColumns, conditions?: { mode?: UpsertMode }): void;
  retrieve(name: string, ids: readonly string[], options: Sent<ReadPointsOptions>): PointColumns;
  scroll(name: string, options: Sent<ScrollOptions>): ScrollPage;
  count(name: string, filter: JsonInput | undefined): number;
  search(name: string, options: Sent<SearchOptions>): ScoredPoints;
  deletePoints(name: string, selector: PointSelector): void;
  setPayload(
    name: string,
    selector: PointSelector,
    payload: string,
    options: { overwrite?: boolean; key?: string },
  ): void;
  deletePayload(name: string, selector: PointSelector, keys: readonly string[]): void;
  clearPayload(name: string, selector: PointSelector): void;
  /** Answers one of Qdrant's REST questions with the JSON text of `result`. */
  ask(request: RestRequest): string;
  /** The same in UTF-8. */
  askBytes(request: RestRequest): Uint8Array;
  close(): void;
}

export type OperationName = keyof Operations;

/** Changes of points: several are committed together. */
export const pointWrites: ReadonlySet<OperationName> = new Set<OperationName>([
  "upsert",
  "deletePoints",
  "setPayload",
  "deletePayload",
  "clearPayload",
]);

/** What changes nothing: answered amid a long call, too. */
export const questions: ReadonlySet<OperationName> = new Set<OperationName>([
  "describeCollection",
  "listCollections",
  "collectionExists",
  "retrieve",
  "scroll",
  "count",
  "search",
]);

export interface Request {
  readonly id: number;
  readonly operation: OperationName;
  readonly args: readonly unknown[];
  /** `timeoutSeconds` of its options. */
  readonly seconds?: number | undefined;
}

/** A VectorError as data. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly next: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause: string | null;
}

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: SentError };

/** The worker's first message: what was found in the folder, or why it cannot be opened. */
export type Opened =
  | { readonly damaged: ReadonlyMap<string, string> }
  | { readonly error: SentError };
