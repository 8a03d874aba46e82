/**
 * Scroll.
 *
 *     ScrollPoints     1: collection   2: Filter   3: first PointId   4: limit   6: WithPayloadSelector   7: WithVectorsSelector
 *                      9: ShardKeySelector   10: OrderBy   11: timeout in seconds
 *     ScrollResponse   1: first PointId of the next page   2: RetrievedPoint, any number   3: seconds (double)
 */
import type {
  NamedPoints,
  PayloadSelector,
  PointFilter,
  PointPage,
  VectorSelector,
} from "./columns.ts";
import { readFilter, writeFilter } from "./filter.ts";
import { PayloadReader } from "./payload-reader.ts";
import { readPointId, readRequestedId, writePointId } from "./point-id.ts";
import { answerWriter, type Doubtful, PointsReader, writePoints } from "./points.ts";
import { Reader, Writer } from "./protobuf.ts";
import { notImplemented } from "./refusal.ts";
import { readPayloadSelector, readVectorSelector, writeSelector, writeShard } from "./selectors.ts";
import type { WantedVector } from "./vector-reader.ts";

export interface ScrollOptions {
  readonly limit: number;
  /** The first point of the page; null = from the beginning. */
  readonly from: string | null;
  readonly payload: boolean;
  readonly vectors: boolean;
  /** Default: all points. */
  readonly filter?: PointFilter | undefined;
  /** One shard that points were put into by hand, as JSON; default: all. */
  readonly shard?: string | undefined;
}

export function encodeScroll(collection: string, options: ScrollOptions): Buffer {
  const writer = new Writer();
  writer.string(1, collection);
  if (options.filter !== undefined) writeFilter(writer, 2, options.filter);
  if (options.from !== null) writePointId(writer, 3, options.from);
  writer.uint(4, options.limit);
  writeSelector(writer, 6, options.payload);
  writeSelector(writer, 7, options.vectors);
  if (options.shard !== undefined) writeShard(writer, 9, options.shard);
  return writer.finish();
}

/** undefined = the request does not say. */
export interface ScrollRequest {
  readonly collection: string;
  /** JSON text. */
  readonly filter: string | undefined;
  readonly offset: string | undefined;
  readonly limit: number | undefined;
  readonly withPayload: PayloadSelector | undefined;
  readonly withVector: VectorSelector | undefined;
  /** In seconds. */
  readonly timeout: number | undefined;
}

/** @throws SyntaxError, E_INPUT, E_NOT_SUPPORTED */
export function decodeScroll(message: Uint8Array): ScrollRequest {
  const reader = new Reader(message);
  let collection = "";
  let filter: string | undefined;
  let offset: string | undefined;
  let limit: number | undefined;
  let withPayload: PayloadSelector | undefined;
  let withVector: VectorSelector | undefined;
  let timeout: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) collection = reader.string();
    else if (tag === 18) filter = readFilter(reader);
    else if (tag === 26) offset = readRequestedId(reader);
    else if (tag === 32) limit = reader.varint();
    else if (tag === 50) withPayload = readPayloadSelector(reader);
    else if (tag === 58) withVector = readVectorSelector(reader);
    else if (tag === 88) timeout = reader.varint();
    else if (tag === 82) throw notImplemented("order_by");
    else reader.skip(tag);
  }
  return { collection, filter, offset, limit, withPayload, withVector, timeout };
}

/** `page.vectors` is empty where none were asked for. @throws E_STORAGE */
export function encodeScrollAnswer(
  page: NamedPoints & { readonly nextOffset: string | null },
  time: number,
): Buffer {
  const writer = answerWriter(page);
  if (page.nextOffset !== null) writePointId(writer, 1, page.nextOffset);
  writePoints(writer, 2, page);
  writer.double(3, time);
  return writer.finish();
}

/** The first point of the next page, which an answer begins with; undefined where it does not: then this page may be the last. @throws SyntaxError */
export function peekNext(message: Uint8Array): string | undefined {
  const reader = new Reader(message);
  return reader.more() && reader.tag() === 10 ? readPointId(reader) : undefined;
}

/** `wanted`: the vectors that were asked for. Where no payload was asked for, each is `{}`. @throws SyntaxError */
export function decodeScrollAnswer(
  message: Uint8Array,
  wanted: readonly WantedVector[],
): PointPage & Doubtful {
  const reader = new Reader(message);
  const read = new PointsReader(message, {
    field: 2,
    wanted,
    payloads: new PayloadReader(message.length),
  });
  let next: string | null = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 18) read.read(reader);
    else if (tag === 10) next = readPointId(reader);
    else reader.skip(tag);
  }
  const { points, vectors, payloads, doubtful } = read.columns();
  return { points, vectors, payloads, doubtful, next };
}
