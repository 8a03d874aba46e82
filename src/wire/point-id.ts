/**
 * A point's id.
 *
 *     PointId   1: uint64   2: UUID as text
 */
import type { Reader, Writer } from "./protobuf.ts";
import { badInput } from "./refusal.ts";

const uuidBytes = 36;
const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const looseUuid =
  /^(?:urn:uuid:)?(\{)?([0-9a-f]{8})(-?)([0-9a-f]{4})\3([0-9a-f]{4})\3([0-9a-f]{4})\3([0-9a-f]{12})(\})?$/i;

/** `point`: a canonical lowercase UUID, or a decimal unsigned integer. */
export function writePointId(writer: Writer, field: number, point: string): void {
  if (point.length !== uuidBytes) {
    const number = writer.open(field);
    writer.varint(8);
    if (point.length <= 15) writer.varint(Number(point));
    else writer.varint64(BigInt(point));
    writer.close(number);
    return;
  }
  writer.varint(field * 8 + 2);
  writer.reserve(3 + uuidBytes);
  const { bytes } = writer;
  let { at } = writer;
  bytes[at++] = uuidBytes + 2;
  bytes[at++] = 18;
  bytes[at++] = uuidBytes;
  for (let index = 0; index < uuidBytes; index += 1) bytes[at++] = point.charCodeAt(index);
  writer.at = at;
}

/** The id whose length comes next, as it is spelled there; '' where it says none. */
export function readPointId(reader: Reader): string {
  const outer = reader.open();
  let id = "";
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 18) id = reader.string();
    else if (tag === 8) id = reader.uint64Text();
    else reader.skip(tag);
  }
  reader.close(outer);
  return id;
}

/** The id in a request, in the one spelling: a UUID may stand there without hyphens, in capitals, in braces. @throws E_INPUT */
export function readRequestedId(reader: Reader): string {
  const outer = reader.open();
  let id: string | null = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 18) id = canonical(reader.string());
    else if (tag === 8) id = reader.uint64Text();
    else reader.skip(tag);
  }
  reader.close(outer);
  if (id === null) throw badInput("No ID options provided");
  return id;
}

/** A message of which field 1 is such an id, any number. @throws E_INPUT */
export function readRequestedIds(reader: Reader): string[] {
  const outer = reader.open();
  const ids: string[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) ids.push(readRequestedId(reader));
    else reader.skip(tag);
  }
  reader.close(outer);
  return ids;
}

function canonical(uuid: string): string {
  if (canonicalUuid.test(uuid)) return uuid;
  const parts = looseUuid.exec(uuid);
  if (parts === null || (parts[1] === undefined) !== (parts[8] === undefined)) {
    throw badInput(`Unable to parse UUID: ${uuid.slice(0, 100)}`);
  }
  return [parts[2], parts[4], parts[5], parts[6], parts[7]].join("-").toLowerCase();
}
