/**
 * map<string, Value> becomes JSON text (the bytes are shown in `payload-writer.ts`). An int64 is written without point, a
 * double always with one or with an exponent, in the shortest digits that name it.
 */
import { floatText } from "../util/json.ts";
import { garbled, type Reader, utf8Text } from "./protobuf.ts";
import { badInput } from "./refusal.ts";

/** Values within one another; a server that keeps JSON text reads 128. */
const depthMax = 1000;

/** By gRPC a server answers an integer from 2^63 up to 2^64 as a double; those next to the end are rounded up to it. */
const int64End = 2 ** 63;
const uint64End = 2 ** 64;

const hex = "0123456789abcdef";
const letters: Partial<Record<number, number>> = {
  34: 0x22,
  92: 0x5c,
  8: 0x62,
  9: 0x74,
  10: 0x6e,
  12: 0x66,
  13: 0x72,
};

function isKind(tag: number): boolean {
  return (
    tag === 34 || tag === 24 || tag === 17 || tag === 40 || tag === 8 || tag === 50 || tag === 58
  );
}

/** Numbers that are kept of an entry. */
const perEntry = 4;

/** So many entries are put in their place as they come; with more that takes long, and they are sorted when all are there. */
const insertedMax = 32;

/** The text that is gathered before it is decoded: many payloads by one call, and not so many that the string is a large one. */
const chunkBytes = 64 * 1024;

/**
 * Gathers the payloads of a message: for each `begin`, an `entry` for each entry of its map, `end`. In the end `texts` gives
 * them all. Keys come sorted, whatever their order in the message: a server's own is any.
 */
export class PayloadReader {
  readonly #texts: string[] = [];
  #text = Buffer.allocUnsafe(chunkBytes + 4096);
  #at = 0;
  /** Where the payload begins, and where those before it end that are not decoded yet. */
  #start = 0;
  #ends: number[] = [];
  /** Whether all bytes of the payload are ASCII. */
  #ascii = true;
  /** Entries that wait for their turn, by key: where the key starts and ends, where the value starts (−1 = nowhere), the key's rank. */
  readonly #spans: number[] = [];
  #top = 0;
  /** Whether a double of the payload may be an integer that gRPC cannot say. */
  doubtful = false;

  begin(): void {
    this.#start = this.#at;
    this.#ascii = true;
    this.#top = 0;
    this.doubtful = false;
  }

  /** The entry whose length comes next. @throws SyntaxError */
  entry(reader: Reader): void {
    this.#collect(reader, 0);
  }

