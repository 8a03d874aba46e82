/** What `doctor` is asked, and handed: plain data, and how each end is opened. */
import type { AddressOf } from "../../store/address.ts";
import type { TargetLook } from "../../store/look.ts";
import type { SourceStore } from "../../store/port.ts";
import type { LookTable, SourceKind, TargetKind } from "../../store/registry.ts";
import type { MigrateEvent, Scope, Shape, TargetSettings } from "../request.ts";
import type { Finding } from "./finding.ts";

interface End {
  /** As it is typed. */
  readonly text: string;
  readonly caFile: string | undefined;
  /** Whether a key, a token or a password is given. */
  readonly keyed: boolean;
}

export interface SourceEnd extends End {
  readonly address: AddressOf<SourceKind>;
  open(): Promise<SourceStore>;
}

export interface TargetEnd extends End {
  readonly address: AddressOf<TargetKind>;
  /** Told why points go by REST, where they do. */
  look(address: AddressOf<TargetKind>, onRest: (text: string) => void): Promise<TargetLook>;
}

export interface DoctorRequest {
  /** null = it is not looked at. */
  readonly source: SourceEnd | null;
  readonly target: TargetEnd | null;
  readonly scope: Scope;
  readonly shape: Shape;
  readonly settings: TargetSettings;
  /** The flags that a migration is to have, as they were typed; "" = none. */
  readonly flags: string;
  /** Records of each collection that are looked at; null = all; undefined = all of a folder, the first ones of a server. */
  readonly sampleMax: number | null | undefined;
}

export interface DoctorContext {
  /** Where a program may be whose client of Qdrant is held against the server. */
  readonly programFolder: string;
  readonly stateFolder: string;
  readonly looks: Pick<LookTable, "recognisers" | "folder">;
  /** How long an address that does not answer is waited for. */
  readonly reachMs: number;
  /** At least so long lie between the two looks that tell whether the source is written to. */
  readonly watchMs: number;
  readonly signal: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
  readonly onEvent: (event: MigrateEvent) => void;
}

/** The findings, and how many there are of each severity. */
export interface Examination {
  readonly findings: readonly Finding[];
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
}
