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

/** Gathers one payload after the other: `begin`, an `entry` for each entry of the map, `end`. */
export class PayloadReader {
  #text = Buffer.allocUnsafe(4096);
  #at = 0;
  #empty = true;
  /** Whether a double of the payload may be an integer that gRPC cannot say. */
  doubtful = false;

  begin(): void {
    this.#at = 0;
    this.#empty = true;
    this.doubtful = false;
  }

  /** The text of the object. */
  end(): string {
    if (this.#empty) return "{}";
    this.#reserve(1);
    this.#text[this.#at++] = 0x7d;
    return utf8Text(this.#text, 0, this.#at);
  }

  /** The entry whose length comes next. @throws SyntaxError, E_INPUT where a number is none that JSON has */
  entry(reader: Reader): void {
    this.#byte(this.#empty ? 0x7b : 0x2c);
    this.#empty = false;
    this.#entry(reader, 1);
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

  #ascii(text: string): void {
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index += 1) {
      this.#text[this.#at++] = text.charCodeAt(index);
    }
  }

  #entry(reader: Reader, depth: number): void {
    const outer = reader.open();
    let key = -1;
    let value = -1;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) key = reader.at;
      else if (tag === 18) value = reader.at;
      reader.skip(tag);
    }
    const end = reader.at;
    if (key === -1) this.#ascii('""');
    else {
      reader.at = key;
      this.#string(reader);
    }
    this.#byte(0x3a);
    if (value === -1) this.#ascii("null");
    else {
      reader.at = value;
      this.#value(reader, depth);
    }
    reader.at = end;
    reader.close(outer);
  }

  /** The Value whose length comes next; of several kinds the last counts, as everywhere in protobuf. */
  #value(reader: Reader, depth: number): void {
    if (depth > depthMax) throw garbled("values nested too deep", reader.at);
    const outer = reader.open();
    let kind = 0;
    let at = reader.at;
    while (reader.more()) {
      const tag = reader.tag();
      if (isKind(tag)) {
        kind = tag;
        at = reader.at;
      }
      reader.skip(tag);
    }
    const end = reader.at;
    reader.at = at;
    this.#kind(reader, kind, depth);
    reader.at = end;
    reader.close(outer);
  }

  #kind(reader: Reader, kind: number, depth: number): void {
    if (kind === 34) this.#string(reader);
    else if (kind === 24) this.#ascii(reader.int64Text());
    else if (kind === 17) this.#double(reader.double());
    else if (kind === 40) this.#ascii(reader.flag() ? "true" : "false");
    else if (kind === 50) this.#members(reader, depth);
    else if (kind === 58) this.#elements(reader, depth);
    else this.#ascii("null");
  }

  #double(value: number): void {
    if (!Number.isFinite(value)) throw badInput("cannot convert to json number");
    if (value >= int64End && value <= uint64End) this.doubtful = true;
    this.#ascii(floatText(value));
  }

  #members(reader: Reader, depth: number): void {
    const outer = reader.open();
    let next = 0x7b;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag !== 10) {
        reader.skip(tag);
        continue;
      }
      this.#byte(next);
      next = 0x2c;
      this.#entry(reader, depth + 1);
    }
    reader.close(outer);
    this.#ascii(next === 0x7b ? "{}" : "}");
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
    this.#ascii(next === 0x5b ? "[]" : "]");
  }

  /** The text whose length comes next, with its quotes. */
  #string(reader: Reader): void {
    const start = reader.span();
    const end = reader.at;
    // The longest escape has six bytes.
    this.#reserve((end - start) * 6 + 2);
    const source = reader.bytes;
    const text = this.#text;
    let at = this.#at;
    text[at++] = 0x22;
    for (let index = start; index < end; index += 1) {
      const code = source[index] ?? 0;
      if (code >= 0x20 && code !== 0x22 && code !== 0x5c) {
        text[at++] = code;
        continue;
      }
      text[at++] = 0x5c;
      const letter = letters[code];
      if (letter !== undefined) {
        text[at++] = letter;
        continue;
      }
      text[at++] = 0x75;
      text[at++] = 0x30;
      text[at++] = 0x30;
      text[at++] = hex.charCodeAt(code >> 4);
      text[at++] = hex.charCodeAt(code & 15);
    }
    text[at++] = 0x22;
    this.#at = at;
  }
}
