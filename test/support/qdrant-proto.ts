/** The generated classes of Qdrant's own client, as the judge of our messages: both ways, and with fields that nobody knows. */
import {
  create,
  type DescMessage,
  fromBinary,
  isMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Value } from "@qdrant/js-client-grpc";
import type { JsonValue } from "../../src/util/json.ts";

/** A message's bytes as the official client writes them. */
export function bytesOf<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

/** A frame of ours as the official client reads it. */
export function messageOf<Desc extends DescMessage>(
  schema: Desc,
  frame: Uint8Array,
): MessageShape<Desc> {
  return fromBinary(schema, frame.subarray(5));
}

/** The same bytes with unknown fields of every wire type in every message of it. */
export function withUnknownFields<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  const message = create(schema, init);
  addUnknown(message);
  return toBinary(schema, message);
}

function addUnknown(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  for (const member of Object.values(value)) addUnknown(member);
  if (!isMessage(value)) return;
  const unknown: Message["$unknown"] = [
    {
      no: 9000,
      wireType: WireType.Varint,
      data: new BinaryWriter().uint64(2n ** 64n - 1n).finish(),
    },
    { no: 9001, wireType: WireType.Bit64, data: new BinaryWriter().double(1.5).finish() },
    { no: 9002, wireType: WireType.LengthDelimited, data: new BinaryWriter().string("?").finish() },
    { no: 9003, wireType: WireType.Bit32, data: new BinaryWriter().float(1.5).finish() },
  ];
  value.$unknown = unknown;
}

type ValueInit = Pick<Value, "kind">;

/** A value as the generated classes have it. */
function valueMessage(json: JsonValue): Value {
  return { ...(initOf(json) as object) } as Value;
}

function initOf(json: JsonValue): unknown {
  if (json === null) return { kind: { case: "nullValue", value: 0 } };
  if (typeof json === "bigint") return { kind: { case: "integerValue", value: json } };
  if (typeof json === "number") return { kind: { case: "doubleValue", value: json } };
  if (typeof json === "string") return { kind: { case: "stringValue", value: json } };
  if (typeof json === "boolean") return { kind: { case: "boolValue", value: json } };
  if (Array.isArray(json))
    return { kind: { case: "listValue", value: { values: json.map(initOf) } } };
  return { kind: { case: "structValue", value: { fields: fieldsOf(json) } } };
}

/** The map of a payload. */
export function fieldsOf(json: { [key: string]: JsonValue }): { [key: string]: Value } {
  return Object.fromEntries(
    Object.entries(json).map(([key, member]) => [key, valueMessage(member)]),
  );
}

/** A value of the generated classes as lossless JSON. */
function jsonOf({ kind }: ValueInit): JsonValue {
  switch (kind.case) {
    case "integerValue":
      return BigInt(kind.value);
    case "doubleValue":
    case "stringValue":
    case "boolValue":
      return kind.value;
    case "listValue":
      return kind.value.values.map(jsonOf);
    case "structValue":
      return payloadOf(kind.value.fields);
    default:
      return null;
  }
}

/** A map of the generated classes as lossless JSON. */
export function payloadOf(fields: { [key: string]: Value }): { [key: string]: JsonValue } {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, jsonOf(value)]));
}
