/**
 * Protobuf's wire format, as far as Qdrant's messages need it (protobuf.dev/programming-guides/encoding), in gRPC's frame.
 *
 *     frame     00 (not compressed)  length: 4 bytes big-endian  message
 *     message   field*
 *     field     tag: varint (field number × 8 + wire type)  value
 *     value     0: varint   1: 8 bytes   2: length: varint, that many bytes   5: 4 bytes
 *     varint    7 bits a byte, the lowest first, the top bit says that more follow; at most 10 bytes
 *
 * Floats and doubles are little-endian, as in the memory of every machine that is supported: vectors are copied as bytes.
 */
import { isUtf8 } from "node:buffer";

/** Bytes before the message in every frame that a Writer makes. */
const frameBytes = 5;

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
if (!littleEndian) throw new Error("Machines that store floats big-endian are not supported.");

/** What every reader of bytes throws where they are no message: cut, or garbled. */
export function garbled(what: string, at: number): SyntaxError {
  return new SyntaxError(`malformed protobuf message at byte ${at}: ${what}`);
}

/** Bytes that a varint of `value` takes. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  return Math.ceil(Math.log2(value + 1) / 7);
}

/** Characters or bytes that a loop handles faster than a call does. */
const shortText = 32;

/** Bytes of a text in UTF-8: as many as it has UTF-16 units only where all are ASCII. */
export function textBytes(text: string): number {
  return text.length <= shortText && isAscii(text) ? text.length : Buffer.byteLength(text);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) >= 0x80) return false;
  return true;
}

/** Bytes of a field that holds `length` bytes: its tag (of a field up to 15) and its length with them. */
export function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** One message in the making. `bytes` and `at` are open to the functions that write rows; `reserve` comes before them. */
export class Writer {
  bytes: Buffer;
  /** Where the next byte goes. */
  at = frameBytes;

