/** Changes whose callers wait no longer for their turn: judged as a server judges them when they come, and not made. */
import type { Host } from "./host.ts";

/** What is waited for so many seconds. */
export type Changes = Pick<
  Host,
  | "collection"
  | "upsert"
  | "updateVectors"
  | "deleteVectors"
  | "deletePoints"
  | "setPayload"
  | "deletePayload"
  | "clearPayload"
  | "createPayloadIndex"
  | "deletePayloadIndex"
  | "addVectorName"
>;

/** Checks changes, and makes none. */
export function unmade(host: Host): Changes {
  const collection = (name: string) => host.collection(name);
  return {
    collection,
    upsert: (...change) => host.checkUpsert(...change),
    updateVectors: collection,
    deleteVectors: collection,
    deletePoints: collection,
    setPayload: collection,
    deletePayload: collection,
    clearPayload: collection,
    createPayloadIndex: collection,
    deletePayloadIndex: collection,
    addVectorName: collection,
  };
}
