/**
 * map<string, Value> becomes JSON text (the bytes are shown in `payload-writer.ts`). An int64 is written without point, a
 * double always with one or with an exponent, in the shortest digits that name it.
 */
import { floatText } from "../util/json.ts";
import { Entries, perEntry } from "./payload-entries.ts";
import { garbled, type Reader, utf8Text } from "./protobuf.ts";
import { badInput } from "./refusal.ts";

/** Values within one another; a server that keeps JSON text reads 128. */
export const depthMax = 1000;

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

/** Whether a Value has a value at this tag. */
export function isKind(tag: number): boolean {
  return (
    tag === 34 || tag === 24 || tag === 17 || tag === 40 || tag === 8 || tag === 50 || tag === 58
  );
}

/** Whether this double may be an integer that gRPC cannot say. */
export function isDoubtful(value: number): boolean {
  return value >= int64End && value <= uint64End;
}

/** The text that is gathered before it is decoded: many payloads by one call, and not so many that the string is a large one. */
const chunkBytes = 64 * 1024;

/**
 * Gathers the payloads of a message: for each `begin`, an `entry` for each entry of its map, `end`. In the end `all` gives
 * them all. Keys come sorted, whatever their order in the message: a server's own is any.
 */
export class PayloadReader {
  readonly #texts: string[] = [];
  #text: Buffer;
  #at = 0;
  /** Where the payload begins, and where those before it end that are not decoded yet. */
  #start = 0;
  #ends: number[] = [];
  /** Whether all bytes of the payload are ASCII. */
  #ascii = true;
  readonly #entries = new Entries();
  /** Whether a double of the payload may be an integer that gRPC cannot say. */
  doubtful = false;

  /** `bytes`: of the message that is read; no more is taken at first than its texts are likely to need. */
  constructor(bytes = chunkBytes) {
    this.#text = Buffer.allocUnsafe(Math.min(bytes, chunkBytes) + 4096);
  }

  begin(): void {
    this.#start = this.#at;
    this.#ascii = true;
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
    this.#object(reader, 0, 1);
    reader.at = at;
    if (!this.#ascii) this.#decode();
    else {
      this.#ends.push(this.#at);
      if (this.#at >= chunkBytes) this.#flush();
    }
  }

  /**
   * Instead of `end`: the payload as bytes, which are good until the next `begin` and no text of `texts`. In UTF-8, and its keys in
   * the order of their bytes. @throws as `end`
   */
  endBytes(reader: Reader): Buffer {
    const { at } = reader;
    this.#object(reader, 0, 1);
    reader.at = at;
    const bytes = this.#text.subarray(this.#start, this.#at);
    this.#at = this.#start;
    return bytes;
  }

  /** Whether all bytes of the payload that was read last are ASCII. */
  get ascii(): boolean {
    return this.#ascii;
  }

  /** The texts of all payloads, in their order. */
  all(): string[] {
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

  /** The entries from `base` on, which are done then. */
  #object(reader: Reader, base: number, depth: number): void {
    const { spans } = this.#entries;
    this.#entries.settle(reader.bytes, base);
    const end = this.#entries.top;
    if (end === base) this.#word("{}");
    for (let at = base; at < end; at += perEntry) {
      this.#byte(at === base ? 0x7b : 0x2c);
      this.#string(reader.bytes, spans[at] ?? 0, spans[at + 1] ?? 0);
      this.#byte(0x3a);
      const value = spans[at + 2] ?? -1;
      if (value === -1) {
        this.#word("null");
        continue;
      }
      reader.at = value;
      this.#value(reader, depth);
    }
    if (end !== base) this.#byte(0x7d);
    this.#entries.top = base;
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
    if (isDoubtful(value)) this.doubtful = true;
    this.#word(floatText(value));
  }

  #members(reader: Reader, depth: number): void {
    const outer = reader.open();
    const base = this.#entries.collectAll(reader);
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
