/**
 * Reads records by id, whatever single records do to the answer: a server may answer 500 for a page because of one record,
 * or leave out the vectors it lacks and shift the rest. Such a page is asked for in halves until the record stands alone.
 */
import { isVectorError, type VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { ReadOptions, ReadResult } from "../../store/port.ts";
import { type CollectionCalls, isUnclear } from "./calls.ts";
import { statusOf } from "./client.ts";
import { noVector, RecordCollector } from "./collector.ts";
import { isAligned, parsePage, type RecordPage } from "./page.ts";
import type { RecordSize } from "./record-size.ts";

interface Reading {
  readonly calls: CollectionCalls;
  readonly collection: CollectionInfo;
  readonly collector: RecordCollector;
  readonly vectors: boolean;
  readonly size: RecordSize;
  readonly signal: AbortSignal | undefined;
}

/** `size`: records a request. @throws E_COLLECTION_NOT_FOUND; E_SERVER when the server can answer no record of the collection */
export async function readRecords(
  calls: CollectionCalls,
  collection: CollectionInfo,
  keys: readonly string[],
  options: ReadOptions,
  size: RecordSize,
): Promise<ReadResult> {
  const { vectors = true, signal } = options;
  const unique = [...new Set(keys)];
  const collector = new RecordCollector(unique, collection.dimension);
  const reading: Reading = { calls, collection, collector, vectors, size, signal };
  for (let at = 0; at < unique.length; ) {
    const ids = unique.slice(at, at + size.rows(collection, vectors));
    at += ids.length;
    await carry(reading, ids, await askTwice(reading, ids));
  }
  return collector.result(vectors);
}

/** Takes over a page; without a usable one, asks for its halves. */
async function carry(
  reading: Reading,
  ids: readonly string[],
  page: RecordPage | null,
): Promise<void> {
  if (page !== null && isAligned(page)) {
    reading.collector.add(page);
    return;
  }
  const [first] = ids;
  if (ids.length === 1 && first !== undefined) {
    await carryAlone(reading, first, page);
    return;
  }
  const middle = ids.length >> 1;
  for (const half of [ids.slice(0, middle), ids.slice(middle)]) {
    await carry(reading, half, await ask(reading, half));
  }
}

/** The end of all halving: one record that has no vector, or that the server cannot answer. */
async function carryAlone(reading: Reading, id: string, page: RecordPage | null): Promise<void> {
  const { collector } = reading;
  const again = page ?? (await askTwice(reading, [id]));
  if (again !== null && isAligned(again)) collector.add(again);
  else if (again?.embeddings?.rows === 0) collector.fail(noVector(id));
  else await carryUnanswerable(reading, id);
}

async function carryUnanswerable(reading: Reading, id: string): Promise<void> {
  const bare = await ask({ ...reading, vectors: false }, [id]);
  if (bare?.ids.length === 0) return;
  const what = bare === null ? "this record" : "this record's vector";
  reading.collector.fail({
    id,
    reason: "unanswerable",
    detail: `The server cannot answer ${what}.`,
  });
}

/** One request; null = the server cannot answer these records together. */
async function ask(reading: Reading, ids: readonly string[]): Promise<RecordPage | null> {
  try {
    return await request(reading, ids);
  } catch (error) {
    if (isVectorError(error) && (isUnclear(error) || isTooLarge(error))) return null;
    if (reading.size.isRefused(error, ids.length)) return null;
    throw error;
  }
}

/** The same, but asked again once it is sure that the server can answer anything at all. */
async function askTwice(reading: Reading, ids: readonly string[]): Promise<RecordPage | null> {
  try {
    return await request(reading, ids);
  } catch (error) {
    if (!isVectorError(error)) throw error;
    if (isTooLarge(error) || reading.size.isRefused(error, ids.length)) return null;
    if (!isUnclear(error)) throw error;
    await reading.calls.settle(reading.collection, reading.signal);
    return ask(reading, ids);
  }
}

async function request(reading: Reading, ids: readonly string[]): Promise<RecordPage> {
  const include = ["documents", "metadatas", "uris", ...(reading.vectors ? ["embeddings"] : [])];
  const { collection, vectors, size } = reading;
  const shape = vectors ? { rowsMax: ids.length, dimension: collection.dimension ?? 0 } : null;
  const parse = (bytes: Buffer): RecordPage => {
    const page = parsePage(bytes, shape);
    size.learn(collection, vectors, page.ids.length, bytes.length);
    return page;
  };
  return reading.calls.once(
    reading.collection,
    { verb: "get", body: { ids, include }, parse },
    reading.signal,
  );
}

/** An answer larger than we take, or larger than a proxy lets pass. */
function isTooLarge(error: VectorError): boolean {
  return error.details["tooLarge"] === true || statusOf(error) === 413;
}
