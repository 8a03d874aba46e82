/** Qdrant as a store: by REST, and in this process. */
export { lookAtEmbedded } from "./embedded-look.ts";
export { recogniseQdrant, recogniseQdrantGrpc } from "./recognise.ts";
export type { QdrantOptions } from "./rest-client.ts";
export { lookAtServer } from "./server-look.ts";
export { openEmbeddedSnapshots, openServerSnapshots } from "./snapshots.ts";
export { openEmbedded, openQdrant } from "./store.ts";
