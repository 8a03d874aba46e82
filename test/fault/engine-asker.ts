/** A process that opens the engine's folder in argv[2], says "open", and answers requests, a line each, until it is killed. */
import { createInterface } from "node:readline";
import { openEngine } from "../../src/engine/index.ts";

const engine = await openEngine(process.argv[2] ?? "");
process.stdout.write("open\n");
for await (const line of createInterface({ input: process.stdin })) {
  const { lane, request } = JSON.parse(line);
  engine.ask(request).then(
    (result) => process.stdout.write(`${JSON.stringify({ lane, result })}\n`),
    (error) => process.stdout.write(`${JSON.stringify({ lane, error: String(error) })}\n`),
  );
}
