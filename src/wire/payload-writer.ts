/**
 * JSON text of an object becomes map<string, Value>, byte by byte: no value is decoded on the way but the digits of numbers.
 *
 *     entry     1: key  2: Value
 *     Value     1: null (00)  2: double  3: int64  4: text  5: bool  6: Struct  7: ListValue
 *     Struct    1: entry, any number          ListValue    1: Value, any number
 *
 * A number without point and exponent is an int64, any other a double: 2 and 2.0 stay apart.
 */
import { VectorError } from "../errors.ts";
import { byte } from "../util/json-bytes.ts";
import { fieldBytes, varintBytes, type Writer } from "./protobuf.ts";

/**
 * Why a payload cannot be carried by gRPC:
 * `integer`: one outside int64. REST takes those below 2^64 as they are and rounds the others to doubles.
 * `number`: one beyond the largest double. REST refuses it.
 * `surrogate`: an escaped half of a surrogate pair, which UTF-8 has not. REST refuses it.
 * `depth`: objects and lists within one another deeper than REST takes them. By gRPC a server takes them, and a point with
 * more than 127 can never be read again.
 * `not-json`: the text is no JSON object. REST refuses it.
 */
export type NotCarried = "integer" | "number" | "surrogate" | "depth" | "not-json";

/** Objects and lists within one another in a payload, itself included, that REST takes: 128 in a body, four around it. */
const depthMax = 124;
/** What may be said in an answer, where there is no other road. */
const lenientDepthMax = 1000;

const { quote, backslash, openBrace, closeBrace, openBracket, closeBracket, comma, colon } = byte;

const replacement = 0xfffd;
const escaped: Partial<Record<number, number>> = {
  34: 0x22,
  92: 0x5c,
  47: 0x2f,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
};

/** Thrown within this file's callers only: they hand on the reason. */
export class NotCarriedError extends Error {
  readonly reason: NotCarried;

  constructor(reason: NotCarried) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Writes payloads into one message. A lenient one is for answers: what int64 cannot hold becomes a double, as a server's
 * own answers have it.
 */
export class PayloadWriter {
  readonly #writer: Writer;
  readonly #strict: boolean;
  #text = Buffer.allocUnsafe(4096);
  #at = 0;

  constructor(writer: Writer, strict: boolean) {
    this.#writer = writer;
    this.#strict = strict;
  }

  /** Writes each member of `json`, the object at `depth`, as an entry of the map at `field`. @throws NotCarriedError */
  write(json: string, field: number, depth = 1): void {
    const end = this.#begin(json);
    if (this.#peek() !== openBrace) throw new NotCarriedError("not-json");
    this.#object(field, depth);
    this.#finish(end);
  }

  /** Writes `json` as the Value at `field`, `depth` objects down. @throws NotCarriedError */
  value(json: string, field: number, depth: number): void {
    const end = this.#begin(json);
    this.#field(field, depth, varintBytes(json.length));
    this.#finish(end);
  }

  /** Goes to the first byte of the text; gives where it ends. */
  #begin(json: string): number {
    // A UTF-16 unit takes at most three bytes; the zero behind them ends every loop below.
    if (this.#text.length <= json.length * 3) {
      this.#text = Buffer.allocUnsafe(json.length * 3 + 4096);
    }
    const end = this.#text.write(json, 0, "utf8");
    this.#text[end] = 0;
    this.#at = 0;
    this.#space();
    return end;
  }

  #finish(end: number): void {
    this.#space();
    // An escape may have led behind the zero, into what an earlier text left.
    if (this.#at !== end) throw new NotCarriedError("not-json");
  }

  #peek(): number {
    return this.#text[this.#at] ?? 0;
  }

