/** What `accept-encoding: identity` costs and gains: searches by Qdrant's own client, with compressed answers and without, over links of several speeds. */
import { QdrantClient } from "@qdrant/js-client-rest";
import { openSlowLink } from "../test/support/slow-link.ts";

const collection = "bench_encoding";
const dimension = 384;
const points = 2000;

const links = [
  { name: "loopback", bytesPerSecond: null, roundTripMs: 0 },
  { name: "100 Mbit/s, 2 ms", bytesPerSecond: 12_500_000, roundTripMs: 2 },
  { name: "100 Mbit/s, 40 ms", bytesPerSecond: 12_500_000, roundTripMs: 40 },
  { name: "10 Mbit/s, 20 ms", bytesPerSecond: 1_250_000, roundTripMs: 20 },
  { name: "2 Mbit/s, 60 ms", bytesPerSecond: 250_000, roundTripMs: 60 },
];

const asks = [
  { name: "10 with payload", limit: 10, with_payload: true, with_vector: false },
  { name: "100 with payload", limit: 100, with_payload: true, with_vector: false },
  { name: "100 with vectors", limit: 100, with_payload: true, with_vector: true },
];

/** Words of a small language, so that texts are compressed about as far as English ones are. */
const words = Array.from({ length: 3000 }, (_, n) =>
  (n * n * 2_654_435_761).toString(26).slice(-7),
);

/** Prints a line for each link and kind of search: median ms and kilobytes of an answer, compressed and as it is. */
export async function benchEncoding({ rounds }: { readonly rounds: number }): Promise<void> {
  const url = process.env["QDRANT_URL"] || "http://127.0.0.1:6333";
  const direct = new QdrantClient({ url, checkCompatibility: false });
  await fill(direct);
  try {
    console.log(`${"".padEnd(22)}${"".padEnd(20)}compressed               identity`);
    for (const link of links) {
      for (const ask of asks) {
        // Half a megabyte an answer: seconds each, and nothing that the others do not show.
        if (ask.with_vector && link.roundTripMs > 50) continue;
        const found = [];
        for (const headers of [undefined, { "accept-encoding": "identity" }]) {
          await using slow = await openSlowLink(url, link);
          const at = link.bytesPerSecond === null ? url : slow.url;
          const client = new QdrantClient({
            url: at,
            checkCompatibility: false,
            ...(headers && { headers }),
          });
          const { medianMs, count } = await measure(client, ask, rounds);
          found.push(
            `${medianMs.toFixed(1).padStart(8)} ms${link.bytesPerSecond === null ? "" : `${(slow.bytes / count / 1000).toFixed(0).padStart(6)} kB`}`.padEnd(
              20,
            ),
          );
        }
        console.log(`${link.name.padEnd(22)}${ask.name.padEnd(20)}${found.join("")}`);
      }
    }
  } finally {
    await direct.deleteCollection(collection);
  }
}

async function fill(client: QdrantClient): Promise<void> {
  await client.deleteCollection(collection);
  await client.createCollection(collection, { vectors: { size: dimension, distance: "Cosine" } });
  const text = () =>
    Array.from({ length: 150 }, () => words[Math.floor(Math.random() ** 2 * words.length)]).join(
      " ",
    );
  for (let start = 0; start < points; start += 500)
    await client.upsert(collection, {
      wait: true,
      points: Array.from({ length: 500 }, (_, at) => ({
        id: start + at,
        vector: randomVector(),
        payload: {
          document: text(),
          metadata: { page: at, source: "bench" },
          tenant_id: "a",
        },
      })),
    });
}

async function measure(
  client: QdrantClient,
  { limit, with_payload, with_vector }: (typeof asks)[number],
  rounds: number,
): Promise<{ medianMs: number; count: number }> {
  const times: number[] = [];
  const count = rounds * 10;
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    await client.query(collection, { query: randomVector(), limit, with_payload, with_vector });
    times.push(performance.now() - began);
  }
  times.sort((one, other) => one - other);
  return { medianMs: times[times.length >> 1] ?? Number.NaN, count };
}

function randomVector(): number[] {
  return Array.from({ length: dimension }, () => Math.random() - 0.5);
}
