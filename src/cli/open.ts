/** Opens the two ends of a run, with what their flags and variables say. */
import { existsSync } from "node:fs";
import { VectorError } from "../errors.ts";
import { connectSource, connectTarget } from "../open.ts";
import type { GentleOptions } from "../store/pace.ts";
import type { Capabilities, SourceStore, TargetStore } from "../store/port.ts";
import { type ConnectOptions, isTargetAddress, type OnStoreRetry } from "../store/registry.ts";
import { watched } from "../store/watched.ts";
import type { gentleFlags } from "./flags.ts";
import type { SourceAddress, TargetAddress } from "./identity.ts";
import type { Session } from "./session.ts";
import type { Values } from "./setting.ts";

/** How to speak to the servers of a run. */
export interface Access extends Pick<ConnectOptions, "chroma" | "qdrant" | "timeoutMs"> {
  readonly limits?: Values<typeof gentleFlags>;
}

/** Opens the source. @throws as `connectSource` */
export async function openSource(
  session: Session,
  address: SourceAddress,
  access: Access,
): Promise<SourceStore> {
  const { signal } = session.io;
  const onRetry = retryTeller(session, "source");
  const gentle = gentleOptions(session, "source", access);
  const source = await connectSource(address, { ...access, signal, onRetry, gentle });
  session.sourceOpened(source.identity);
  return watchedEnd(session, "source", source);
}

/** Opens the target. @throws as `connectTarget` */
export async function openTarget(
  session: Session,
  address: TargetAddress,
  access: Access,
): Promise<TargetStore> {
  const { signal } = session.io;
  const target = await connectTarget(address, {
    ...access,
    signal,
    onRetry: retryTeller(session, "target"),
    gentle: gentleOptions(session, "target", access),
    onRoad: (road) => session.event({ type: "road", end: "target", ...road }),
  });
  return watchedEnd(session, "target", target);
}

/** Opens a store of any kind to read it. @throws as `connectSource` and `connectTarget` */
export async function openAny(
  session: Session,
  address: SourceAddress | TargetAddress,
  access: Access,
): Promise<SourceStore | TargetStore> {
  if (!isTargetAddress(address)) return await openSource(session, address, access);
  return await openPoints(session, address, access);
}

/** Opens a Qdrant to read it. @throws as `connectTarget`; E_NO_MIGRATION where its folder is not there */
export async function openPoints(
  session: Session,
  address: TargetAddress,
  access: Access,
): Promise<TargetStore> {
  assertThere(address);
  const { signal } = session.io;
  const onRetry = retryTeller(session, "source");
  const gentle = gentleOptions(session, "source", access);
  const store = await connectTarget(address, { ...access, signal, onRetry, gentle });
  session.sourceOpened(store.identity);
  return watchedEnd(session, "source", store);
}

/** Keeps a verb that only looks from making the folder of an embedded target, or of FAISS files. @throws E_NO_MIGRATION where it is not there */
export function assertThere(target: TargetAddress): void {
  if (target.kind === "qdrant" || target.path === ":memory:" || existsSync(target.path)) return;
  const what = target.kind === "faiss" ? "are no FAISS files" : "is no embedded Qdrant";
  throw new VectorError("E_NO_MIGRATION", `There ${what} in ${target.path}.`, {
    next: "Give the folder that a migration was written to, or run `vecferry migrate SOURCE TARGET` first.",
  });
}

/** The store of one end; what prints the run can tell whether it is waited for. */
export function watchedEnd<Store extends { readonly capabilities: Capabilities }>(
  { output }: Session,
  end: "source" | "target",
  store: Store,
): Store {
  const { waiting } = output.progress;
  const { concurrency } = store.capabilities;
  return watched(store, (change) => waiting.call(end, change, concurrency, performance.now()));
}

export function gentleOptions(
  session: Session,
  end: "source" | "target",
  { limits }: Access,
): GentleOptions {
  return {
    maxRowsPerSecond: limits?.maxRowsPerSecond,
    maxLatencyMs: end === "source" ? limits?.maxSourceLatencyMs : limits?.maxTargetLatencyMs,
    onSlowed: (slowing, isNew) => session.event({ type: "throttled", end, slowing, isNew }),
  };
}

export function retryTeller(session: Session, end: "source" | "target"): OnStoreRetry {
  return ({ code, failed, waitMs }) =>
    session.event({ type: "retry", end, attempt: failed, delayMs: waitMs, code });
}
