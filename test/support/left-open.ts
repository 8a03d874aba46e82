import type { DocumentStore } from "../../src/store/documents.ts";
import { overridden } from "./overridden.ts";

/** A store that whoever uses it may close as often as they like: it stays open for the next one. */
export function leftOpen(store: DocumentStore): DocumentStore {
  return overridden(store, { [Symbol.asyncDispose]: async () => undefined });
}
