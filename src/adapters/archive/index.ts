export { checkArchive } from "./check.ts";
export { isArchive, keepGenerations } from "./generations.ts";
export { openArchive, openRecordArchive } from "./store.ts";
export { writeArchive } from "./writer.ts";
