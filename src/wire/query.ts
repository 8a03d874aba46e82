/**
 * Query, and the older Search: points by their nearness to a vector.
 *
 *     QueryPoints     1: collection   2: prefetch   3: Query   4: using   5: Filter   6: params   7: score threshold (float)
 *                     8: limit   9: offset   10: WithVectorsSelector   11: WithPayloadSelector   14: lookup from
 *                     15: timeout in seconds
 *     SearchParams    1: size of the beam   2: exact (flag)   3: QuantizationSearchParams   4: indexed segments alone
 *     QuantizationSearchParams   1: ignore (flag)   2: rescore (flag)   3: oversampling (double)
 *     Query           1: nearest, a VectorInput   2 to 11: other kinds
 *     VectorInput     1: PointId   2: DenseVector   3: sparse   4: several vectors   5 to 7: what a model is to make one of
 *     SearchPoints    1: collection   2: floats   3: Filter   4: limit   6: WithPayloadSelector   7: params
 *                     8: score threshold (float)   9: offset   10: vector name   11: WithVectorsSelector   15: sparse indices
 *                     13: timeout in seconds
 *     QueryResponse   1: ScoredPoint, any number   2: seconds (double); SearchResponse is the same
 */
import type { PlainObject } from "../util/json.ts";
import type {
  NamedPoints,
  PayloadSelector,
  PlainPoints,
  PointFilter,
  ScoredPoints,
  VectorSelector,
} from "./columns.ts";
import { readFilter, writeFilter } from "./filter.ts";
import { PayloadReader } from "./payload-reader.ts";
import { PlainReader } from "./plain-reader.ts";
import { readRequestedId } from "./point-id.ts";
import {
  answerWriter,
  type Doubtful,
  type PayloadCollector,
  PointsReader,
  writePoints,
} from "./points.ts";
import { Reader, Writer } from "./protobuf.ts";
import { badInput, notImplemented } from "./refusal.ts";
import { readPayloadSelector, readVectorSelector, writePaths, writeSelector } from "./selectors.ts";
import { FloatSpan, type WantedVector } from "./vector-reader.ts";
import { writeDense } from "./vectors.ts";

export interface QueryOptions {
  readonly vector: Float32Array;
  readonly limit: number;
  /** Default: all points. */
  readonly filter?: PointFilter | undefined;
  /** true = compare with every point. Default: as the collection is configured. */
  readonly exact?: boolean;
  /** Times the limit that are taken from a quantized index and compared by their full vectors. Default: as the server has it. */
  readonly oversampling?: number | undefined;
  /** Payload paths that are wanted. Default: the whole payload. */
  readonly paths?: readonly string[];
  /** Default false. */
  readonly vectors?: boolean;
}

/** The nearest points with their payload. */
export function encodeQuery(collection: string, options: QueryOptions): Buffer {
  const writer = new Writer(256 + options.vector.byteLength);
  writer.string(1, collection);
  const query = writer.open(3);
  const nearest = writer.open(1);
  writeDense(writer, 2, options.vector);
  writer.close(nearest);
  writer.close(query);
  if (options.filter !== undefined) writeFilter(writer, 5, options.filter);
  writeParams(writer, options);
  writer.uint(8, options.limit);
  if (options.vectors === true) writeSelector(writer, 10, true);
  if (options.paths === undefined) writeSelector(writer, 11, true);
  else writePaths(writer, 11, options.paths);
  return writer.finish();
}

function writeParams(writer: Writer, { exact, oversampling }: QueryOptions): void {
  if (exact !== true && oversampling === undefined) return;
  const params = writer.open(6);
  if (exact === true) writer.uint(2, 1);
  if (oversampling !== undefined) {
    const quantization = writer.open(3);
    writer.uint(2, 1);
    writer.double(3, oversampling);
    writer.close(quantization);
  }
  writer.close(params);
}

/** undefined = the request does not say. */
export interface QueryRequest {
  readonly collection: string;
  /** What to search near; null = nothing: points in the order of their ids. */
  readonly nearest: { readonly vector: Float32Array } | { readonly id: string } | null;
  /** The vector's name, '' for the unnamed one. */
  readonly using: string;
  /** JSON text. */
  readonly filter: string | undefined;
  readonly limit: number | undefined;
  readonly offset: number;
  readonly scoreThreshold: number | undefined;
  readonly withPayload: PayloadSelector | undefined;
  readonly withVector: VectorSelector | undefined;
  /** In seconds. */
  readonly timeout: number | undefined;
}

type Draft = { -readonly [Field in keyof QueryRequest]: QueryRequest[Field] };

function emptyDraft(): Draft {
  return {
    collection: "",
    nearest: null,
    using: "",
    filter: undefined,
    limit: undefined,
    offset: 0,
    scoreThreshold: undefined,
    withPayload: undefined,
    withVector: undefined,
    timeout: undefined,
  };
}

