/**
 * Messages of settings: few, large and cold. Each is a table of its fields under the names of Qdrant's REST API, and goes to
 * and from JSON by it. Members that a table has not are passed over, as Qdrant does.
 */
import { type JsonValue, parseLossless, setOwn, stringifyLossless } from "../util/json.ts";
import { PayloadReader } from "./payload-reader.ts";
import { NotCarriedError, PayloadWriter } from "./payload-writer.ts";
import { garbled, type Reader, type Writer } from "./protobuf.ts";
import { badInput } from "./refusal.ts";

export interface JsonMap {
  [key: string]: JsonValue;
}

/** How a field is carried. An enumeration's names stand in the order of their numbers; '' is one that is not said in JSON. */
export type Kind =
  | "uint"
  | "flag"
  | "float"
  | "double"
  | "text"
  | "texts"
  /** map<string, Value>. */
  | "values"
  | { readonly names: readonly string[] }
  | { readonly message: Fields }
  | { readonly map: Fields }
  | { readonly list: Fields };

export interface Field {
  readonly number: number;
  readonly kind: Kind;
  /** Zero is not sent, and absent means zero. */
  readonly plain?: true;
  /** Where JSON has another shape than the message. */
  readonly toMessage?: (value: JsonValue) => JsonValue;
  readonly toJson?: (value: JsonMap) => JsonValue | undefined;
}

export interface Fields {
  readonly [name: string]: Field;
}

/** Settings within one another. */
const depthMax = 16;

export function isMap(value: JsonValue | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Writes the members of `value` that `fields` has. @throws E_INPUT where one is of another type */
export function writeFields(writer: Writer, fields: Fields, value: JsonMap): void {
  for (const [name, field] of Object.entries(fields)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined || given === null) continue;
    const member = field.toMessage === undefined ? given : field.toMessage(given);
    if (!writeField(writer, field, member)) {
      throw badInput(`Wrong input: ${name}: ${stringifyLossless(given).slice(0, 60)}`);
    }
  }
}

/** False where `value` is not of the field's kind. */
function writeField(writer: Writer, field: Field, value: JsonValue): boolean {
  const { number, kind, plain = false } = field;
  if (typeof kind === "object") return writeComposite(writer, field, value);
  if (kind === "values") return writeValues(writer, number, value);
  if (kind === "flag") {
    if (typeof value !== "boolean") return false;
    if (value || !plain) writer.uint(number, value ? 1 : 0);
    return true;
  }
  if (kind === "text") {
    if (typeof value !== "string") return false;
    if (value !== "" || !plain) writer.string(number, value);
    return true;
  }
  if (kind === "texts") {
    if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) return false;
    for (const each of value) writer.string(number, each);
    return true;
  }
  if (typeof value !== "number" && typeof value !== "bigint") return false;
  const amount = Number(value);
  if (kind === "float") writer.float(number, amount);
  else if (kind === "double") writer.double(number, amount);
  else return writeNatural(writer, field, value);
  return true;
}

function writeNatural(writer: Writer, field: Field, value: number | bigint): boolean {
  if (value < 0 || value > 2n ** 64n - 1n || !Number.isInteger(Number(value))) return false;
  if (field.plain === true && Number(value) === 0) return true;
  writer.varint(field.number * 8);
  writer.varint64(BigInt(value));
  return true;
}

function writeComposite(writer: Writer, { number, kind, plain }: Field, value: JsonValue): boolean {
  if (typeof kind !== "object") return false;
  if ("names" in kind) {
    const index = typeof value === "string" && value !== "" ? kind.names.indexOf(value) : -1;
    if (index > 0 || plain !== true) writer.uint(number, Math.max(index, 0));
    return index >= 0;
  }
  if ("list" in kind) {
    if (!Array.isArray(value) || !value.every(isMap)) return false;
    for (const each of value) writeMessage(writer, number, kind.list, each);
    return true;
  }
  if (!isMap(value)) return false;
  if ("message" in kind) {
    writeMessage(writer, number, kind.message, value);
    return true;
  }
  for (const [key, member] of Object.entries(value)) {
    if (!isMap(member)) return false;
    const entry = writer.open(number);
    writer.string(1, key);
    writeMessage(writer, 2, kind.map, member);
    writer.close(entry);
  }
  return true;
}

