/**
 * Payload indexes.
 *
 *     CreateFieldIndexCollection   1: collection   2: wait   3: path   4: type   5: PayloadIndexParams, see `indexCreation`
 *                                  7: timeout in seconds
 *     DeleteFieldIndexCollection   1: collection   2: wait   3: path   5: timeout in seconds
 */
import { stringifyLossless } from "../util/json.ts";
import { indexCreation } from "./collection-fields.ts";
import { Reader } from "./protobuf.ts";
import { badInput } from "./refusal.ts";
import { isMap, readFields } from "./settings.ts";

export interface IndexRequest {
  readonly collection: string;
  /** The field's. */
  readonly path: string;
  /** Whether the answer is to wait for the change. */
  readonly wait: boolean;
  /** In seconds; undefined = it does not say. */
  readonly timeout: number | undefined;
}

/** `schema`: the type's name, or JSON text of an object with its parameters. @throws SyntaxError, E_INPUT (no type, or parameters of another one) */
export function decodeIndexCreation(
  message: Uint8Array,
): IndexRequest & { readonly schema: string } {
  const request = readFields(new Reader(message), indexCreation);
  const { collection, path, wait, type, params, timeout } = request;
  if (typeof type !== "string") throw badInput("cannot convert field_type");
  if (isMap(params) && params["type"] !== type) {
    const name = type[0]?.toUpperCase() + type.slice(1);
    throw badInput(`field_type (${name}) and field_index_params do not match`);
  }
  if (type === "text" && isMap(params) && params["tokenizer"] === undefined)
    throw badInput("unknown tokenizer type");
  return {
    collection: String(collection),
    path: String(path),
    wait: wait === true,
    timeout: timeout === undefined ? undefined : Number(timeout),
    schema: params === undefined ? type : stringifyLossless(params),
  };
}

/** @throws SyntaxError */
export function decodeIndexRemoval(message: Uint8Array): IndexRequest {
  const reader = new Reader(message);
  let collection = "";
  let path = "";
  let wait = false;
  let timeout: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) collection = reader.string();
    else if (tag === 16) wait = reader.flag();
    else if (tag === 26) path = reader.string();
    else if (tag === 40) timeout = reader.varint();
    else reader.skip(tag);
  }
  return { collection, path, wait, timeout };
}
