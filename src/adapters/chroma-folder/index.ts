export { lookAtFolder } from "./look.ts";
export { type ChromaFolderOptions, openChromaFolder } from "./store.ts";
