/** What we are measured against: the bare wire at the source, the official client at the target. One line of JSON. */
import { QdrantClient } from "@qdrant/js-client-rest";
import { benchRecords } from "./data.ts";

const inFlight = 3;
const batchRows = 1000;

async function each<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}

/** Every record of a Chroma server by id, answers thrown away unparsed. */
async function wire(url: string): Promise<number> {
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  let rows = 0;
  for (const { id } of (await (await fetch(base)).json()) as { id: string }[]) {
    const get = (body: object) =>
      fetch(`${base}/${id}/get`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const { ids } = (await (await get({ include: [] })).json()) as { ids: string[] };
    const chunks = Array.from({ length: Math.ceil(ids.length / batchRows) }, (_, index) =>
      ids.slice(index * batchRows, (index + 1) * batchRows),
    );
    await each(chunks, async (chunk) => {
      await (
        await get({ ids: chunk, include: ["embeddings", "documents", "metadatas", "uris"] })
      ).arrayBuffer();
      rows += chunk.length;
    });
  }
  return rows;
}

/** The same records by the official REST client, 1,000 a batch, three in flight. */
async function client(
  url: string,
  apiKey: string,
  records: number,
  dimension: number,
): Promise<{ rows: number; startedAt: number }> {
  const qdrant = new QdrantClient({ url, ...(apiKey === "" ? {} : { apiKey }) });
  const name = "vecferry-bench-peer";
  await qdrant.deleteCollection(name);
  await qdrant.createCollection(name, { vectors: { size: dimension, distance: "Cosine" } });
  const batches: { id: string; vector: number[]; payload: Record<string, unknown> }[][] = [[]];
  for await (const { vector, document, metadata } of benchRecords(records, dimension)) {
    if (batches.at(-1)?.length === batchRows) batches.push([]);
    batches
      .at(-1)
      ?.push({ id: crypto.randomUUID(), vector: [...vector], payload: { document, metadata } });
  }
  const startedAt = performance.now();
  await each(batches, async (points) => {
    // The client gives up on a connection that the server has closed; it is asked again, as its users have to.
    for (let attempt = 1; ; attempt += 1) {
      try {
        await qdrant.upsert(name, { wait: true, points });
        return;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  });
  const ms = performance.now() - startedAt;
  await qdrant.deleteCollection(name);
  return { rows: records, startedAt: performance.now() - ms };
}

const [role = "", url = "", records = "0", dimension = "0"] = process.argv.slice(2);
let startedAt = performance.now();
let rows = 0;
if (role === "wire") rows = await wire(url);
else
  ({ rows, startedAt } = await client(
    url,
    process.env["QDRANT_API_KEY"] ?? "",
    Number(records),
    Number(dimension),
  ));
console.log(
  JSON.stringify({
    rows,
    ms: performance.now() - startedAt,
    rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
