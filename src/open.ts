/** Opens stores by their address. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { VectorError } from "./errors.ts";
import { type Address, type ArchiveAddress, parseAddress } from "./store/address.ts";
import type {
  ArchiveCheck,
  ArchiveCheckOptions,
  ArchiveReader,
  ArchiveWriter,
  ArchiveWriterOptions,
  KeepPolicy,
  KeptGenerations,
} from "./store/archive.ts";
import { gentleRecords, gentleSource, gentleTarget } from "./store/gentle.ts";
import { Pace } from "./store/pace.ts";
import type { SourceStore, TargetStore } from "./store/port.ts";
import type { RecordTarget } from "./store/record-target.ts";
import { type ConnectOptions, isTargetAddress } from "./store/registry.ts";
import type { SnapshotStore } from "./store/snapshots.ts";
import { stores } from "./stores.ts";

/**
 * Opens the store that `address` names: one that can be written where its kind can.
 *
 * @example
 * await using target = await openStore("embedded:./qdrant_data");
 * for (const { name, count } of await target.collections()) console.log(name, count);
 *
 * @throws {VectorError} E_CONFIG for what is no address, E_NOT_SUPPORTED, and what the store's opening throws:
 * E_UNREACHABLE, E_AUTH, E_NOT_CHROMA, E_NOT_QDRANT, E_NO_FOLDER, E_FOLDER_LAYOUT, E_LOCKED and their like
 */
export async function openStore(
  address: string | Address,
  options: ConnectOptions = {},
): Promise<SourceStore | TargetStore> {
  const parsed = typeof address === "string" ? parseAddress(address) : address;
  if (isTargetAddress(parsed)) return connectTarget(parsed, options);
  return connectSource(parsed, options);
}

/** Opens a store that a migration reads. Nothing that is done with it changes the store. @throws {VectorError} as `openStore`; E_CONFIG for a Qdrant */
export async function connectSource(
  address: string | Address,
  options: ConnectOptions = {},
): Promise<SourceStore> {
  const parsed = assertSource(typeof address === "string" ? parseAddress(address) : address);
  const open = (given: ConnectOptions): Promise<SourceStore> => {
    if (parsed.kind === "chroma") return stores.sources.chroma(parsed, given);
    if (parsed.kind === "chroma-cloud") return stores.sources["chroma-cloud"](parsed, given);
    if (parsed.kind === "archive") return stores.sources.archive(parsed, given);
    return stores.sources["chroma-folder"](parsed, given);
  };
  return await paced(open, gentleSource, options);
}

/** Opens a store that a migration writes. @throws {VectorError} as `openStore`; E_CONFIG for a Chroma */
export async function connectTarget(
  address: string | Address,
  options: ConnectOptions = {},
): Promise<TargetStore> {
  const parsed = assertTarget(typeof address === "string" ? parseAddress(address) : address);
  const open = (given: ConnectOptions): Promise<TargetStore> => {
    if (parsed.kind === "qdrant") return stores.targets.qdrant(parsed, given);
    assertNoChroma(parsed.path);
    return parsed.kind === "faiss"
      ? stores.targets.faiss(parsed, given)
      : stores.targets.embedded(parsed, given);
  };
  return await paced(open, gentleTarget, options);
}

/**
 * Opens a Qdrant for its own snapshots, with the further `nodes` of a cluster (REST addresses).
 * @throws {VectorError} as `openStore`; E_NOT_SUPPORTED for what has no snapshots; E_CONFIG for nodes that are not of one cluster
 */
export async function connectSnapshots(
  address: Address,
  nodes: readonly string[],
  options: ConnectOptions = {},
): Promise<SnapshotStore> {
  if (address.kind === "qdrant") return stores.snapshots.qdrant(address, nodes, options);
  const where = "url" in address ? address.url : `${address.kind}:${address.path}`;
  if (nodes.length > 0) {
    throw new VectorError("E_CONFIG", `${where} is no cluster of a Qdrant server.`, {
      next: "Leave --node away.",
    });
  }
  if (address.kind !== "embedded") {
    throw new VectorError("E_NOT_SUPPORTED", `${where} has no snapshots: they are Qdrant's own.`, {
      next: "Keep its records in an archive: `vecferry backup SOURCE archive:./folder`.",
    });
  }
  assertNoChroma(address.path);
  return stores.snapshots.embedded(address, options);
}

/** Opens an archive of whatever store, its bytes checked. @throws {VectorError} E_CONFIG, E_NO_ARCHIVE, E_ARCHIVE_FORMAT, E_ARCHIVE_DAMAGED */
export async function connectArchive(
  address: string | Address,
  options: ConnectOptions = {},
): Promise<ArchiveReader> {
  return await stores.archives.read(assertArchive(address), options);
}

/**
 * Begins the next generation of an archive, or goes on with one that was not finished. @throws {VectorError} E_CONFIG where something
 * else stands at its path, E_LOCKED, E_PLAN_CHANGED where the unfinished one is of another store
 */
export async function createArchive(
  address: string | Address,
  options: ArchiveWriterOptions,
): Promise<ArchiveWriter> {
  return await stores.archives.write(assertWholeArchive(address), options);
}

/**
 * Looks at every file of an archive, or of the generation that the address names. @throws {VectorError} E_NO_ARCHIVE, E_ARCHIVE_FORMAT; what is
 * damaged stands in the answer
 */
