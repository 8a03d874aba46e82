export { type ChromaFolderOptions, openChromaFolder } from "./store.ts";
