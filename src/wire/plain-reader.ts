/**
 * map<string, Value> becomes the object that an application reads (the bytes are shown in `payload-writer.ts`): the same that
 * `parsePlain` makes of the text that `payload-reader.ts` gives, in a third of the time that takes.
 */
import { type PlainObject, setOwn } from "../util/json.ts";
import { Entries, perEntry } from "./payload-entries.ts";
import { depthMax, isDoubtful, isKind } from "./payload-reader.ts";
import { garbled, type Reader, utf8Text } from "./protobuf.ts";
import { badInput } from "./refusal.ts";

/** Keys that were seen, by a number that their bytes give: most payloads have the same few. */
const keysMax = 512;
const keyBytesMax = 64;
const keys: (string | undefined)[] = new Array(keysMax);

/** Gathers the payloads of a message, as `PayloadReader` does. */
export class PlainReader {
  readonly #payloads: PlainObject[] = [];
  readonly #entries = new Entries();
  /** The point's bytes, of which a text of ASCII is a part; a part keeps the whole in memory, so it is of one point alone. */
  #text = "";
  /** Where they begin. */
  #start = 0;
  /** Whether a double of the payload may be an integer that gRPC cannot say. */
  doubtful = false;

  /** `reader` stands at the start of a point. */
  begin(reader: Reader): void {
    this.#start = reader.at;
    this.#text = reader.bytes.toString("latin1", reader.at, reader.limit);
    this.#entries.top = 0;
    this.doubtful = false;
  }

  /** The entry whose length comes next. @throws SyntaxError */
  entry(reader: Reader): void {
    this.#entries.collect(reader, 0);
  }

  /** The payload's last entry was read, and `reader` stands in its message still. @throws SyntaxError, E_INPUT where a number is none that JSON has */
  end(reader: Reader): void {
    const { at } = reader;
    this.#payloads.push(this.#object(reader, 0, 1));
    reader.at = at;
  }

  /** All payloads, in their order. */
  all(): PlainObject[] {
    return this.#payloads;
  }

  /** The entries from `base` on, which are done then. */
  #object(reader: Reader, base: number, depth: number): PlainObject {
    const entries = this.#entries;
    const { spans } = entries;
    entries.settle(reader.bytes, base);
    const object: Record<string, unknown> = {};
    const end = entries.top;
    for (let at = base; at < end; at += perEntry) {
      const key = keyOf(reader.bytes, spans[at] ?? 0, spans[at + 1] ?? 0);
      const place = spans[at + 2] ?? -1;
      let value: unknown = null;
      if (place !== -1) {
        reader.at = place;
        value = this.#value(reader, depth);
      }
      if (key === "__proto__") setOwn(object, key, value);
      else object[key] = value;
    }
    entries.top = base;
    return object;
  }

  /** The Value whose length comes next; of several kinds the last counts, as everywhere in protobuf. */
  #value(reader: Reader, depth: number): unknown {
    if (depth > depthMax) throw garbled("values nested too deep", reader.at);
    const outer = reader.open();
    let value: unknown = null;
    while (reader.more()) {
      const tag = reader.tag();
      if (isKind(tag)) value = this.#kind(reader, tag, depth);
      else reader.skip(tag);
    }
    reader.close(outer);
    return value;
  }

  #kind(reader: Reader, kind: number, depth: number): unknown {
    if (kind === 34) return this.#string(reader);
    if (kind === 24) return reader.int64();
    if (kind === 17) return this.#double(reader.double());
    if (kind === 40) return reader.flag();
    if (kind === 50) return this.#members(reader, depth);
    if (kind === 58) return this.#elements(reader, depth);
    reader.skip(kind);
    return null;
  }

  #string(reader: Reader): string {
    const start = reader.span();
    const { at: end, bytes } = reader;
    let all = 0;
    for (let index = start; index < end; index += 1) all |= bytes[index] ?? 0;
    if (all >= 0x80) return utf8Text(bytes, start, end);
    return this.#text.slice(start - this.#start, end - this.#start);
  }

  #double(value: number): number {
    if (!Number.isFinite(value)) throw badInput("cannot convert to json number");
    if (isDoubtful(value)) this.doubtful = true;
    return value;
  }

  #members(reader: Reader, depth: number): PlainObject {
    const outer = reader.open();
    const base = this.#entries.collectAll(reader);
    const object = this.#object(reader, base, depth + 1);
    reader.close(outer);
    return object;
  }

  #elements(reader: Reader, depth: number): unknown[] {
    const outer = reader.open();
    const elements: unknown[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) elements.push(this.#value(reader, depth + 1));
      else reader.skip(tag);
    }
    reader.close(outer);
    return elements;
  }
}

/** The same string for the same bytes, where it was seen not long ago: one more of it costs more than looking. */
function keyOf(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > keyBytesMax) return utf8Text(bytes, start, end);
  let hash = length;
  for (let index = start; index < end; index += 1)
    hash = (Math.imul(hash, 31) + (bytes[index] ?? 0)) | 0;
  const place = (hash >>> 0) % keysMax;
  const seen = keys[place];
  if (seen !== undefined && isText(seen, bytes, start, end)) return seen;
  const key = utf8Text(bytes, start, end);
  keys[place] = key;
  return key;
}

/** Whether these bytes are this text, which is of ASCII then. */
function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = start; index < end; index += 1) {
    const code = bytes[index] ?? 0;
    if (code !== text.charCodeAt(index - start) || code >= 0x80) return false;
  }
  return true;
}
