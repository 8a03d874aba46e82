/**
 * Collections: made, described, listed, deleted.
 *
 *     CreateCollection                                              1: name   4 to 18: see `creation`
 *     GetCollectionInfoRequest, CollectionExistsRequest, DeleteCollection   1: name
 *     DeleteCollection                                              2: timeout in seconds
 *     GetCollectionInfoResponse                                     1: CollectionInfo, see `description`   2: seconds (double)
 *     CollectionExistsResponse                                      1: CollectionExists (1: flag)   2: seconds
 *     ListCollectionsResponse                                       1: CollectionDescription (1: name), any number   2: seconds
 *     CollectionOperationResponse                                   1: flag   2: seconds
 */
import { parseLossless, stringifyLossless } from "../util/json.ts";
import { creation, description } from "./collection-fields.ts";
import { Reader, Writer } from "./protobuf.ts";
import { badInput } from "./refusal.ts";
import { readTexts } from "./selectors.ts";
import { type Fields, isMap, type JsonMap, readFields, writeFields } from "./settings.ts";

/** A request that says nothing: the list of collections, the health check. */
export function encodeEmpty(): Buffer {
  return new Writer(0).finish();
}

/** A request that names a collection: for its description, for its peers. */
export function encodeName(collection: string): Buffer {
  const writer = new Writer();
  writer.string(1, collection);
  return writer.finish();
}

/** @throws SyntaxError */
export function decodeName(message: Uint8Array): string {
  const reader = new Reader(message);
  let name = "";
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) name = reader.string();
    else reader.skip(tag);
  }
  return name;
}

/** `timeout`: in seconds; undefined = it does not say. @throws SyntaxError */
export function decodeRemoval(message: Uint8Array): {
  readonly collection: string;
  readonly timeout: number | undefined;
} {
  const reader = new Reader(message);
  let timeout: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 16) timeout = reader.varint();
    else reader.skip(tag);
  }
  return { collection: decodeName(message), timeout };
}

/** `config`: JSON text of the body of `PUT /collections/{name}`. @throws SyntaxError, E_INPUT */
export function decodeCreate(message: Uint8Array): {
  readonly collection: string;
  readonly config: string;
} {
  const fields: Fields = { ...creation, collection: { number: 1, kind: "text" } };
  const { collection, ...config } = readFields(new Reader(message), fields);
  return {
    collection: typeof collection === "string" ? collection : "",
    config: stringifyLossless(config),
  };
}

/** `text`: the `result` of `GET /collections/{name}`. @throws E_INPUT, SyntaxError where it is no JSON */
export function encodeDescription(text: string, time: number): Buffer {
  const writer = new Writer(2048);
  const info = writer.open(1);
  writeFields(writer, description, mapOf(text));
  writer.close(info);
  writer.double(2, time);
  return writer.finish();
}

/** The `result` of `GET /collections/{name}` as JSON text; what is null there is left out. @throws SyntaxError */
export function decodeDescription(message: Uint8Array): string {
  const fields: Fields = { result: { number: 1, kind: { message: description } } };
  const { result } = readFields(new Reader(message), fields);
  if (!isMap(result)) throw new SyntaxError("a description of a collection without content");
  return stringifyLossless(result);
}

function mapOf(text: string): JsonMap {
  const value = parseLossless(text);
  if (!isMap(value)) throw badInput("Format error in JSON body: expected an object");
  return value;
}

/** Whether a collection was made, or deleted. */
export function encodeDone(result: boolean, time: number): Buffer {
  const writer = new Writer();
  if (result) writer.uint(1, 1);
  writer.double(2, time);
  return writer.finish();
}

export function encodeExists(exists: boolean, time: number): Buffer {
  const writer = new Writer();
  const result = writer.open(1);
  if (exists) writer.uint(1, 1);
  writer.close(result);
  writer.double(2, time);
  return writer.finish();
}

export function encodeList(names: readonly string[], time: number): Buffer {
  const writer = new Writer();
  for (const name of names) {
    const collection = writer.open(1);
    writer.string(1, name);
    writer.close(collection);
  }
  writer.double(2, time);
  return writer.finish();
}

/** @throws SyntaxError */
export function decodeList(message: Uint8Array): string[] {
  const reader = new Reader(message);
  const names: string[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) names.push(readTexts(reader).at(-1) ?? "");
    else reader.skip(tag);
  }
  return names;
}
