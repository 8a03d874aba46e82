/** A thread that sums up pages: see `digest-pages.ts`. */
import { parentPort } from "node:worker_threads";
import { type DigestQuestion, digestMessage } from "./digest-message.ts";

if (parentPort !== null) {
  const port = parentPort;
  port.on("message", (question: DigestQuestion) => {
    const found = digestMessage(question);
    const buffer = found?.digests.buffer;
    port.postMessage(found, buffer instanceof ArrayBuffer ? [buffer] : []);
  });
}
