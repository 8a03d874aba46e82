/**
 * Count.
 *
 *     CountPoints     1: collection   2: Filter   3: exact   6: timeout in seconds
 *     CountResponse   1: CountResult (1: count)   2: seconds (double)
 */
import type { PointFilter } from "./columns.ts";
import { readFilter, writeFilter } from "./filter.ts";
import { Reader, Writer } from "./protobuf.ts";

/** Exactly the points that fit; without a filter all. */
export function encodeCount(collection: string, filter?: PointFilter): Buffer {
  const writer = new Writer();
  writer.string(1, collection);
  if (filter !== undefined) writeFilter(writer, 2, filter);
  writer.uint(3, 1);
  return writer.finish();
}

export interface CountRequest {
  readonly collection: string;
  /** JSON text; undefined = all points. */
  readonly filter: string | undefined;
  /** True where the request does not say. */
  readonly exact: boolean;
  /** In seconds; undefined = it does not say. */
  readonly timeout: number | undefined;
}

/** @throws SyntaxError, E_INPUT, E_NOT_SUPPORTED */
export function decodeCount(message: Uint8Array): CountRequest {
  const reader = new Reader(message);
  let collection = "";
  let filter: string | undefined;
  let exact = true;
  let timeout: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) collection = reader.string();
    else if (tag === 18) filter = readFilter(reader);
    else if (tag === 24) exact = reader.flag();
    else if (tag === 48) timeout = reader.varint();
    else reader.skip(tag);
  }
  return { collection, filter, exact, timeout };
}

export function encodeCountAnswer(count: number, time: number): Buffer {
  const writer = new Writer();
  const result = writer.open(1);
  writer.uint(1, count);
  writer.close(result);
  writer.double(2, time);
  return writer.finish();
}

/** @throws SyntaxError */
export function decodeCountAnswer(message: Uint8Array): number {
  const reader = new Reader(message);
  let count = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== 10) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.open();
    while (reader.more()) {
      const inner = reader.tag();
      if (inner === 8) count = reader.varint();
      else reader.skip(inner);
    }
    reader.close(outer);
  }
  return count;
}
