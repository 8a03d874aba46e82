/** What the lines are judged by: everything that could be measured, once. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { StandingCollection, TargetLook } from "../../store/look.ts";
import type { StoreIdentity } from "../../store/port.ts";
import type { ChromaUses } from "../chroma-use/look.ts";
import type { FindingCode } from "../doctor/codes.ts";
import type { Finding, Where } from "../doctor/finding.ts";
import type { DrillSearch } from "../drill.ts";
import type { Backup } from "../rollback/backups.ts";
import type { MigrationStatus } from "../status.ts";
import type { TenantsOutcome } from "../tenants/request.ts";
import { failed, type Judged, yours } from "./lines.ts";

/** null wherever an end was not named, could not be opened, or the other list does not ask for it. */
export interface Facts {
  readonly findings: readonly Finding[];
  readonly named: { readonly source: boolean; readonly target: boolean };
  readonly source: SourceFacts | null;
  readonly target: TargetFacts | null;
  /** Whether a mapping, or a tenant for all, is given. */
  readonly tenanted: boolean;
  /** Of this source to this target, or the newest one where one end is not named. */
  readonly migration: MigrationStatus | null;
  /** Verified ones of the same source to other targets. */
  readonly rehearsals: readonly MigrationStatus[];
  readonly backups: readonly Backup[];
  readonly code: ChromaUses | null;
  /** Names of variables that say where a Qdrant is. */
  readonly variables: readonly string[];
  readonly disk: { readonly folder: string; readonly freeBytes: number | null };
}

export interface SourceFacts {
  readonly identity: StoreIdentity;
  readonly collections: readonly (CollectionInfo & { readonly count: number })[];
}

export interface TargetFacts
  extends Pick<TargetLook, "identity" | "access" | "ramBytes" | "residentBytes"> {
  readonly collections: readonly StandingCollection[];
  /** Whether the server is on this machine, or there is none: nobody else reaches it. */
  readonly local: boolean;
  readonly tls: boolean;
  readonly keyed: boolean;
  /** Whether it tells what is in it to somebody without a key; null = not tried. */
  readonly open: boolean | null;
  /** Whether /metrics answers with figures; null = no server, or not asked. */
  readonly metrics: boolean | null;
  /** Snapshots that stand there; null = not told. */
  readonly snapshots: number | null;
  readonly searches: SearchFacts | null;
  readonly tenants: TenantsOutcome | null;
}

export interface SearchFacts {
  readonly found: readonly DrillSearch[];
  /** Ascending. */
  readonly ms: readonly number[];
}

/** The findings of these codes as a judgement; null where there is none. */
export function faulty(
  { findings }: Pick<Facts, "findings">,
  codes: readonly FindingCode[],
): Judged | null {
  const met = findings.filter(({ code }) => codes.includes(code));
  return met.length === 0 ? null : failed(...shortened(met.map(sentence)));
}

/** Why nothing is known of an end. */
export function unseen({ findings, named }: Facts, end: "source" | "target"): Judged {
  if (!named[end]) return yours(`No ${end} is named.`);
  const errors = findings.filter((one) => isAbout(one, end) && one.severity === "error");
  return failed(
    ...shortened(errors.map(sentence)),
    ...(errors.length === 0 ? [`The ${end} could not be read.`] : []),
  );
}

function isAbout({ end }: Finding, wanted: Where): boolean {
  return end === wanted;
}

function sentence({ code, collection, text }: Finding): string {
  return `${code}${collection === null ? "" : ` (${JSON.stringify(collection)})`}: ${text}`;
}

const shownMax = 5;

export function shortened(all: readonly string[]): string[] {
  if (all.length <= shownMax) return [...all];
  return [...all.slice(0, shownMax), `and ${all.length - shownMax} more`];
}

/** Bytes as people read them. */
export function size(bytes: number): string {
  if (bytes >= 1024 ** 3) return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  if (bytes >= 1024 ** 2) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${Math.ceil(bytes / 1024)} KiB`;
}

export function many(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
