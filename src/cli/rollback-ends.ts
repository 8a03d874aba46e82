/** The two ends of a rollback: the Qdrant that the application reads now, and the Chroma that it goes back to. */
import { VectorError } from "../errors.ts";
import { endAddress } from "../migrate/next-steps.ts";
import { newestWayHere } from "../migrate/rollback/found.ts";
import type { EndFound, RollbackEnd } from "../migrate/rollback/request.ts";
import { assertTarget } from "../open.ts";
import { parseAddress } from "../store/address.ts";
import type { StoreIdentity } from "../store/port.ts";
import { isTargetAddress } from "../store/registry.ts";
import { stores } from "../stores.ts";
import type { EndSettings } from "./access.ts";
import { sourceEnd, targetEnd, withGrpc } from "./ends.ts";
import { assertRecords, isRecordText, type RecordAddress } from "./export-ends.ts";
import { storeIdentity, type TargetAddress } from "./identity.ts";
import { type Access, assertThere, openSource } from "./open.ts";
import type { Session } from "./session.ts";

export interface RollbackEnds {
  readonly qdrant: TargetAddress;
  /** null = none is named, and the migration came from a folder or an archive. */
  readonly chroma: RecordAddress | null;
}

/** How long a server is waited for that does not answer at all, unless --timeout-ms says otherwise. */
const reachMs = 10_000;

/** The ends that are named, a Chroma alone too; where nothing names one, the newest migration's. @throws E_NO_MIGRATION, E_NOT_SUPPORTED, E_CONFIG */
export function chooseRollbackEnds(
  operands: readonly string[],
  { qdrant, chroma }: EndSettings,
  state: string,
): RollbackEnds {
  const [first, second] = operands;
  const alone = first !== undefined && second === undefined && isRecordText(first);
  const [qdrantText, chromaText] = alone ? [undefined, first] : [first, second];
  const from = targetEnd(qdrantText, qdrant);
  const to = sourceEnd(chromaText, chroma);
  const newest = from.fallback || to.fallback ? newestWayHere(state) : null;
  if (from.fallback && newest === null)
    throw new VectorError(
      "E_NO_MIGRATION",
      `No Qdrant is named, and ${state} has no migration that would tell it.`,
      {
        next: "Name both ends, or give --state DIR, the folder that `vecferry migrate` left.",
        details: { unnamed: alone ? "QDRANT" : "QDRANT CHROMA" },
      },
    );
  const there = newest === null ? from.address : parseAddress(endAddress(newest.qdrant));
  const address = from.fallback ? there : from.address;
  return {
    qdrant: assertTarget(withGrpc(address, qdrant)),
    chroma: to.fallback ? newestRecords(newest?.chroma ?? null) : assertRecords(to.address),
  };
}

/** The Chroma of the newest migration, where it can be written. */
function newestRecords(identity: StoreIdentity | null): RecordAddress | null {
  if (identity === null) return null;
  const text = endAddress(identity);
  return isRecordText(text) ? assertRecords(parseAddress(text)) : null;
}

/** How the plan looks at an end. */
export function endToLook(
  session: Session,
  address: TargetAddress | RecordAddress,
  access: Access,
): RollbackEnd {
  const identity = storeIdentity(address);
  const look = () =>
    isTargetAddress(address)
      ? lookAtQdrant(session, address, access)
      : lookAtChroma(session, address, access);
  return { text: endAddress(identity), identity, look };
}

async function lookAtQdrant(
  { io: { signal } }: Session,
  address: TargetAddress,
  access: Access,
): Promise<EndFound> {
  assertThere(address);
  if (address.kind === "qdrant")
    await greet("qdrant", address.url, access.qdrant?.caFile, access.timeoutMs, signal);
  await using look = await (address.kind === "qdrant"
    ? stores.looks.qdrant(address, { ...access, signal })
    : stores.looks[address.kind](address.path));
  const collections = look.collections.map(({ info }) => ({
    name: info.name,
    records: info.count,
  }));
  const heldByPid = look.lockedBy?.alive === true ? look.lockedBy.pid : null;
  return { version: look.identity.version, collections, heldByPid };
}

async function lookAtChroma(
  session: Session,
  address: RecordAddress,
  access: Access,
): Promise<EndFound> {
  const { signal } = session.io;
  if (address.kind === "chroma")
    await greet("chroma", address.url, access.chroma?.caFile, access.timeoutMs, signal);
  await using store = await openSource(session, address, access);
  const collections: { name: string; records: number | null }[] = [];
  for (const info of await store.collections({ signal }))
    collections.push({
      name: info.name,
      records: info.count ?? (await store.count(info, { signal })),
    });
  return { version: store.identity.version, collections, heldByPid: null };
}

/** One greeting: nobody waits long for a server that is down. @throws E_UNREACHABLE, E_TIMEOUT, E_NOT_CHROMA, E_NOT_QDRANT */
async function greet(
  what: "chroma" | "qdrant",
  url: string,
  caFile: string | undefined,
  timeoutMs = reachMs,
  signal: AbortSignal,
): Promise<void> {
  const found = await stores.looks.recognisers[what](url, { timeoutMs, caFile, signal });
  if (found !== null) return;
  const [code, name] =
    what === "chroma"
      ? (["E_NOT_CHROMA", "Chroma"] as const)
      : (["E_NOT_QDRANT", "Qdrant"] as const);
  throw new VectorError(code, `What answers at ${url} is no ${name}.`);
}
