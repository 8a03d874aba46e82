/** What `doctor` and `checklist` look at: the flags that say it, the ends that are named, and how each is opened. */
import type { Command } from "commander";
import type { DoctorRequest, SourceEnd, TargetEnd } from "../migrate/doctor/request.ts";
import { endAddress } from "../migrate/next-steps.ts";
import { newestEnds } from "../migrate/status.ts";
import { assertSource, assertTarget } from "../open.ts";
import { type Address, parseAddress } from "../store/address.ts";
import { isTargetAddress } from "../store/registry.ts";
import { stores } from "../stores.ts";
import { type EndSettings, readEnds } from "./access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "./end-flags.ts";
import { sourceEnd, targetEnd, withGrpc } from "./ends.ts";
import { gentleFlags, outputFlags, stateFlags } from "./flags.ts";
import { furtherFlags } from "./further-flags.ts";
import type { SourceAddress, TargetAddress } from "./identity.ts";
import { type Access, openSource } from "./open.ts";
import { addRequestFlags, migrateRequest } from "./request.ts";
import type { Session } from "./session.ts";
import { addFlags, type FlagTable, readSettings } from "./setting.ts";
import { defaultState } from "./verb.ts";

/** How long an address is waited for that does not answer at all, unless --timeout-ms says otherwise. */
export const reachMs = 10_000;
/** At least so long lie between the two looks at a source that may be written to. */
export const watchMs = 1_000;

export interface ExaminedEnds {
  readonly source: SourceAddress | null;
  readonly target: TargetAddress | null;
}

/** The addresses, the verb's `own` flags below `title`, and all that describes a migration that is to come. */
export function addExaminedFlags(command: Command, title: string, own: FlagTable): void {
  command
    .argument(
      "[source]",
      "as in `vecferry migrate`; the target, where it is a Qdrant and the only one",
    )
    .argument("[target]", "as in `vecferry migrate`");
  addFlags(command, title, own);
  addFlags(command, "Source (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addRequestFlags(command, true);
  addFlags(command, "What it reads and says:", { ...stateFlags, ...outputFlags });
}

/** What is examined, as the command line says it. */
export interface Examined {
  readonly ends: ExaminedEnds;
  readonly access: Access;
  readonly state: string;
  readonly request: Omit<DoctorRequest, "sampleMax">;
}

/** `words` are those of the command line that are no flag; `own` are the verb's flags, which a migration does not have. */
export function readExamined(
  session: Session,
  flags: Readonly<Record<string, unknown>>,
  {
    operands,
    words = operands,
    own,
    only = { sourceOnly: false, targetOnly: false },
  }: {
    readonly operands: readonly string[];
    readonly words?: readonly string[];
    readonly own: FlagTable;
    readonly only?: OnlyEnd;
  },
): Examined {
  const { environment, io } = session;
  const settings = readEnds(session, flags);
  const carried = migrateRequest(flags, environment);
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const ends = examinedEnds(operands, settings, state, only);
  const access = settings.access();
  const request = {
    ...endsToExamine(session, ends, access),
    ...carried,
    flags: furtherFlags(io.argv, words, { ...own, ...outputFlags }),
  };
  return { ends, access, state, request };
}

interface OnlyEnd {
  readonly sourceOnly: boolean;
  readonly targetOnly: boolean;
}

/** The ends that are named; where nothing names one, those of the newest migration, else the servers at localhost. */
function examinedEnds(
  [first, second]: readonly string[],
  { chroma, qdrant }: EndSettings,
  state: string,
  only: OnlyEnd,
): ExaminedEnds {
  const alone = first !== undefined && second === undefined;
  const isTarget =
    alone && !only.sourceOnly && (only.targetOnly || isTargetAddress(parseAddress(first)));
  const source = sourceEnd(isTarget ? undefined : first, chroma);
  const target = targetEnd(isTarget ? first : second, qdrant);
  const named = {
    source: source.fallback ? null : source.address,
    target: target.fallback ? null : target.address,
  };
  const nothing = named.source === null && named.target === null;
  const newest = nothing ? newestOrNull(state) : null;
  const from = nothing ? (newest?.source ?? source.address) : named.source;
  const to = nothing ? (newest?.target ?? target.address) : named.target;
  const wanted: ExaminedEnds = {
    source: only.targetOnly || from === null ? null : assertSource(from),
    target: only.sourceOnly || to === null ? null : assertTarget(withGrpc(to, qdrant)),
  };
  if (wanted.source !== null || wanted.target !== null) return wanted;
  return only.targetOnly
    ? { source: null, target: assertTarget(target.address) }
    : { source: assertSource(source.address), target: null };
}

/** What is wrong with the journal is among the findings. */
function newestOrNull(state: string): { source: Address; target: Address } | null {
  try {
    const newest = newestEnds(state);
    if (newest === null) return null;
    return { source: parseAddress(newest.source), target: parseAddress(newest.target) };
  } catch {
    return null;
  }
}

/** Both ends as doctor is handed them. */
function endsToExamine(
  session: Session,
  { source, target }: ExaminedEnds,
  access: Access,
): Pick<DoctorRequest, "source" | "target"> {
  return {
    source: source === null ? null : sourceOf(session, source, access),
    target: target === null ? null : targetOf(session, target, access),
  };
}

function sourceOf(session: Session, address: SourceAddress, access: Access): SourceEnd {
  const { token, user, headers, caFile } = access.chroma ?? {};
  return {
    address,
    text: addressText(address),
    caFile,
    keyed: token !== undefined || user !== undefined || headers !== undefined,
    open: () => openSource(session, address, access),
  };
}

function targetOf(session: Session, address: TargetAddress, access: Access): TargetEnd {
  const { signal } = session.io;
  return {
    address,
    text: addressText(address),
    caFile: access.qdrant?.caFile,
    keyed: access.qdrant?.apiKey !== undefined,
    look: (at, onRest) => {
      if (at.kind === "embedded") return stores.looks.embedded(at.path);
      if (at.kind === "faiss") return stores.looks.faiss(at.path);
      const onRoad = ({ road, text }: { road: string; text: string }): void => {
        if (road === "rest") onRest(text);
      };
      return stores.looks.qdrant(at, { ...access, signal, onRoad });
    },
  };
}

/** The address as it is typed: a folder as it was given. */
function addressText(address: SourceAddress | TargetAddress): string {
  const { kind } = address;
  const tenant = "tenant" in address ? address.tenant : null;
  const database = "database" in address ? address.database : null;
  const where = "url" in address ? address.url : address.path;
  if (kind === "chroma-folder" && tenant === null && database === null) return where;
  return endAddress({ kind, address: where, tenant, database, version: null });
}
