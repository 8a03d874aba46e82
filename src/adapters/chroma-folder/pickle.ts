/**
 * Reads `index_metadata.pickle`, the file in which Chroma keeps which id has which label in the vector index, as a
 * stream: the entries are handed over in groups and nothing of them is kept.
 *
 * The file is a Python pickle in one of two flavours:
 *   Python (0.4 to 0.6)  protocol 5, an instance of PersistentData
 *     80 05 | 95 frame | 8c module 94 | 8c class 94 | 93 94 | 29 81 94 | 7d 94 28 fields… 75 62 | 2e
 *   Rust (1.x)           protocol 3, a plain dict
 *     80 03 | 7d 28 fields… 75 | 2e
 * Fields in order: dimensionality, total_elements_added, max_seq_id (0.4 only; null in Rust), id_to_label, label_to_id,
 * id_to_seq_id. A dict is written as groups of 1,000: mark, key, value, …, SETITEMS; one single entry as SETITEM.
 * Reading stops behind id_to_label, so nothing is asked of what follows it.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** What the pickle says beside its entries. */
export interface PickleSummary {
  /** The last queue entry that the index holds, where the pickle keeps it (0.4). */
  readonly maxSeqId: number | null;
  /** Number of entries in id_to_label. */
  readonly entries: number;
}

/** Entries as they stand in the file: id, label, id, label, … */
export type EntryGroup = readonly PickleValue[];

/** A dict on the machine's stack: its entries are not kept. */
const dict = Symbol("dict");
/** An object of a class (PersistentData): its fields come by a dict. */
const instance = Symbol("instance");
const mark = Symbol("mark");
type PickleValue = string | number | null | typeof dict | typeof instance | typeof mark;

/** The pickle is cut short, or is none that Chroma writes. */
export class PickleError extends Error {}

const chunkBytes = 1 << 20;
const valueBytesMax = 1 << 26;
/** More than any group has: a longer stack means that the file is not what it seems. */
const stackMax = 1 << 16;
/** Python names a string that it wrote before by its number; ids only ever repeat one of the field names. */
const memoMax = 64;

/**
 * Hands every group of id_to_label to `onEntries`, in the file's order, and yields now and then so that the caller can
 * breathe. Returns when id_to_label has ended. @throws PickleError
 */
export function* readPickle(
  path: string,
  onEntries: (entries: EntryGroup) => void,
): Generator<void, PickleSummary> {
  const file = openSync(path, "r");
  try {
    return yield* new Machine(new ByteReader(file), onEntries).run();
  } finally {
    closeSync(file);
  }
}

class ByteReader {
  readonly #file: number;
  #buffer = Buffer.allocUnsafe(chunkBytes);
  #at = 0;
  #end = 0;