export async function checkArchive(
  address: string | Address,
  options: ArchiveCheckOptions,
): Promise<ArchiveCheck> {
  return await stores.archives.check(assertArchive(address), options);
}

/** Lets go of the generations of an archive that the policy does not keep. @throws {VectorError} E_LOCKED, E_NO_ARCHIVE, E_ARCHIVE_DAMAGED */
export async function keepGenerations(
  address: string | Address,
  policy: KeepPolicy,
): Promise<KeptGenerations> {
  return await stores.archives.keep(assertWholeArchive(address), policy);
}

/** The address, where it is an archive's and names none of its generations. @throws {VectorError} E_CONFIG */
export function assertWholeArchive(address: string | Address): ArchiveAddress {
  const archive = assertArchive(address);
  if (archive.generation === undefined) return archive;
  throw new VectorError(
    "E_CONFIG",
    `archive:${archive.path} is written as a whole; ?generation=${archive.generation} only chooses what is read.`,
    { next: "Leave ?generation= away: a backup makes the next generation." },
  );
}

/** The address, where it is an archive's. @throws {VectorError} E_CONFIG */
export function assertArchive(address: string | Address): ArchiveAddress {
  const parsed = typeof address === "string" ? parseAddress(address) : address;
  if (parsed.kind === "archive") return parsed;
  const where = "url" in parsed ? parsed.url : parsed.path;
  throw new VectorError("E_CONFIG", `${where} is no archive.`, {
    next: "Give archive:./path.",
  });
}

/**
 * Opens a Chroma for records to be written. @throws {VectorError} as `connectSource`; E_NOT_SUPPORTED for a folder, which is never
 * written
 */
export async function connectRecordTarget(
  address: string | Address,
  options: ConnectOptions = {},
): Promise<RecordTarget> {
  const parsed = typeof address === "string" ? parseAddress(address) : address;
  if (parsed.kind === "chroma")
    return await paced((given) => stores.records.chroma(parsed, given), gentleRecords, options);
  if (parsed.kind === "chroma-cloud")
    return await paced(
      (given) => stores.records["chroma-cloud"](parsed, given),
      gentleRecords,
      options,
    );
  const where = parsed.kind === "qdrant" ? parsed.url : `The folder ${parsed.path}`;
  throw new VectorError("E_NOT_SUPPORTED", `${where} takes no records of Chroma's.`, {
    next: "Only a running Chroma is written: give chroma://host:8000 or chroma-cloud://tenant/database.",
  });
}

/** The store that `open` gives; where limits are given, inside what keeps them. */
async function paced<Store extends SourceStore>(
  open: (options: ConnectOptions) => Promise<Store>,
  wrap: (store: Store, pace: Pace) => Store,
  options: ConnectOptions,
): Promise<Store> {
  const { gentle, onRetry, onAnswer } = options;
  if (gentle?.maxRowsPerSecond === undefined && gentle?.maxLatencyMs === undefined)
    return await open(options);
  const opened: { pace: Pace | null; reports: boolean } = { pace: null, reports: false };
  const store = await open({
    ...options,
    onRetry: (retry) => {
      opened.pace?.retried();
      onRetry?.(retry);
    },
    onAnswer: (ms) => {
      opened.reports = true;
      opened.pace?.answered(ms);
      onAnswer?.(ms);
    },
  });
  const { concurrency: places } = store.capabilities;
  opened.pace = new Pace(gentle, { places, reports: opened.reports });
  return wrap(store, opened.pace);
}

/** Neither an embedded Qdrant nor FAISS files settle in a Chroma's folder, which nothing may change. @throws {VectorError} E_CONFIG */
export function assertNoChroma(path: string): void {
  if (path === ":memory:" || !existsSync(join(path, "chroma.sqlite3"))) return;
  throw new VectorError(
    "E_CONFIG",
    `The folder ${path} holds a Chroma, which vecferry never writes.`,
    {
      next: "Give the target a folder of its own.",
    },
  );
}

/** The address, where a migration can read what it names. @throws {VectorError} E_CONFIG */
export function assertSource(address: Address) {
  if (!isTargetAddress(address)) return address;
  const where = address.kind === "qdrant" ? address.url : `${address.kind}:${address.path}`;
  const what = address.kind === "faiss" ? "a folder of FAISS files" : "a Qdrant";
  throw new VectorError(
    "E_CONFIG",
    `The source ${where} is ${what}; a source is a Chroma or an archive of one.`,
    {
      next: "Give chroma://host:8000 for a Chroma server, chroma-cloud://tenant/database, the path of a folder that holds chroma.sqlite3, or archive:./path.",
    },
  );
}

/** The address, where a migration can write what it names. @throws {VectorError} E_CONFIG */
export function assertTarget(address: Address) {
  if (isTargetAddress(address)) return address;
  const [where, what] =
    address.kind === "archive"
      ? [`archive:${address.path}`, "an archive"]
      : [address.kind === "chroma-folder" ? address.path : address.url, "a Chroma"];
  throw new VectorError("E_CONFIG", `The target ${where} is ${what}; a target is a Qdrant.`, {
    next: "Give http://host:6333 for a Qdrant server, embedded:./path for a folder, or faiss:./path for FAISS files.",
  });
}
