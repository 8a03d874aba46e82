/** Opens the two ends of a run, with what their flags and variables say. */
import { connectSource, connectTarget } from "../connect.ts";
import type { AddressOf } from "../store/address.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import type {
  ChromaOptions,
  OnStoreRetry,
  QdrantOptions,
  SourceKind,
  TargetKind,
} from "../store/registry.ts";
import type { Session } from "./session.ts";

export type SourceAddress = AddressOf<SourceKind>;
export type TargetAddress = AddressOf<TargetKind>;

/** Opens the source. @throws as `connectSource` */
export function openSource(
  session: Session,
  address: SourceAddress,
  chroma: ChromaOptions,
): Promise<SourceStore> {
  const { signal } = session.io;
  return connectSource(address, { chroma, signal, onRetry: retryTeller(session, "source") });
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

function retryTeller(session: Session, end: "source" | "target"): OnStoreRetry {
  return ({ code, failed, waitMs }) =>
    session.event({ type: "retry", end, attempt: failed, delayMs: waitMs, code });
}
