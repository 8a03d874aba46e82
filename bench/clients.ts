/** What Qdrant's own clients do with the same points: write them, and read them back. Their objects are ready before the clock starts. */
import { QdrantClient as GrpcClient } from "@qdrant/js-client-grpc";
import { QdrantClient as RestClient } from "@qdrant/js-client-rest";
import { payloadText } from "../src/model/payload.ts";
import { denseVector, enabled, idOf } from "../test/support/grpc-scene.ts";
import { unnamed } from "../test/support/vector-columns.ts";
import { columnsOf, recordBatches } from "./batches.ts";
import { each, type Measured, timed } from "./measured.ts";
import { apiKey, grpcUrl, type WriteOptions, withCollection } from "./server.ts";

/** Rows a batch and a page, and how many are in flight: of 250 to 2,000 and 2 to 6 none cost the clients less processor time a row. */
const batchRows = 1000;
const inFlight = 3;
/** A connection that the server has closed is an error to its users, who ask again. */
const attempts = 5;

const key = apiKey === "" ? {} : { apiKey };
const timeoutMs = 300_000;

function grpcPoints(url: string) {
  const options = { url: grpcUrl(url), timeout: timeoutMs, compression: false, ...key };
  return new GrpcClient({ ...options, checkCompatibility: false }).api("points");
}

function restClient(url: string): RestClient {
  return new RestClient({ url, timeout: timeoutMs, checkCompatibility: false, ...key });
}

interface Point {
  readonly id: string;
  readonly vector: number[];
  readonly payload: Record<string, unknown>;
}

async function pointBatches(records: number, dimension: number): Promise<Point[][]> {
  const batches = await recordBatches(records, dimension, batchRows);
  return batches.map((batch) => {
    const columns = columnsOf(batch, dimension);
    const { points, payloads } = columns;
    const data = unnamed(columns.vectors);
    return points.map((id, row) => ({
      id,
      vector: Array.from(data.subarray(row * dimension, (row + 1) * dimension)),
      payload: JSON.parse(payloadText(payloads[row] ?? "{}")),
    }));
  });
}

async function write<Batch>(
  batches: readonly Batch[],
  upsert: (batch: Batch) => Promise<unknown>,
  rowsOf: (batch: Batch) => number,
): Promise<Measured> {
  const send = async (batch: Batch): Promise<number> => {
    await again(() => upsert(batch));
    return rowsOf(batch);
  };
  await each(batches.slice(0, 1), 1, send);
  return await timed(() => each(batches, inFlight, send));
}

/** The REST client. */
export async function writeRest(url: string, options: WriteOptions): Promise<Measured> {
  const { records, dimension } = options;
  return await withCollection(url, options, async (_target, { name }) => {
    const client = restClient(url);
    const batches = await pointBatches(records, dimension);
    const upsert = (points: Point[]) => client.upsert(name, { wait: true, points });
    return await write(batches, upsert, (points) => points.length);
  });
}

/** The gRPC client. */
export async function writeGrpc(url: string, options: WriteOptions): Promise<Measured> {
  const { records, dimension } = options;
  return await withCollection(url, options, async (_target, { name }) => {
    const client = grpcPoints(url);
    const requests = (await pointBatches(records, dimension)).map((points) => ({
      collectionName: name,
      wait: true,
      points: points.map(({ id, vector, payload }) => ({
        id: idOf(id),
        vectors: denseVector(vector),
        payload: fieldsOf(payload),
      })),
    }));
    const upsert = (request: (typeof requests)[number]) => client.upsert(request);
    return await write(requests, upsert, ({ points }) => points.length);
  });
}

type Value =
  | { kind: { case: "stringValue"; value: string } }
  | { kind: { case: "boolValue"; value: boolean } }
  | { kind: { case: "integerValue"; value: bigint } }
  | { kind: { case: "doubleValue"; value: number } }
  | { kind: { case: "structValue"; value: { fields: Record<string, Value> } } };

function fieldsOf(payload: object): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [name, protoValue(value)]),
  );
}

function protoValue(value: unknown): Value {
  if (typeof value === "string") return { kind: { case: "stringValue", value } };
  if (typeof value === "boolean") return { kind: { case: "boolValue", value } };
  if (typeof value === "object" && value !== null)
    return { kind: { case: "structValue", value: { fields: fieldsOf(value) } } };
  return Number.isInteger(value)
    ? { kind: { case: "integerValue", value: BigInt(Number(value)) } }
    : { kind: { case: "doubleValue", value: Number(value) } };
}

async function again<Result>(call: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

/** One page: the ids, and where the next begins. */
interface Page {
  readonly ids: readonly string[];
  readonly next: string | undefined;
}

/** Points with payload and vectors, by the REST client; at most about `rowsMax`. */
export async function scrollRest(url: string, name: string, rowsMax: number): Promise<Measured> {
  const client = restClient(url);
  return await scroll(rowsMax, async (offset) => {
    const wanted = { limit: batchRows, offset, with_payload: true, with_vector: true };
    const { points, next_page_offset: next } = await again(() => client.scroll(name, wanted));
    return {
      ids: points.map(({ id }) => String(id)),
      next: typeof next === "string" ? next : undefined,
    };
  });
}

/** The same by the gRPC client. */
export async function scrollGrpc(url: string, name: string, rowsMax: number): Promise<Measured> {
  const client = grpcPoints(url);
  return await scroll(rowsMax, async (offset) => {
    const all = { withPayload: enabled, withVectors: enabled, limit: batchRows };
    const wanted = { collectionName: name, offset: idOf(offset), ...all };
    const { result, nextPageOffset: next } = await again(() => client.scroll(wanted));
    return {
      ids: result.map(({ id }) => String(id?.pointIdOptions.value)),
      next: next === undefined ? undefined : String(next.pointIdOptions.value),
    };
  });
}

/** Reads as many ranges of the ids as may be in flight, each page after page. */
async function scroll(rowsMax: number, read: (offset: string) => Promise<Page>): Promise<Measured> {
  const starts = Array.from({ length: inFlight }, (_, range) => {
    const byte = Math.floor((range * 256) / inFlight);
    return `${byte.toString(16).padStart(2, "0")}000000-0000-0000-0000-000000000000`;
  });
  let rows = 0;
  const readRange = async (start: string): Promise<number> => {
    const end = starts[starts.indexOf(start) + 1] ?? "g";
    let own = 0;
    for (let offset: string | undefined = start; offset !== undefined && offset < end; ) {
      const { ids, next }: Page = await read(offset);
      const inside = ids.filter((id) => id < end).length;
      own += inside;
      rows += inside;
      offset = rows < rowsMax ? next : undefined;
    }
    return own;
  };
  return await timed(() => each(starts, inFlight, readRange));
}
