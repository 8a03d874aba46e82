/**
 * Filters: those that the store asks with go out, any comes in as the JSON that Qdrant's REST API takes.
 *
 *     Filter           1: should   2: must   3: must_not (Condition, any number)   4: min_should (1: Condition, any number  2: count)
 *     Condition        1: FieldCondition   2: is empty (1: key)   3: ids (1: PointId, any number)   4: Filter
 *                      5: is null (1: key)   6: nested (1: key  2: Filter)   7: has vector (1: name)
 *     FieldCondition   1: key   2: Match   3: Range   4, 5, 7: places   6: count of values   8: range of dates   9: is empty   10: is null
 *     Match            1: text   2: int64   3: flag   4: words   5, 8: texts, none of them   6, 7: int64s, none of them
 *                      9: phrase   10: any of the words
 *     Range            1: lt   2: gt   3: gte   4: lte
 */
import type { NumberRange, PointCondition, PointFilter } from "./columns.ts";
import { readRequestedIds, writePointId } from "./point-id.ts";
import { garbled, type Reader, type Writer } from "./protobuf.ts";
import { badInput, notImplemented } from "./refusal.ts";
import { readTexts } from "./selectors.ts";

const depthMax = 64;

/** A Filter at `field`. */
export function writeFilter(writer: Writer, field: number, filter: PointFilter): void {
  const outer = writer.open(field);
  writeConditions(writer, 1, filter.should);
  writeConditions(writer, 2, filter.must);
  writeConditions(writer, 3, filter.must_not);
  writer.close(outer);
}

function writeConditions(
  writer: Writer,
  field: number,
  conditions: readonly PointCondition[] = [],
): void {
  for (const condition of conditions) {
    const outer = writer.open(field);
    writeCondition(writer, condition);
    writer.close(outer);
  }
}

function writeCondition(writer: Writer, condition: PointCondition): void {
  if ("key" in condition) {
    const field = writer.open(1);
    writer.string(1, condition.key);
    if ("range" in condition) writeRange(writer, condition.range);
    else {
      const match = writer.open(2);
      if ("any" in condition.match) writeTexts(writer, 5, condition.match.any);
      else writeValue(writer, condition.match.value);
      writer.close(match);
    }
    writer.close(field);
  } else if ("is_empty" in condition) writeTexts(writer, 2, [condition.is_empty.key]);
  else if ("has_id" in condition) {
    const ids = writer.open(3);
    for (const id of condition.has_id) writePointId(writer, 1, id);
    writer.close(ids);
  } else writeFilter(writer, 4, condition);
}

/** A message at `field` whose field 1 is text, any number. */
function writeTexts(writer: Writer, field: number, texts: readonly string[]): void {
  const outer = writer.open(field);
  for (const text of texts) writer.string(1, text);
  writer.close(outer);
}

function writeRange(writer: Writer, range: NumberRange): void {
  const outer = writer.open(3);
  for (const [index, bound] of bounds.entries()) {
    const value = range[bound];
    if (value !== undefined) writer.double(index + 1, value);
  }
  writer.close(outer);
}

function writeValue(writer: Writer, value: string | bigint | boolean): void {
  if (typeof value === "string") writer.string(1, value);
  else if (typeof value === "boolean") writer.uint(3, value ? 1 : 0);
  else {
    writer.varint(2 * 8);
    writer.varint64(value);
  }
}

/** The Filter whose length comes next, as JSON text. @throws SyntaxError, E_INPUT, E_NOT_SUPPORTED (conditions on places) */
export function readFilter(reader: Reader, depth = 0): string {
  if (depth > depthMax) throw garbled("filters nested too deep", reader.at);
  const outer = reader.open();
  const lists: Record<"should" | "must" | "must_not", string[]> = {
    should: [],
    must: [],
    must_not: [],
  };
  let minShould: string | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) lists.should.push(readCondition(reader, depth));
    else if (tag === 18) lists.must.push(readCondition(reader, depth));
    else if (tag === 26) lists.must_not.push(readCondition(reader, depth));
    else if (tag === 34) minShould = readMinShould(reader, depth);
    else reader.skip(tag);
  }
  reader.close(outer);
  const members = Object.entries(lists)
    .filter(([, conditions]) => conditions.length > 0)
    .map(([name, conditions]) => `"${name}":[${conditions.join(",")}]`);
  if (minShould !== undefined) members.push(`"min_should":${minShould}`);
  return `{${members.join(",")}}`;
}

function readMinShould(reader: Reader, depth: number): string {
  const outer = reader.open();
  const conditions: string[] = [];
  let count = "0";
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) conditions.push(readCondition(reader, depth));
    else if (tag === 16) count = reader.uint64Text();
    else reader.skip(tag);
  }
  reader.close(outer);
  return `{"conditions":[${conditions.join(",")}],"min_count":${count}}`;
}

function readCondition(reader: Reader, depth: number): string {
  const outer = reader.open();
  let condition: string | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) condition = readField(reader);
    else if (tag === 18) condition = `{"is_empty":{"key":${readText(reader)}}}`;
    else if (tag === 26) condition = `{"has_id":[${readIds(reader).join(",")}]}`;
    else if (tag === 34) condition = readFilter(reader, depth + 1);
    else if (tag === 42) condition = `{"is_null":{"key":${readText(reader)}}}`;
    else if (tag === 50) condition = readNested(reader, depth);
    else if (tag === 58) condition = `{"has_vector":${readText(reader)}}`;
    else reader.skip(tag);
  }
  reader.close(outer);
  if (condition === undefined) throw badInput("Malformed Condition type");
  return condition;
}