  constructor(file: number) {
    this.#file = file;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  /** The next `count` bytes; valid until the next call. */
  take(count: number): Buffer {
    if (this.#at + count > this.#end) this.#refill(count);
    const start = this.#at;
    this.#at += count;
    return this.#buffer.subarray(start, this.#at);
  }

  text(count: number): string {
    if (this.#at + count > this.#end) this.#refill(count);
    const start = this.#at;
    this.#at += count;
    return this.#buffer.toString("utf8", start, this.#at);
  }

  line(): string {
    let text = "";
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) {
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Moves the rest to the front and reads on behind it: one buffer serves for the whole file. */
  #refill(count: number): void {
    if (count > valueBytesMax) throw new PickleError("it has a value of more than 64 MiB");
    const rest = this.#end - this.#at;
    const buffer =
      rest + count > this.#buffer.length ? Buffer.allocUnsafe(rest + count) : this.#buffer;
    this.#buffer.copy(buffer, 0, this.#at, this.#end);
    this.#buffer = buffer;
    this.#at = 0;
    this.#end = rest;
    while (this.#end < buffer.length) {
      const read = readSync(this.#file, buffer, this.#end, buffer.length - this.#end, null);
      if (read === 0) break;
      this.#end += read;
    }
    if (this.#end < count) throw new PickleError("the file is cut short");
  }
}

class Machine {
  readonly #reader: ByteReader;
  readonly #onEntries: (entries: EntryGroup) => void;
  readonly #memo: PickleValue[] = [];
  #memoCount = 0;
  #stack: PickleValue[] = [];
  #marks = 0;
  #entries = 0;

  constructor(reader: ByteReader, onEntries: (entries: EntryGroup) => void) {
    this.#reader = reader;
    this.#onEntries = onEntries;
  }

  *run(): Generator<void, PickleSummary> {
    for (;;) {
      const code = this.#reader.byte();
      if (code === 0x2e) throw new PickleError("it has no id_to_label");
      const group = this.#entries;
      this.#step(code);
      if (this.#marks === 1 && this.#isBehindLabels()) {
        return { maxSeqId: this.#field("max_seq_id"), entries: this.#entries };
      }
      if (this.#entries !== group) yield;
    }
  }

  /** Whether the field behind id_to_label has just been named. */
  #isBehindLabels(): boolean {
    const stack = this.#stack;
    return (
      stack.at(-1) === "label_to_id" && stack.at(-2) === dict && stack.at(-3) === "id_to_label"
    );
  }

  /** A number among the fields before id_to_label. */
  #field(name: string): number | null {
    const at = this.#stack.indexOf(name);
    const value = at === -1 ? null : this.#stack[at + 1];
    return typeof value === "number" ? value : null;
  }

  #step(code: number): void {
    if (this.#pushes(code) || this.#remembers(code)) return;
    const reader = this.#reader;
    switch (code) {
      case 0x80: // PROTO
        reader.take(1);
        break;
      case 0x95: // FRAME
        reader.take(8);
        break;
      case 0x28: // MARK
        this.#marks += 1;
        this.#push(mark);
        break;
      case 0x75: // SETITEMS
        this.#setItems(this.#popToMark());
        break;
      case 0x73: // SETITEM
        this.#setItems(this.#stack.splice(-2));
        break;
      case 0x93: // STACK_GLOBAL
        this.#stack.splice(-2);
        this.#push(instance);
        break;
      case 0x63: // GLOBAL
        reader.line();
        reader.line();
        this.#push(instance);
        break;
      case 0x81: // NEWOBJ: class and arguments become an object
        this.#stack.splice(-2);
        this.#push(instance);
        break;
      default:
        throw new PickleError(`it has the unknown operation 0x${code.toString(16)}`);
    }
  }

  /** Operations that put one plain value on the stack. */
  #pushes(code: number): boolean {
    const reader = this.#reader;
    switch (code) {
      case 0x8c: // SHORT_BINUNICODE
        this.#push(reader.text(reader.byte()));
        return true;
      case 0x58: // BINUNICODE
        this.#push(reader.text(reader.take(4).readUInt32LE()));
        return true;
      case 0x8d: // BINUNICODE8
        this.#push(reader.text(Number(reader.take(8).readBigUInt64LE())));
        return true;
      case 0x4b: // BININT1
        this.#push(reader.byte());
        return true;
      case 0x4d: // BININT2
        this.#push(reader.take(2).readUInt16LE());
        return true;
      case 0x4a: // BININT
        this.#push(reader.take(4).readInt32LE());
        return true;
      case 0x8a: // LONG1
        this.#push(longValue(reader.take(reader.byte())));
        return true;
      case 0x4e: // NONE
        this.#push(null);
        return true;
      case 0x7d: // EMPTY_DICT
        this.#push(dict);
        return true;
      case 0x29: // EMPTY_TUPLE
        this.#push(instance);
        return true;
      default:
        return false;
    }
  }

  #remembers(code: number): boolean {
    switch (code) {
      case 0x94: // MEMOIZE
        if (this.#memoCount < memoMax) this.#memo[this.#memoCount] = this.#stack.at(-1) ?? null;
        this.#memoCount += 1;
        return true;
      case 0x68: // BINGET
        this.#recall(this.#reader.byte());
        return true;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#reader.take(4).readUInt32LE());
        return true;
      default:
        return false;
    }
  }

  #recall(index: number): void {
    const value = this.#memo[index];
    if (value === undefined) throw new PickleError("it names a value that was not written before");
    this.#push(value);
  }

  #push(value: PickleValue): void {
    if (this.#stack.length >= stackMax) throw new PickleError("its groups have no end");
    this.#stack.push(value);
  }

  #popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at === -1) throw new PickleError("a group has no beginning");
    const items = this.#stack.splice(at).slice(1);
    this.#marks -= 1;
    return items;
  }

  /** `items` go into the dict that is now on top of the stack; its name, where it is a field, stands below it. */
  #setItems(items: PickleValue[]): void {
    const stack = this.#stack;
    if (stack.at(-1) !== dict || items.length % 2 !== 0) {
      throw new PickleError("a group belongs to nothing");
    }
    if (stack.at(-2) !== "id_to_label") return;
    if (items.length === 0) return;
    this.#entries += items.length / 2;
    this.#onEntries(items);
  }
}

/** A little-endian two's complement number of at most 8 bytes. */
function longValue(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  if (bytes.length > 8) throw new PickleError("it has a number of more than 64 bits");
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at -= 1) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return Number(BigInt.asIntN(bytes.length * 8, value));
}
