/**
 * What is to be answered with each point.
 *
 *     WithPayloadSelector   1: flag   2, 3: paths to take, to leave out (1: path, any number)
 *     WithVectorsSelector   1: flag   2: names (1: name, any number)
 *     ShardKeySelector      1: ShardKey, any number (1: text   2: natural number)
 */
import type { PayloadSelector, VectorSelector } from "./columns.ts";
import type { Reader, Writer } from "./protobuf.ts";

/** Either selector, saying all or nothing. */
export function writeSelector(writer: Writer, field: number, all: boolean): void {
  const selector = writer.open(field);
  writer.uint(1, all ? 1 : 0);
  writer.close(selector);
}

/** A payload selector that takes these paths alone. */
export function writePaths(writer: Writer, field: number, paths: readonly string[]): void {
  const selector = writer.open(field);
  const include = writer.open(2);
  for (const path of paths) writer.string(1, path);
  writer.close(include);
  writer.close(selector);
}

/** A selector of one shard that points were put into by hand, as JSON. */
export function writeShard(writer: Writer, field: number, shard: string): void {
  const selector = writer.open(field);
  const key = writer.open(1);
  if (shard.startsWith('"')) writer.string(1, String(JSON.parse(shard)));
  else {
    writer.varint(16);
    writer.varint64(BigInt(shard));
  }
  writer.close(key);
  writer.close(selector);
}

/** undefined = it says nothing. */
export function readPayloadSelector(reader: Reader): PayloadSelector | undefined {
  const outer = reader.open();
  let selector: PayloadSelector | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 8) selector = reader.flag();
    else if (tag === 18) selector = { include: readTexts(reader) };
    else if (tag === 26) selector = { exclude: readTexts(reader) };
    else reader.skip(tag);
  }
  reader.close(outer);
  return selector;
}

/** undefined = it says nothing. */
export function readVectorSelector(reader: Reader): VectorSelector | undefined {
  const outer = reader.open();
  let selector: VectorSelector | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 8) selector = reader.flag();
    else if (tag === 18) selector = readTexts(reader);
    else reader.skip(tag);
  }
  reader.close(outer);
  return selector;
}

/** A message of which field 1 is text, any number. */
export function readTexts(reader: Reader): string[] {
  const outer = reader.open();
  const texts: string[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 10) texts.push(reader.string());
    else reader.skip(tag);
  }
  reader.close(outer);
  return texts;
}