/** JSON text of field 1 of the message that comes next. */
function readText(reader: Reader): string {
  return JSON.stringify(readTexts(reader).at(-1) ?? "");
}

function readIds(reader: Reader): string[] {
  return readRequestedIds(reader).map((id) => (id.length === 36 ? `"${id}"` : id));
}

function readNested(reader: Reader, depth: number): string {
  const outer = reader.open();
  let key = "";
  let filter: string | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) key = reader.string();
    else if (tag === 18) filter = readFilter(reader, depth + 1);
    else reader.skip(tag);
  }
  reader.close(outer);
  if (filter === undefined) throw badInput("Nested condition must have a filter");
  return `{"nested":{"key":${JSON.stringify(key)},"filter":${filter}}}`;
}

function readField(reader: Reader): string {
  const outer = reader.open();
  const members: string[] = [];
  let key = "";
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) key = reader.string();
    else if (tag === 18) members.push(`"match":${readMatch(reader)}`);
    else if (tag === 26) members.push(`"range":${readBounds(reader, 1, readNumber)}`);
    else if (tag === 34 || tag === 42 || tag === 58) throw notImplemented("geo conditions");
    else if (tag === 50) members.push(`"values_count":${readBounds(reader, 0, readCount)}`);
    else if (tag === 66) members.push(`"range":${readBounds(reader, 2, readInstant)}`);
    else if (tag === 72) members.push(`"is_empty":${reader.flag()}`);
    else if (tag === 80) members.push(`"is_null":${reader.flag()}`);
    else reader.skip(tag);
  }
  reader.close(outer);
  return `{${[`"key":${JSON.stringify(key)}`, ...members].join(",")}}`;
}

function readMatch(reader: Reader): string {
  const outer = reader.open();
  let match: string | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    match = readMatchValue(reader, tag) ?? match;
  }
  reader.close(outer);
  if (match === undefined) throw badInput("Malformed Match condition");
  return match;
}

function readMatchValue(reader: Reader, tag: number): string | undefined {
  const text = () => JSON.stringify(reader.string());
  const texts = () => readTexts(reader).map((each) => JSON.stringify(each));
  switch (tag) {
    case 10:
      return `{"value":${text()}}`;
    case 16:
      return `{"value":${reader.int64Text()}}`;
    case 24:
      return `{"value":${reader.flag()}}`;
    case 34:
      return `{"text":${text()}}`;
    case 42:
      return `{"any":[${texts().join(",")}]}`;
    case 50:
      return `{"any":[${readIntegers(reader).join(",")}]}`;
    case 58:
      return `{"except":[${readIntegers(reader).join(",")}]}`;
    case 66:
      return `{"except":[${texts().join(",")}]}`;
    case 74:
      return `{"phrase":${text()}}`;
    case 82:
      return `{"text_any":${text()}}`;
    default:
      reader.skip(tag);
      return undefined;
  }
}

/** Field 1: int64s, packed or one by one. */
function readIntegers(reader: Reader): string[] {
  const outer = reader.open();
  const integers: string[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 8) integers.push(reader.int64Text());
    else if (tag === 10) {
      const packed = reader.open();
      while (reader.more()) integers.push(reader.int64Text());
      reader.close(packed);
    } else reader.skip(tag);
  }
  reader.close(outer);
  return integers;
}

/** In the order of their numbers. */
const bounds = ["lt", "gt", "gte", "lte"] as const;

/** A message of four bounds whose values have the wire type `type`. */
function readBounds(reader: Reader, type: number, read: (reader: Reader) => string): string {
  const outer = reader.open();
  const members: string[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    const bound = tag % 8 === type ? bounds[(tag - type) / 8 - 1] : undefined;
    if (bound === undefined) reader.skip(tag);
    else members.push(`"${bound}":${read(reader)}`);
  }
  reader.close(outer);
  return `{${members.join(",")}}`;
}

/** JSON has no infinity, but numbers that are read as one. */
function readNumber(reader: Reader): string {
  const value = reader.double();
  if (Number.isNaN(value)) throw badInput("Wrong input: a bound of a range is not a number");
  return Number.isFinite(value) ? String(value) : value > 0 ? "1e999" : "-1e999";
}

function readCount(reader: Reader): string {
  return reader.uint64Text();
}

/** google.protobuf.Timestamp: 1: seconds since 1970, 2: nanoseconds; as RFC 3339 with microseconds. */
function readInstant(reader: Reader): string {
  const outer = reader.open();
  let seconds = 0;
  let nanoseconds = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 8) seconds = Number(reader.int64Text());
    else if (tag === 16) nanoseconds = Number(reader.int64Text());
    else reader.skip(tag);
  }
  reader.close(outer);
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()) || nanoseconds < 0 || nanoseconds >= 1e9) {
    throw badInput("Unable to convert to datetime");
  }
  const micros = String(Math.floor(nanoseconds / 1000)).padStart(6, "0");
  return JSON.stringify(`${date.toISOString().slice(0, -5)}.${micros}Z`);
}
