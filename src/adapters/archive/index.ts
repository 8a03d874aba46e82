export { openArchive, openRecordArchive } from "./store.ts";
export { writeArchive } from "./writer.ts";