  /** The payload's last entry was read, and `reader` stands in its message still. @throws SyntaxError, E_INPUT where a number is none that JSON has */
  end(reader: Reader): void {
    const { at } = reader;
    this.#object(reader, 0, 1);
    reader.at = at;
    if (!this.#ascii) this.#decode();
    else {
      this.#ends.push(this.#at);
      if (this.#at >= chunkBytes) this.#flush();
    }
  }

  /** The texts of all payloads, in their order. */
  texts(): string[] {
    this.#flush();
    return this.#texts;
  }

  /** Decodes the payload by itself, after those before it. */
  #decode(): void {
    const end = this.#at;
    const start = this.#start;
    this.#flush();
    this.#texts.push(utf8Text(this.#text, start, end));
  }

  /** Decodes the payloads that wait. */
  #flush(): void {
    const whole = this.#text.toString("latin1", 0, this.#ends.at(-1) ?? 0);
    let start = 0;
    for (const end of this.#ends) {
      this.#texts.push(whole.slice(start, end));
      start = end;
    }
    this.#ends = [];
    this.#at = 0;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#text.length) return;
    const wider = Buffer.allocUnsafe((this.#at + count) * 2);
    this.#text.copy(wider, 0, 0, this.#at);
    this.#text = wider;
  }

  #byte(code: number): void {
    this.#reserve(1);
    this.#text[this.#at++] = code;
  }

  #word(text: string): void {
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index += 1) {
      this.#text[this.#at++] = text.charCodeAt(index);
    }
  }

  /** Puts an entry among those from `base` on, where its key belongs; of two with one key the later counts. */
  #collect(reader: Reader, base: number): void {
    const outer = reader.open();
    let start = reader.at;
    let end = start;
    let value = -1;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) {
        start = reader.span();
        end = reader.at;
        continue;
      }
      if (tag === 18) value = reader.at;
      reader.skip(tag);
    }
    reader.close(outer);
    const { bytes } = reader;
    const spans = this.#spans;
    const rank = rankOf(bytes, start, end);
    let place = this.#top;
    const last = place - base > insertedMax * perEntry ? place : base;
    for (; place > last; place -= perEntry) {
      const order =
        rank - (spans[place - 1] ?? 0) ||
        compare(bytes, start, end, spans[place - 4] ?? 0, spans[place - 3] ?? 0);
      if (order > 0) break;
      if (order === 0) {
        spans[place - 2] = value;
        return;
      }
    }
    for (let at = this.#top - 1; at >= place; at -= 1) spans[at + perEntry] = spans[at] ?? 0;
    spans[place] = start;
    spans[place + 1] = end;
    spans[place + 2] = value;
    spans[place + 3] = rank;
    this.#top += perEntry;
  }

  /** Sorts the entries from `base` on; of those with one key the last counts. */
  #sort(bytes: Buffer, base: number): void {
    const spans = this.#spans;
    const places: number[] = [];
    for (let at = base; at < this.#top; at += perEntry) places.push(at);
    const order = (one: number, other: number): number =>
      compare(
        bytes,
        spans[one] ?? 0,
        spans[one + 1] ?? 0,
        spans[other] ?? 0,
        spans[other + 1] ?? 0,
      );
    const sorted = places
      .sort(order)
      .filter((place, at, all) => at + 1 === all.length || order(place, all[at + 1] ?? 0) !== 0)
      .flatMap((place) => spans.slice(place, place + perEntry));
    for (const [step, number] of sorted.entries()) spans[base + step] = number;
    this.#top = base + sorted.length;
  }

  /** The entries from `base` on, which are done then. */
  #object(reader: Reader, base: number, depth: number): void {
    if (this.#top - base > insertedMax * perEntry) this.#sort(reader.bytes, base);
    const end = this.#top;
    if (end === base) this.#word("{}");
    for (let at = base; at < end; at += perEntry) {
      this.#byte(at === base ? 0x7b : 0x2c);
      this.#string(reader.bytes, this.#spans[at] ?? 0, this.#spans[at + 1] ?? 0);
      this.#byte(0x3a);
      const value = this.#spans[at + 2] ?? -1;
      if (value === -1) {
        this.#word("null");
        continue;
      }
      reader.at = value;
      this.#value(reader, depth);
    }
    if (end !== base) this.#byte(0x7d);
    this.#top = base;
  }

  /** The Value whose length comes next; of several kinds the last counts, as everywhere in protobuf. */
  #value(reader: Reader, depth: number): void {
    if (depth > depthMax) throw garbled("values nested too deep", reader.at);
    const outer = reader.open();
    const start = this.#at;
    while (reader.more()) {
      const tag = reader.tag();
      if (isKind(tag)) {
        this.#at = start;
        this.#kind(reader, tag, depth);
      } else reader.skip(tag);
    }
    reader.close(outer);
    if (this.#at === start) this.#word("null");
  }

  #kind(reader: Reader, kind: number, depth: number): void {
    if (kind === 34) {
      const start = reader.span();
      this.#string(reader.bytes, start, reader.at);
    } else if (kind === 24) this.#word(reader.int64Text());
    else if (kind === 17) this.#double(reader.double());
    else if (kind === 40) this.#word(reader.flag() ? "true" : "false");
    else if (kind === 50) this.#members(reader, depth);
    else if (kind === 58) this.#elements(reader, depth);
    else {
      reader.skip(kind);
      this.#word("null");
    }
  }

  #double(value: number): void {
    if (!Number.isFinite(value)) throw badInput("cannot convert to json number");
    if (value >= int64End && value <= uint64End) this.doubtful = true;
    this.#word(floatText(value));
  }

  #members(reader: Reader, depth: number): void {
    const outer = reader.open();
    const base = this.#top;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) this.#collect(reader, base);
      else reader.skip(tag);
    }
    this.#object(reader, base, depth + 1);
    reader.close(outer);
  }

  #elements(reader: Reader, depth: number): void {
    const outer = reader.open();
    let next = 0x5b;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== 10) {
        reader.skip(tag);
        continue;
      }
      this.#byte(next);
      next = 0x2c;
      this.#value(reader, depth + 1);
    }
    reader.close(outer);
    this.#word(next === 0x5b ? "[]" : "]");
  }

  /** These bytes as a JSON text. */
  #string(source: Buffer, start: number, end: number): void {
    // The longest escape has six bytes.
    this.#reserve((end - start) * 6 + 2);
    const text = this.#text;
    let at = this.#at;
    let all = 0;
    text[at++] = 0x22;
    for (let index = start; index < end; index += 1) {
      const code = source[index] ?? 0;
      all |= code;
      if (code >= 0x20 && code !== 0x22 && code !== 0x5c) text[at++] = code;
      else at = writeEscape(text, at, code);
    }
    text[at++] = 0x22;
    this.#at = at;
    if (all >= 0x80) this.#ascii = false;
  }
}

/** Writes a character that JSON does not take as it is; gives where the next byte goes. */
function writeEscape(text: Buffer, start: number, code: number): number {
  let at = start;
  text[at++] = 0x5c;
  const letter = letters[code];
  if (letter !== undefined) {
    text[at++] = letter;
    return at;
  }
  text[at++] = 0x75;
  text[at++] = 0x30;
  text[at++] = 0x30;
  text[at++] = hex.charCodeAt(code >> 4);
  text[at++] = hex.charCodeAt(code & 15);
  return at;
}

/** The first bytes of a key as a number: what compares most keys. */
function rankOf(bytes: Buffer, start: number, end: number): number {
  const first = start < end ? (bytes[start] ?? 0) : 0;
  const second = start + 1 < end ? (bytes[start + 1] ?? 0) : 0;
  const third = start + 2 < end ? (bytes[start + 2] ?? 0) : 0;
  return (first << 16) | (second << 8) | third;
}

/** Below 0, 0 or above 0 as the one key comes before the other, is it, or comes behind it: byte by byte. */
function compare(
  bytes: Buffer,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let step = 0; step < length; step += 1) {
    const difference = (bytes[start + step] ?? 0) - (bytes[otherStart + step] ?? 0);
    if (difference !== 0) return difference;
  }
  return end - start - (otherEnd - otherStart);
}