function writeMessage(writer: Writer, number: number, fields: Fields, value: JsonMap): void {
  const message = writer.open(number);
  writeFields(writer, fields, value);
  writer.close(message);
}

function writeValues(writer: Writer, number: number, value: JsonValue): boolean {
  if (!isMap(value)) return false;
  try {
    new PayloadWriter(writer, false).write(stringifyLossless(value), number);
    return true;
  } catch (error) {
    if (error instanceof NotCarriedError) return false;
    throw error;
  }
}

/** The fields of the message that is open, under their names in JSON. @throws SyntaxError */
export function readFields(reader: Reader, fields: Fields, depth = 0): JsonMap {
  if (depth > depthMax) throw garbled("settings nested too deep", reader.at);
  const byNumber = new Map(Object.entries(fields).map((entry) => [entry[1].number, entry]));
  const value: JsonMap = {};
  for (const [name, { kind, plain }] of Object.entries(fields)) {
    const zero = plain === true ? zeroOf(kind) : undefined;
    if (zero !== undefined) value[name] = zero;
  }
  while (reader.more()) {
    const tag = reader.tag();
    const [name, field] = byNumber.get(Math.floor(tag / 8)) ?? [];
    if (name === undefined || field === undefined || tag % 8 !== wireType(field.kind)) {
      reader.skip(tag);
      continue;
    }
    const member = readField(reader, field.kind, value[name], depth);
    const json = field.toJson !== undefined && isMap(member) ? field.toJson(member) : member;
    if (json !== undefined) setOwn(value, name, json);
  }
  return value;
}

function wireType(kind: Kind): number {
  if (kind === "uint" || kind === "flag") return 0;
  if (kind === "double") return 1;
  if (kind === "float") return 5;
  return typeof kind === "object" && "names" in kind ? 0 : 2;
}

function zeroOf(kind: Kind): JsonValue | undefined {
  if (kind === "uint") return 0n;
  if (kind === "flag") return false;
  if (kind === "text") return "";
  if (kind === "texts") return [];
  if (typeof kind !== "object") return undefined;
  if ("names" in kind) return kind.names[0] === "" ? undefined : kind.names[0];
  return "map" in kind ? {} : undefined;
}

function readField(
  reader: Reader,
  kind: Kind,
  before: JsonValue | undefined,
  depth: number,
): JsonValue | undefined {
  switch (kind) {
    case "uint":
      return BigInt(reader.uint64Text());
    case "flag":
      return reader.flag();
    case "float":
      return shortFloat(finite(reader.float()));
    case "double":
      return finite(reader.double());
    case "text":
      return reader.string();
    case "texts":
      return [...(Array.isArray(before) ? before : []), reader.string()];
    case "values":
      return { ...(isMap(before) ? before : {}), ...readEntry(reader) };
    default:
      return readComposite(reader, kind, before, depth);
  }
}

function readComposite(
  reader: Reader,
  kind: Exclude<Kind, string>,
  before: JsonValue | undefined,
  depth: number,
): JsonValue | undefined {
  if ("names" in kind) {
    const name = kind.names[reader.varint()];
    return name === "" ? undefined : name;
  }
  if ("message" in kind) return readMessage(reader, kind.message, depth);
  if ("list" in kind) {
    return [...(Array.isArray(before) ? before : []), readMessage(reader, kind.list, depth)];
  }
  const map = isMap(before) ? before : {};
  const outer = reader.open();
  let key = "";
  let member: JsonMap = {};
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) key = reader.string();
    else if (tag === 18) member = readMessage(reader, kind.map, depth);
    else reader.skip(tag);
  }
  reader.close(outer);
  setOwn(map, key, member);
  return map;
}

function readMessage(reader: Reader, fields: Fields, depth: number): JsonMap {
  const outer = reader.open();
  const value = readFields(reader, fields, depth + 1);
  reader.close(outer);
  return value;
}

/** An entry of map<string, Value> as an object of its own. */
function readEntry(reader: Reader): JsonMap {
  const payload = new PayloadReader();
  payload.begin();
  payload.entry(reader);
  payload.end(reader);
  const entry = parseLossless(payload.all()[0] ?? "{}");
  return isMap(entry) ? entry : {};
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw badInput("cannot convert to json number");
  return value;
}

/** The number with the fewest digits that is this float32. */
function shortFloat(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
