/** The two ends of an export: a Qdrant or an archive as the source, a Chroma that takes records as the target. */
import { VectorError } from "../errors.ts";
import type { ExportRequest, ExportSource } from "../migrate/export/request.ts";
import { newestEnds } from "../migrate/status.ts";
import { assertArchive, assertTarget, connectArchive, connectRecordTarget } from "../open.ts";
import { type Address, type AddressOf, parseAddress } from "../store/address.ts";
import type { ArchiveReader } from "../store/archive.ts";
import type { RecordTarget } from "../store/record-target.ts";
import type { EndSettings } from "./access.ts";
import { sourceEnd, targetEnd, withGrpc } from "./ends.ts";
import type { exportRunFlags, exportScopeFlags, exportShapeFlags } from "./export-flags.ts";
import type { TargetAddress } from "./identity.ts";
import { readMapping } from "./mapping.ts";
import { type Access, gentleOptions, openPoints, retryTeller, watchedEnd } from "./open.ts";
import type { Session } from "./session.ts";
import type { Values } from "./setting.ts";

export type ExportSourceAddress = TargetAddress | AddressOf<"archive">;
export type RecordAddress = AddressOf<"chroma" | "chroma-cloud">;

export interface ExportEnds {
  readonly source: ExportSourceAddress;
  readonly target: RecordAddress | AddressOf<"archive">;
}

/**
 * The ends that are named: by addresses, a target alone too, else by flags and variables.
 * @throws E_CONFIG, E_USAGE where no target is named, with the two choices
 */
export function chooseExportEnds(
  operands: readonly string[],
  { qdrant, chroma }: EndSettings,
  wantsArchive: boolean | null,
): ExportEnds {
  const [first, second] = operands;
  const alone = first !== undefined && second === undefined && isRecordText(first);
  const [sourceText, targetText] = alone ? [undefined, first] : [first, second];
  const source = sourceOf(sourceText, qdrant);
  if (targetText === undefined && wantsArchive === true)
    throw noTarget("No archive is given.", "Say where: vecferry export SOURCE archive:./folder.");
  const end = wantsArchive === true ? null : sourceEnd(targetText, chroma);
  if (end?.fallback === true) {
    throw noTarget(
      "No target is named.",
      "Name a running Chroma (chroma://host:8000, or CHROMA_HOST), or an archive (archive:./folder, with or without --output-format archive).",
    );
  }
  const address = end?.address ?? assertArchive(targetText ?? "");
  if (address.kind === "archive" && wantsArchive !== false) return { source, target: address };
  return { source, target: assertRecords(address) };
}

function noTarget(message: string, next: string): VectorError {
  return new VectorError("E_USAGE", message, { next });
}

/** Whether the text is the address of an end that only a target can be here. */
export function isRecordText(text: string): boolean {
  const { kind } = parseAddress(text);
  return kind === "chroma" || kind === "chroma-cloud";
}

function sourceOf(text: string | undefined, qdrant: EndSettings["qdrant"]): ExportSourceAddress {
  const { address } = targetEnd(text, qdrant);
  if (address.kind === "archive") return address;
  return assertTarget(withGrpc(address, qdrant));
}

/** The address, where it is a Chroma that can be written. @throws E_NOT_SUPPORTED */
export function assertRecords(address: Address): RecordAddress {
  if (address.kind === "chroma" || address.kind === "chroma-cloud") return address;
  const where = "url" in address ? address.url : `The folder ${address.path}`;
  throw new VectorError("E_NOT_SUPPORTED", `${where} takes no records of Chroma's.`, {
    next: "Only a running Chroma is written: give chroma://host:8000 or chroma-cloud://tenant/database.",
  });
}

/** The ends of an export that is to be verified: both named, or those of the newest run; null = it is another direction. */
export function verifyEnds(
  operands: readonly string[],
  ends: EndSettings,
  state: string,
): { readonly source: ExportSourceAddress; readonly target: RecordAddress } | null {
  const [first, second] = operands;
  const named = second ?? first;
  if (named === undefined) {
    const flags = [targetEnd(undefined, ends.qdrant), sourceEnd(undefined, ends.chroma)];
    const newest = flags.every(({ fallback }) => fallback) ? newestEnds(state) : null;
    if (newest === null || !isRecordText(newest.target)) return null;
    return {
      source: sourceOf(newest.source, ends.qdrant),
      target: assertRecords(parseAddress(newest.target)),
    };
  }
  if (second === undefined || !isRecordText(second)) return null;
  const { address } = sourceEnd(second, ends.chroma);
  return { source: sourceOf(first, ends.qdrant), target: assertRecords(address) };
}

/** Opens the source. @throws as `connectTarget` and `connectArchive` */
export async function openExportSource(
  session: Session,
  address: ExportSourceAddress,
  access: Access,
): Promise<ExportSource> {
  if (address.kind === "archive") {
    const { signal } = session.io;
    session.event({ type: "phase", phase: "check", collection: null });
    const archive = await connectArchive(address, { signal });
    session.sourceOpened(archive.identity);
    return archive;
  }
  return await openPoints(session, address, access);
}

/** Opens the target. @throws as `connectRecordTarget` */
export async function openRecordTarget(
  session: Session,
  address: RecordAddress,
  access: Access,
): Promise<RecordTarget> {
  const target = await connectRecordTarget(address, {
    ...access,
    signal: session.io.signal,
    onRetry: retryTeller(session, "target"),
    gentle: gentleOptions(session, "target", access),
  });
  return watchedEnd(session, "target", target);
}

/** What is asked of an export; `vectorsFrom` is opened by whoever runs it. Reads the mapping file. @throws E_CONFIG, E_MAPPING */
export function exportRequest(
  command: ExportRequest["command"],
  scope: Values<typeof exportScopeFlags>,
  shape: Values<typeof exportShapeFlags>,
  run: Values<typeof exportRunFlags>,
): Omit<ExportRequest, "vectorsFrom"> {
  return {
    command,
    scope: {
      collections: scope.collection ?? null,
      include: scope.include ?? [],
      exclude: scope.exclude ?? [],
    },
    renames: shape.rename ?? new Map(),
    targetCollection: shape.targetCollection ?? null,
    mapping: shape.tenantMapping === undefined ? null : readMapping(shape.tenantMapping),
    splitTenants: shape.splitTenants ?? false,
    vector: shape.vector ?? null,
    distance: shape.distanceMetric ?? null,
    flatten: shape.flatten ?? false,
    nearestFloats: shape.nearestFloats ?? false,
    merge: run.merge ?? false,
    overwrite: run.overwrite ?? false,
    propagateDeletes: run.propagateDeletes ?? false,
    batchSize: run.batchSize ?? null,
    base: null,
  };
}

/** The archive whose bits go back, opened; null where none is named. @throws as `connectArchive` */
export async function openVectors(
  session: Session,
  text: string | undefined,
): Promise<ArchiveReader | null> {
  if (text === undefined) return null;
  return await connectArchive(assertArchive(text), { signal: session.io.signal });
}
