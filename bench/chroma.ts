/** Fills a Chroma server with the records to measure with. */
import { z } from "zod";
import { benchRecords } from "./data.ts";

/** Loads a Chroma server by plain HTTP, as any client would. */
export async function fillChroma(url: string, records: number, dimension: number): Promise<void> {
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  const post = async (to: string, body: object): Promise<unknown> => {
    const response = await fetch(to, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${to}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const { id } = z
    .object({ id: z.string() })
    .parse(await post(base, { name: "bench", configuration: { hnsw: { space: "cosine" } } }));
  let batch = {
    ids: [] as string[],
    embeddings: [] as number[][],
    documents: [] as string[],
    metadatas: [] as object[],
  };
  const send = async () => {
    if (batch.ids.length > 0) await post(`${base}/${id}/add`, batch);
    batch = { ids: [], embeddings: [], documents: [], metadatas: [] };
  };
  for await (const record of benchRecords(records, dimension)) {
    batch.ids.push(record.id);
    batch.embeddings.push([...record.vector]);
    batch.documents.push(record.document);
    batch.metadatas.push(record.metadata);
    if (batch.ids.length === 2000) await send();
  }
  await send();
}
