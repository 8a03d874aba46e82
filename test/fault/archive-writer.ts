/** A process that writes records to the archive in argv[2] until it is killed, and prints how many are durable. */
import { writeArchive } from "../../src/adapters/archive/index.ts";
import {
  archiveBatch,
  archiveInfo,
  archiveRecords,
  archiveSource,
  smallBounds,
} from "../support/archive-scene.ts";

const [, , path = ""] = process.argv;
const writer = await writeArchive(path, { source: archiveSource }, smallBounds);
const info = archiveInfo("docs", 3);
const collection = await writer.collection({ rows: "records", info });
process.stdout.write(`${collection.durable}\n`);
for (let start = collection.durable; ; start += 10) {
  await collection.append(archiveBatch(archiveRecords(10, start), 3));
  process.stdout.write(`${collection.durable}\n`);
}
