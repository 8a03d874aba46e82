/** Qdrant as a store: by REST, and in this process. */
export type { QdrantOptions } from "./rest-client.ts";
export { openEmbedded, openQdrant } from "./store.ts";
