/** Reading alone: ours, and what bounds it at a server, answers that nobody parses. */
import { z } from "zod";
import { GrpcClient } from "../src/adapters/qdrant/grpc-client.ts";
import { batchTargetBytes, optimalBatchSize } from "../src/model/batch-size.ts";
import type { CollectionInfo } from "../src/model/collection.ts";
import { connectSource } from "../src/open.ts";
import type { SourceStore } from "../src/store/port.ts";
import { readPointId } from "../src/wire/point-id.ts";
import { countOf } from "../src/wire/points.ts";
import { Reader } from "../src/wire/protobuf.ts";
import { encodeScroll, peekNext } from "../src/wire/scroll.ts";
import { payloadBytes } from "./batches.ts";
import { each, type Measured, timed } from "./measured.ts";
import { apiKey, grpcUrl } from "./server.ts";

/** Every record by its id, as a copy reads. */
export async function readOurs(address: string): Promise<Measured> {
  await using source = await connectSource(address);
  return await timed(async () => {
    let rows = 0;
    for (const collection of await source.collections()) {
      const { concurrency } = source.capabilities;
      rows += await each(batchesOf(source, collection), concurrency, async (ids) => {
        const { batch } = await source.read(collection, ids);
        return batch.ids.length;
      });
    }
    return rows;
  });
}

async function* batchesOf(
  source: SourceStore,
  collection: CollectionInfo,
): AsyncGenerator<readonly string[]> {
  const rowsMax = [source.capabilities.batchSizeMax];
  const rows = optimalBatchSize({
    targetBytes: batchTargetBytes,
    dimension: collection.dimension ?? 1,
    payloadBytes,
    rowsMax,
  });
  for await (const ids of source.ids(collection)) {
    for (let start = 0; start < ids.length; start += rows) yield ids.slice(start, start + rows);
  }
}

const collectionsSchema = z.array(z.object({ id: z.string() }));
const idsSchema = z.object({ ids: z.array(z.string()) });
/** As our reader's, at its best. */
const wireRows = 1000;
const wireInFlight = 3;

/** Every record of a Chroma server by its id, answers thrown away unparsed. */
export async function readWire(url: string): Promise<Measured> {
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  const headers = { "content-type": "application/json" };
  return await timed(async () => {
    let rows = 0;
    for (const { id } of collectionsSchema.parse(await (await fetch(base)).json())) {
      const get = (body: object) =>
        fetch(`${base}/${id}/get`, { method: "POST", headers, body: JSON.stringify(body) });
      const { ids } = idsSchema.parse(await (await get({ include: [] })).json());
      const chunks = Array.from({ length: Math.ceil(ids.length / wireRows) }, (_, index) =>
        ids.slice(index * wireRows, (index + 1) * wireRows),
      );
      rows += await each(chunks, wireInFlight, async (chunk) => {
        const include = ["embeddings", "documents", "metadatas", "uris"];
        await (await get({ ids: chunk, include })).arrayBuffer();
        return chunk.length;
      });
    }
    return rows;
  });
}

/** Every point of a collection by gRPC, with payload and vectors, answers thrown away undecoded. */
export async function scrollWire(url: string, name: string): Promise<Measured> {
  const client = new GrpcClient(grpcUrl(url), apiKey === "" ? {} : { apiKey });
  const measured = await timed(() => scrollRanges(client, name));
  client.close();
  return measured;
}

/** Goes through ranges of the ids side by side; gives how many points there are. */
export async function scrollRanges(client: GrpcClient, name: string): Promise<number> {
  const starts = Array.from({ length: wireInFlight }, (_, range) => {
    const byte = Math.floor((range * 256) / wireInFlight);
    return `${byte.toString(16).padStart(2, "0")}000000-0000-0000-0000-000000000000`;
  });
  return await each(starts, wireInFlight, async (start) => {
    const end = starts[starts.indexOf(start) + 1] ?? "g";
    let rows = 0;
    for (let from = start; from < end; ) {
      const wanted = { limit: wireRows, from, payload: true, vectors: true };
      const page = await client.send("Points/Scroll", encodeScroll(name, wanted), (message) => {
        const next = peekNext(message) ?? "g";
        return { rows: next < end ? countOf(message, 2) : rowsBefore(end, message), next };
      });
      rows += page.rows;
      from = page.next;
    }
    return rows;
  });
}

/** How many points of an answer are none of the range that begins at `end`. */
function rowsBefore(end: string, message: Uint8Array): number {
  const reader = new Reader(message);
  let rows = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== 18) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.open();
    while (reader.more()) {
      const inner = reader.tag();
      if (inner !== 10) reader.skip(inner);
      else if (readPointId(reader) < end) rows += 1;
    }
    reader.close(outer);
  }
  return rows;
}
