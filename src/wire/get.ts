/**
 * Get: points by id.
 *
 *     GetPoints     1: collection   2: PointId, any number   4: WithPayloadSelector   5: WithVectorsSelector   7: ShardKeySelector
 *                   8: timeout in seconds
 *     GetResponse   1: RetrievedPoint, any number   2: seconds (double)
 */
import type { NamedPoints, PayloadSelector, PointColumns, VectorSelector } from "./columns.ts";
import { PayloadReader } from "./payload-reader.ts";
import { readRequestedId, writePointId } from "./point-id.ts";
import { answerWriter, type Doubtful, PointsReader, writePoints } from "./points.ts";
import { Reader, Writer } from "./protobuf.ts";
import { readPayloadSelector, readVectorSelector, writeSelector, writeShard } from "./selectors.ts";
import type { WantedVector } from "./vector-reader.ts";

/** Bytes of an id in a request, about. */
const idBytes = 42;

export function encodeGet(
  collection: string,
  points: readonly string[],
  wanted: {
    readonly payload: boolean;
    readonly vectors: boolean;
    /** One shard that points were put into by hand, as JSON; default: all. */
    readonly shard?: string | undefined;
  },
): Buffer {
  const writer = new Writer(256 + points.length * idBytes);
  writer.string(1, collection);
  for (const point of points) writePointId(writer, 2, point);
  writeSelector(writer, 4, wanted.payload);
  writeSelector(writer, 5, wanted.vectors);
  if (wanted.shard !== undefined) writeShard(writer, 7, wanted.shard);
  return writer.finish();
}

/** undefined = the request does not say. */
export interface GetRequest {
  readonly collection: string;
  readonly ids: string[];
  readonly withPayload: PayloadSelector | undefined;
  readonly withVector: VectorSelector | undefined;
  /** In seconds. */
  readonly timeout: number | undefined;
}

/** @throws SyntaxError, E_INPUT */
export function decodeGet(message: Uint8Array): GetRequest {
  const reader = new Reader(message);
  let collection = "";
  const ids: string[] = [];
  let withPayload: PayloadSelector | undefined;
  let withVector: VectorSelector | undefined;
  let timeout: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) collection = reader.string();
    else if (tag === 18) ids.push(readRequestedId(reader));
    else if (tag === 34) withPayload = readPayloadSelector(reader);
    else if (tag === 42) withVector = readVectorSelector(reader);
    else if (tag === 64) timeout = reader.varint();
    else reader.skip(tag);
  }
  return { collection, ids, withPayload, withVector, timeout };
}

/** `points.vectors` is empty where none were asked for. @throws E_STORAGE */
export function encodeGetAnswer(points: NamedPoints, time: number): Buffer {
  const writer = answerWriter(points);
  writePoints(writer, 1, points);
  writer.double(2, time);
  return writer.finish();
}

/** `wanted`: the vectors that were asked for. Where no payload was asked for, each is `{}`. @throws SyntaxError */
export function decodeGetAnswer(
  message: Uint8Array,
  wanted: readonly WantedVector[],
): PointColumns & Doubtful {
  const reader = new Reader(message);
  const read = new PointsReader(message, {
    field: 1,
    wanted,
    payloads: new PayloadReader(message.length),
  });
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) read.read(reader);
    else reader.skip(tag);
  }
  const { points, vectors, payloads, doubtful } = read.columns();
  return { points, vectors, payloads, doubtful };
}
