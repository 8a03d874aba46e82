/** A thread of the truth: takes blocks of rows one after another, and says what it found when it is asked. */
import { parentPort, workerData } from "node:worker_threads";
import { type TruthBlock, type TruthQuestion, TruthScan } from "./truth-scan.ts";

/** What a thread is sent: rows to look at, or null for what was found. */
export type TruthRequest = TruthBlock | null;

if (parentPort !== null) {
  const port = parentPort;
  const scan = new TruthScan(workerData as TruthQuestion);
  port.on("message", (request: TruthRequest) => {
    if (request !== null) scan.look(request);
    port.postMessage(request === null ? scan.rankings : null);
  });
}
