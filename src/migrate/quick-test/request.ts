/** What a quick test is asked, and what it answers. Plain data. */
import type { Layout } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import type { RunContext, Scope } from "../request.ts";
import type { Leftover } from "./cleanup.ts";
import type { SearchProof } from "./search-proof.ts";

/** Records of a collection that a quick test moves unless told otherwise, and at most: they are all held in memory. */
export const quickTestRecords = { usual: 100, max: 1000 } as const;

export interface QuickTestRequest {
  /** Where it names no collection, the first one that has a record is meant. */
  readonly scope: Scope & { readonly limit: number };
  /** null = as `migrate` takes it by default. */
  readonly layout: Layout | null;
  readonly distance: Distance | null;
  /** Flags of a command line that the next command is given too. */
  readonly flags: string;
}

/** Its state folder is its own. */
export type QuickTestContext = Omit<RunContext, "stateFolder">;

/** What became of the records of one collection. */
export interface CollectionTest {
  readonly name: string;
  readonly moved: number;
  /** Records that stand in no target collection, by reason: `migrate` would put them in quarantine. */
  readonly quarantined: Readonly<Record<string, number>>;
  /** Records that were found the same at both ends, each by itself. */
  readonly verified: number;
  /** Payload indexes that were made for the filters: `key:type`. */
  readonly indexes: readonly string[];
  readonly search: SearchProof;
  /** Why the full migration would not be right, one sentence each. */
  readonly faults: readonly string[];
  readonly ms: number;
}

export interface QuickTestOutcome {
  readonly ready: boolean;
  /** 1: nothing could be carried; 4: what arrived differs, or is not found. */
  readonly exit: 0 | 1 | 4;
  /** The mark of its points. */
  readonly run: string;
  /** Name of the collections that it made, at either end. */
  readonly name: string;
  /** Whether it wrote the records into the source itself. */
  readonly wroteSource: boolean;
  readonly collections: readonly CollectionTest[];
  /** Collections of the source that have records, perhaps, and were not in this test though they are in its scope. */
  readonly untested: number;
  /** What could not be removed, as sentences; nothing where all is as it was. */
  readonly notRemoved: readonly string[];
  /** What earlier quick tests had left. */
  readonly leftovers: readonly Leftover[];
  /** The command that comes next. */
  readonly next: string;
}