/** @throws SyntaxError, E_INPUT, E_NOT_SUPPORTED */
export function decodeQuery(message: Uint8Array): QueryRequest {
  const reader = new Reader(message);
  const draft = emptyDraft();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) draft.collection = reader.string();
    else if (tag === 18) throw notImplemented("prefetch");
    else if (tag === 26) draft.nearest = readQuery(reader);
    else if (tag === 34) draft.using = reader.string();
    else if (tag === 42) draft.filter = readFilter(reader);
    else if (tag === 61) draft.scoreThreshold = reader.float();
    else if (tag === 64) draft.limit = reader.varint();
    else if (tag === 72) draft.offset = reader.varint();
    else if (tag === 82) draft.withVector = readVectorSelector(reader);
    else if (tag === 90) draft.withPayload = readPayloadSelector(reader);
    else if (tag === 114) throw notImplemented("lookup_from");
    else if (tag === 120) draft.timeout = reader.varint();
    else reader.skip(tag);
  }
  return draft;
}

/** In the order of their field numbers, from 2 on. */
const otherQueries = [
  "recommend",
  "discover",
  "context",
  "order_by",
  "fusion",
  "sample",
  "formula",
  "mmr",
  "rrf",
  "relevance_feedback",
];

function readQuery(reader: Reader): QueryRequest["nearest"] {
  const outer = reader.open();
  let nearest: QueryRequest["nearest"] = null;
  while (reader.more()) {
    const tag = reader.tag();
    const other = otherQueries[Math.floor(tag / 8) - 2];
    if (other !== undefined) throw notImplemented(`the query \`${other}\``);
    if (tag === 10) nearest = readInput(reader);
    else reader.skip(tag);
  }
  reader.close(outer);
  if (nearest === null) throw badInput("Query is missing");
  return nearest;
}

function readInput(reader: Reader): QueryRequest["nearest"] {
  const outer = reader.open();
  let nearest: QueryRequest["nearest"] = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) nearest = { id: readRequestedId(reader) };
    else if (tag === 18) {
      const span = new FloatSpan();
      span.readDense(reader);
      nearest = { vector: span.toArray() };
    } else if (tag === 26) throw notImplemented("sparse vectors");
    else if (tag === 34) throw notImplemented("multivectors");
    else if (tag === 42 || tag === 50 || tag === 58) throw notImplemented("inference");
    else reader.skip(tag);
  }
  reader.close(outer);
  if (nearest === null) throw badInput("VectorInput is missing");
  return nearest;
}

/** @throws SyntaxError, E_INPUT, E_NOT_SUPPORTED */
export function decodeSearch(message: Uint8Array): QueryRequest {
  const reader = new Reader(message);
  const draft = emptyDraft();
  const span = new FloatSpan();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) draft.collection = reader.string();
    else if (tag === 18 || tag === 21) span.add(reader, tag);
    else if (tag === 26) draft.filter = readFilter(reader);
    else if (tag === 32) draft.limit = reader.varint();
    else if (tag === 50) draft.withPayload = readPayloadSelector(reader);
    else if (tag === 69) draft.scoreThreshold = reader.float();
    else if (tag === 72) draft.offset = reader.varint();
    else if (tag === 82) draft.using = reader.string();
    else if (tag === 90) draft.withVector = readVectorSelector(reader);
    else if (tag === 104) draft.timeout = reader.varint();
    else if (tag === 122) throw notImplemented("sparse vectors");
    else reader.skip(tag);
  }
  draft.nearest = { vector: span.toArray() };
  return draft;
}

/** `points.vectors` is empty where none were asked for. @throws E_STORAGE */
export function encodeQueryAnswer(
  points: NamedPoints & { readonly scores: ArrayLike<number> },
  time: number,
): Buffer {
  const writer = answerWriter(points);
  writePoints(writer, 1, points);
  writer.double(2, time);
  return writer.finish();
}

/** `wanted`: the vectors that were asked for. @throws SyntaxError */
export function decodeQueryAnswer(
  message: Uint8Array,
  wanted: readonly WantedVector[] = [],
): ScoredPoints & Doubtful {
  return readAnswer(message, wanted, new PayloadReader(message.length));
}

/**
 * The same with what `read` makes of its decoded payloads; null where gRPC leaves one of their numbers open, or `read` gives
 * null for one: then the text says more. @throws SyntaxError
 */
export function decodePlainAnswer<Value>(
  message: Uint8Array,
  wanted: readonly WantedVector[],
  read: (payload: PlainObject) => Value | null,
): PlainPoints<Value> | null {
  const { payloads, doubtful, ...found } = readAnswer(message, wanted, new PlainReader());
  if (doubtful.length > 0) return null;
  const plain: Value[] = [];
  for (const payload of payloads) {
    const value = read(payload);
    if (value === null) return null;
    plain.push(value);
  }
  return { ...found, plain };
}

function readAnswer<Payload>(
  message: Uint8Array,
  wanted: readonly WantedVector[],
  payloads: PayloadCollector<Payload>,
) {
  const reader = new Reader(message);
  const read = new PointsReader(message, { field: 1, wanted, payloads, scored: true });
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) read.read(reader);
    else reader.skip(tag);
  }
  return read.columns();
}