  /** `room` is written into, until it is too small. */
  constructor(capacity = 256, room?: Buffer) {
    this.bytes = room ?? Buffer.allocUnsafe(capacity + frameBytes);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.at + count, this.bytes.length * 2));
    this.bytes.copy(wider, 0, 0, this.at);
    this.bytes = wider;
  }

  /** A natural number up to 2^53. */
  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80000000) {
      this.bytes[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /** Any 64-bit integer; a negative one as its two's complement. */
  varint64(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  /** A field with a natural number, or a flag. */
  uint(field: number, value: number): void {
    this.varint(field * 8);
    this.varint(value);
  }

  double(field: number, value: number): void {
    this.varint(field * 8 + 1);
    this.reserve(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  float(field: number, value: number): void {
    this.varint(field * 8 + 5);
    this.reserve(4);
    this.at = this.bytes.writeFloatLE(value, this.at);
  }

  /** `length`: what `textBytes` gives for it. */
  string(field: number, text: string, length = textBytes(text)): void {
    this.varint(field * 8 + 2);
    this.varint(length);
    this.reserve(length);
    // One call for both: V8 throws code away that comes upon a call which had not been made before it was compiled.
    if (length !== text.length || length > shortText)
      this.bytes.write(text, this.at, length === text.length ? "latin1" : "utf8");
    else {
      for (let index = 0; index < length; index += 1)
        this.bytes[this.at + index] = text.charCodeAt(index);
    }
    this.at += length;
  }

  copy(source: Buffer, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    if (length > shortText) source.copy(this.bytes, this.at, start, end);
    else {
      for (let index = 0; index < length; index += 1)
        this.bytes[this.at + index] = source[start + index] ?? 0;
    }
    this.at += length;
  }

  /** Begins a field that holds a message; `close` takes what this gives. `width` is how many bytes its length will likely take. */
  open(field: number, width = 1): number {
    this.varint(field * 8 + 2);
    this.reserve(width);
    this.at += width;
    return this.at - width;
  }

  /** Ends the message that `open` began at `start`: its length goes before it. Gives how many bytes that takes. */
  close(start: number, width = 1): number {
    const length = this.at - start - width;
    const needed = varintBytes(length);
    // Room for a varint at the end is room for one at the start: nothing may move below.
    this.reserve(10);
    if (needed !== width) {
      this.bytes.copyWithin(start + needed, start + width, this.at);
    }
    this.at = start;
    this.varint(length);
    this.at += length;
    return needed;
  }

  /** The frame: its five bytes and the message. */
  finish(): Buffer {
    this.bytes[0] = 0;
    this.bytes.writeUInt32BE(this.at - frameBytes, 1);
    return this.bytes.subarray(0, this.at);
  }
}

/**
 * Goes through one message. No method reads behind `limit`, the end of the message that is open: there they throw
 * SyntaxError. A caller asks `more()` before `tag()`, and gives the tags that it does not know to `skip`.
 */
export class Reader {
  readonly bytes: Buffer;
  at = 0;
  limit: number;
  /** The halves of the varint that was read last. */
  #low = 0;
  #high = 0;

  constructor(message: Uint8Array) {
    this.bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    this.limit = this.bytes.length;
  }

  more(): boolean {
    return this.at < this.limit;
  }

  /** Field number × 8 + wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag > 0xffffffff) throw garbled("a field without number", this.at);
    return tag;
  }

  #byte(): number {
    if (this.at >= this.limit) throw garbled("it ends too early", this.at);
    return this.bytes[this.at++] ?? 0;
  }

  #varint(): void {
    let low = 0;
    let byte = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#low = low;
        this.#high = 0;
        return;
      }
    }
    byte = this.#byte();
    low |= (byte & 0x7f) << 28;
    let high = (byte & 0x7f) >> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      byte = this.#byte();
      if (shift === 31 && byte > 1) throw garbled("a number of more than 64 bits", this.at);
      high |= (byte & 0x7f) << shift;
    }
    this.#low = low >>> 0;
    this.#high = high >>> 0;
  }

  /** A natural number; above 2^53 it is rounded. */
  varint(): number {
    const byte = this.at < this.limit ? (this.bytes[this.at] ?? 0) : 0x80;
    if (byte < 0x80) {
      this.at += 1;
      return byte;
    }
    this.#varint();
    return this.#high * 0x100000000 + this.#low;
  }

  /** Decimal digits of a uint64. */
  uint64Text(): string {
    this.#varint();
    if (this.#high < 0x200000) return String(this.#high * 0x100000000 + this.#low);
    return ((BigInt(this.#high) << 32n) | BigInt(this.#low)).toString();
  }

  /** Decimal digits of an int64. */
  int64Text(): string {
    this.#varint();
    if (this.#high < 0x200000) return String(this.#high * 0x100000000 + this.#low);
    return BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low)).toString();
  }

  /** An int64; a bigint where no number holds it. */
  int64(): number | bigint {
    this.#varint();
    const value = (this.#high | 0) * 0x100000000 + this.#low;
    if (Number.isSafeInteger(value)) return value;
    return BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low));
  }

  flag(): boolean {
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  double(): number {
    return this.bytes.readDoubleLE(this.#take(8));
  }

  float(): number {
    return this.bytes.readFloatLE(this.#take(4));
  }

  string(): string {
    const length = this.varint();
    const start = this.#take(length);
    return utf8Text(this.bytes, start, start + length);
  }

  /** Passes over `length` bytes and gives where they begin. */
  #take(length: number): number {
    if (length > this.limit - this.at) throw garbled("it ends too early", this.at);
    this.at += length;
    return this.at - length;
  }

  /** Passes over a length and its bytes; they end at `at`. Gives where they begin. */
  span(): number {
    return this.#take(this.varint());
  }

  /** Goes into the message that begins here: `limit` is its end until `close`, which takes what this gives. */
  open(): number {
    const length = this.varint();
    const outer = this.limit;
    if (length > outer - this.at) throw garbled("a part is longer than the whole", this.at);
    this.limit = this.at + length;
    return outer;
  }

  /** Leaves a message; what was not read of it is passed over. */
  close(outer: number): void {
    this.at = this.limit;
    this.limit = outer;
  }

  /** Passes over the value of a field that nobody asked for. */
  skip(tag: number): void {
    const type = tag % 8;
    if (type === 0) this.#varint();
    else if (type === 1) this.#take(8);
    else if (type === 2) this.span();
    else if (type === 5) this.#take(4);
    else throw garbled(`wire type ${type}`, this.at);
  }
}

/** Text of UTF-8 bytes. @throws SyntaxError where they are none */
export function utf8Text(bytes: Buffer, start: number, end: number): string {
  let all = 0;
  for (let index = start; index < end; index += 1) all |= bytes[index] ?? 0;
  if (all < 0x80) return bytes.toString("latin1", start, end);
  if (!isUtf8(bytes.subarray(start, end))) throw garbled("a text that is not UTF-8", start);
  return bytes.toString("utf8", start, end);
}
