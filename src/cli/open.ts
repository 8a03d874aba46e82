/** Opens the two ends of a run, with what their flags and variables say. */
import { existsSync } from "node:fs";
import { connectSource, connectTarget } from "../connect.ts";
import { VectorError } from "../errors.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import type { ChromaOptions, OnStoreRetry, QdrantOptions } from "../store/registry.ts";
import type { SourceAddress, TargetAddress } from "./identity.ts";
import type { Session } from "./session.ts";

/** Opens the source. @throws as `connectSource` */
export async function openSource(
  session: Session,
  address: SourceAddress,
  chroma: ChromaOptions,
): Promise<SourceStore> {
  const { signal } = session.io;
  const onRetry = retryTeller(session, "source");
  const source = await connectSource(address, { chroma, signal, onRetry });
  session.sourceOpened(source.identity);
  return source;
}

/** Opens the target. @throws as `connectTarget` */
export function openTarget(
  session: Session,
  address: TargetAddress,
  qdrant: QdrantOptions,
): Promise<TargetStore> {
  const { signal } = session.io;
  if (address.kind === "qdrant" && address.grpcPort !== null) {
    const text = `The gRPC port ${address.grpcPort} is not used: this version speaks REST alone.`;
    session.event({ type: "note", text });
  }
  return connectTarget(address, { qdrant, signal, onRetry: retryTeller(session, "target") });
}

/** Keeps a verb that only looks from making the folder of an embedded target. @throws E_NO_MIGRATION where it is not there */
export function assertThere(target: TargetAddress): void {
  if (target.kind !== "embedded" || target.path === ":memory:" || existsSync(target.path)) return;
  throw new VectorError("E_NO_MIGRATION", `There is no embedded Qdrant in ${target.path}.`, {
    next: "Give the folder that a migration was written to, or run `vecferry migrate SOURCE TARGET` first.",
  });
}

function retryTeller(session: Session, end: "source" | "target"): OnStoreRetry {
  return ({ code, failed, waitMs }) =>
    session.event({ type: "retry", end, attempt: failed, delayMs: waitMs, code });
}