  #space(): void {
    let code = this.#peek();
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.#at += 1;
      code = this.#peek();
    }
  }

  /** Goes into an object or a list; whether it is empty. */
  #enter(depth: number, closing: number): boolean {
    if (depth > (this.#strict ? depthMax : lenientDepthMax)) throw new NotCarriedError("depth");
    this.#at += 1;
    this.#space();
    if (this.#peek() !== closing) return false;
    this.#at += 1;
    return true;
  }

  /** Goes on to the next element; false behind the last. */
  #next(closing: number): boolean {
    this.#space();
    const code = this.#peek();
    this.#at += 1;
    if (code === closing) return false;
    if (code !== comma) throw new NotCarriedError("not-json");
    this.#space();
    return true;
  }

  /** The members of the object that begins here, as entries of the map at `field`. */
  #object(field: number, depth: number): void {
    if (this.#enter(depth, closeBrace)) return;
    do this.#entry(field, depth);
    while (this.#next(closeBrace));
  }

  #entry(field: number, depth: number): void {
    const writer = this.#writer;
    if (this.#peek() !== quote) throw new NotCarriedError("not-json");
    const keyStart = this.#at + 1;
    const keyEscaped = this.#scan();
    const keyEnd = this.#at - 1;
    this.#space();
    if (this.#peek() !== colon) throw new NotCarriedError("not-json");
    this.#at += 1;
    this.#space();
    if (this.#peek() !== quote) {
      const entry = writer.open(field);
      this.#string(1, keyStart, keyEnd, keyEscaped);
      this.#field(2, depth);
      writer.close(entry);
      return;
    }
    const start = this.#at + 1;
    const hasEscapes = this.#scan();
    const end = this.#at - 1;
    const width = varintBytes(fieldBytes(keyEnd - keyStart) + fieldBytes(fieldBytes(end - start)));
    const entry = writer.open(field, width);
    this.#string(1, keyStart, keyEnd, keyEscaped);
    this.#textField(2, start, end, hasEscapes);
    writer.close(entry, width);
  }

  /** A Value with the text between two quotes. */
  #textField(field: number, start: number, end: number, hasEscapes: boolean): void {
    const width = varintBytes(fieldBytes(end - start));
    const value = this.#writer.open(field, width);
    this.#string(4, start, end, hasEscapes);
    this.#writer.close(value, width);
  }

  /** The value that begins here, as a Value at `field`. `width`: bytes that its length will likely take. */
  #field(field: number, depth: number, width = 1): void {
    const writer = this.#writer;
    const code = this.#peek();
    if (code === quote) {
      const start = this.#at + 1;
      const hasEscapes = this.#scan();
      this.#textField(field, start, this.#at - 1, hasEscapes);
      return;
    }
    const value = writer.open(field, width);
    if (code === openBrace) {
      const struct = writer.open(6, width);
      this.#object(1, depth + 1);
      writer.close(struct, width);
    } else if (code === openBracket) {
      const list = writer.open(7);
      this.#list(depth + 1);
      writer.close(list);
    } else if (code === 0x74) this.#literal("true", 5, 1);
    else if (code === 0x66) this.#literal("false", 5, 0);
    else if (code === 0x6e) this.#literal("null", 1, 0);
    else this.#number();
    writer.close(value, width);
  }

  #list(depth: number): void {
    if (this.#enter(depth, closeBracket)) return;
    do this.#field(1, depth);
    while (this.#next(closeBracket));
  }

  #literal(word: string, field: number, value: number): void {
    for (let index = 0; index < word.length; index += 1) {
      if (this.#text[this.#at++] !== word.charCodeAt(index)) throw new NotCarriedError("not-json");
    }
    this.#writer.uint(field, value);
  }

  /** Passes over the string that begins here; whether it has escapes. */
  #scan(): boolean {
    const text = this.#text;
    let at = this.#at + 1;
    let hasEscapes = false;
    for (;;) {
      const code = text[at++] ?? 0;
      if (code === quote) break;
      if (code === backslash) {
        hasEscapes = true;
        at += 1;
      } else if (code < 0x20) throw new NotCarriedError("not-json");
    }
    this.#at = at;
    return hasEscapes;
  }

  /** The text between two quotes, as the field `field`. */
  #string(field: number, start: number, end: number, hasEscapes: boolean): void {
    const writer = this.#writer;
    const text = this.#text;
    const length = end - start;
    if (hasEscapes) {
      const width = varintBytes(length);
      const opened = writer.open(field, width);
      this.#unescape(start, end);
      writer.close(opened, width);
      return;
    }
    writer.varint(field * 8 + 2);
    writer.varint(length);
    writer.copy(text, start, end);
  }

  #unescape(start: number, end: number): void {
    const text = this.#text;
    const writer = this.#writer;
    writer.reserve(end - start);
    const { bytes } = writer;
    let at = writer.at;
    for (let index = start; index < end; index += 1) {
      const code = text[index] ?? 0;
      if (code !== backslash) {
        bytes[at++] = code;
        continue;
      }
      index += 1;
      const plain = escaped[text[index] ?? 0];
      if (plain !== undefined) {
        bytes[at++] = plain;
        continue;
      }
      let point = this.#hex(index);
      index += 4;
      if (point >= 0xd800 && point < 0xdc00 && text[index + 1] === backslash) {
        const low = this.#hex(index + 2);
        if (low >= 0xdc00 && low < 0xe000) {
          point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
          index += 6;
        }
      }
      at = this.#codePoint(point, at);
    }
    writer.at = at;
  }

  /** The four hex digits behind the `u` at `index`; −1 where another letter stands there. */
  #hex(index: number): number {
    const digits = this.#text.toString("latin1", index + 1, index + 5);
    const isUnit = this.#text[index] === 0x75 && /^[0-9a-fA-F]{4}$/.test(digits);
    return isUnit ? Number.parseInt(digits, 16) : -1;
  }

  /** UTF-8 of a code point; gives where the next byte goes. */
  #codePoint(given: number, start: number): number {
    if (given < 0) throw new NotCarriedError("not-json");
    const half = given >= 0xd800 && given < 0xe000;
    if (half && this.#strict) throw new NotCarriedError("surrogate");
    const point = half ? replacement : given;
    const { bytes } = this.#writer;
    let at = start;
    if (point < 0x80) bytes[at++] = point;
    else {
      if (point < 0x800) bytes[at++] = 0xc0 | (point >> 6);
      else {
        if (point < 0x10000) bytes[at++] = 0xe0 | (point >> 12);
        else {
          bytes[at++] = 0xf0 | (point >> 18);
          bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
        }
        bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      }
      bytes[at++] = 0x80 | (point & 0x3f);
    }
    return at;
  }

  #number(): void {
    const text = this.#text;
    const start = this.#at;
    const negative = text[start] === 0x2d;
    let at = negative ? start + 1 : start;
    const first = at;
    let value = 0;
    for (let code = text[at] ?? 0; code >= 0x30 && code <= 0x39; code = text[++at] ?? 0) {
      value = value * 10 + code - 0x30;
    }
    const digits = at - first;
    if (digits === 0 || (digits > 1 && text[first] === 0x30)) throw new NotCarriedError("not-json");
    const code = text[at] ?? 0;
    this.#at = at;
    if (code === 0x2e || code === 0x65 || code === 0x45) this.#double(start);
    else if (digits <= 15 && !negative) this.#writer.uint(3, value);
    else this.#integer(BigInt(text.toString("latin1", start, at)));
  }

  #integer(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      if (this.#strict) throw new NotCarriedError("integer");
      this.#writer.double(2, Number(value));
      return;
    }
    this.#writer.varint(3 * 8);
    this.#writer.varint64(value);
  }

  /** A number whose integral digits end here. */
  #double(start: number): void {
    const text = this.#text;
    let at = this.#at;
    if (text[at] === 0x2e) at = this.#digits(at + 1);
    if (text[at] === 0x65 || text[at] === 0x45) {
      at += 1;
      if (text[at] === 0x2b || text[at] === 0x2d) at += 1;
      at = this.#digits(at);
    }
    this.#at = at;
    const value = Number(text.toString("latin1", start, at));
    if (this.#strict && !Number.isFinite(value)) throw new NotCarriedError("number");
    this.#writer.double(2, value);
  }

  /** Passes over one digit or more. */
  #digits(start: number): number {
    let at = start;
    for (
      let code = this.#text[at] ?? 0;
      code >= 0x30 && code <= 0x39;
      code = this.#text[++at] ?? 0
    );
    if (at === start) throw new NotCarriedError("not-json");
    return at;
  }
}

/** Writes the payload of an answer. @throws E_STORAGE where what is kept is no payload */
export function writeStored(payloads: PayloadWriter, json: string, field: number): void {
  try {
    payloads.write(json, field);
  } catch (cause) {
    if (!(cause instanceof NotCarriedError)) throw cause;
    throw new VectorError("E_STORAGE", `A payload cannot be answered: ${cause.reason}.`, { cause });
  }
}
