/** A process that writes points to the engine in argv[2] until it is killed, and prints each batch that was acknowledged. */
import { openEngine } from "../../src/engine/index.ts";

const [, , folder = "", first = "0"] = process.argv;
const dimension = 64;
const rows = 50;
const engine = await openEngine(folder);
if (!(await engine.collectionExists("c"))) {
  await engine.createCollection("c", { vectors: { size: dimension, distance: "Dot" } });
  await engine.createPayloadIndex("c", "batch", "integer");
}

async function write(batch: number): Promise<void> {
  const ids = Array.from({ length: rows }, (_unused, row) => String(batch * rows + row));
  const data = Float32Array.from(
    { length: rows * dimension },
    (_unused, at) => batch + at / dimension,
  );
  await engine.upsert("c", {
    ids,
    vectors: new Map([["", { kind: "dense", dimension, data, present: null }]]),
    payloads: ids.map((id) => JSON.stringify({ batch, id })),
  });
  process.stdout.write(`${batch}\n`);
}

process.stdout.write("open\n");
const inFlight = 3;
const running = new Set<Promise<void>>();
for (let batch = Number(first); ; batch += 1) {
  const done: Promise<void> = write(batch).then(() => void running.delete(done));
  running.add(done);
  if (running.size >= inFlight) await Promise.race(running);
}
