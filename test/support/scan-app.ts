/** What an application is given to see that threads search, and how many; text, for it is no part of this program. */
import { availableParallelism } from "node:os";

/** The engine's thread has so many helpers, where there are cores for them. */
export const scanHelpers = Math.min(availableParallelism(), 4) - 1;
/** 17 MB of vectors. The largest of those that lie along the eighth axis is the one of this number. */
export const scan = { count: 4352, size: 1024, nearest: 4103 };

/**
 * A function `scan`. It goes through more vectors than one thread does by itself, again and again for a second: a helper that did
 * not load is gone by then, and is not counted. What each of them finds is not to be seen from there. Only Linux tells of threads. An
 * application runs as it is written, on Node 22 too, which knows no `using`.
 */
export const scanFunction = `
import { existsSync, readdirSync } from "node:fs";
import { openEmbedded } from "vecferry";

const tasks = "/proc/self/task";
const threadsNow = () => (existsSync(tasks) ? readdirSync(tasks).length : null);

async function scan({ count, size }) {
  const qdrant = await openEmbedded(":memory:");
  await qdrant.client.createCollection("many", { vectors: { size, distance: "Dot" } });
  for (let from = 0; from < count; from += 256) {
    const points = Array.from({ length: 256 }, (_, at) => {
      const vector = new Array(size).fill(0);
      vector[(from + at) % size] = 1 + from;
      return { id: from + at, vector };
    });
    await qdrant.client.upsert("many", { points });
  }
  const query = new Array(size).fill(0);
  query[7] = 1;
  const before = threadsNow();
  const endMs = Date.now() + 1000;
  for (;;) {
    const { points } = await qdrant.client.query("many", { query, limit: 1 });
    if (Date.now() < endMs) continue;
    const helpers = before === null ? null : threadsNow() - before;
    await qdrant.close();
    return { nearest: points[0].id, helpers };
  }
}
`;
