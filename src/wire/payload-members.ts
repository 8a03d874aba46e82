/** Payloads member by member into one message: what `payload-writer.ts` writes of their JSON, without that text in between. */
import type { PayloadSink } from "../model/payload.ts";
import { NotCarriedError, PayloadWriter } from "./payload-writer.ts";
import { fieldBytes, textBytes, varintBytes, type Writer } from "./protobuf.ts";

/** Writes the payloads of points that are to be stored. Its methods throw NotCarriedError. */
export class PayloadMembers implements PayloadSink {
  readonly #writer: Writer;
  readonly #json: PayloadWriter;
  readonly #field: number;
  /** Of the objects that are open: where each one's entry begins, its Value, its Struct, and in how many bytes their lengths are expected. */
  readonly #opened: number[] = [];
  /** Bytes that the length of the last object took: the next one's takes as many, mostly. */
  #width = 2;

  /** The members become entries of the map at `field`. */
  constructor(writer: Writer, field: number) {
    this.#writer = writer;
    this.#json = new PayloadWriter(writer, true);
    this.#field = field;
  }

  /** Before each payload: the one before may have ended in the midst. */
  begin(): void {
    this.#opened.length = 0;
  }

  text(key: string, value: string): void {
    if (!value.isWellFormed()) throw new NotCarriedError("surrogate");
    const bytes = textBytes(value);
    const writer = this.#writer;
    const keyBytes = textBytes(key);
    const textField = fieldBytes(bytes);
    writer.varint(this.#entryTag());
    writer.varint(fieldBytes(keyBytes) + fieldBytes(textField));
    writer.string(1, key, keyBytes);
    writer.varint(2 * 8 + 2);
    writer.varint(textField);
    writer.string(4, value, bytes);
  }

  json(key: string, value: string): void {
    const writer = this.#writer;
    const width = varintBytes(value.length);
    const entry = writer.open(this.#entryField(), width);
    writer.string(1, key);
    this.#json.value(value, 2, this.#depth());
    writer.close(entry, width);
  }

  members(object: string): void {
    this.#json.write(object, this.#entryField(), this.#depth());
  }

  open(key: string): void {
    const writer = this.#writer;
    const width = this.#width;
    const entry = writer.open(this.#entryField(), width);
    writer.string(1, key);
    const value = writer.open(2, width);
    this.#opened.push(entry, value, writer.open(6, width), width);
  }

  close(): void {
    const opened = this.#opened;
    const width = opened.pop() ?? 1;
    this.#width = this.#writer.close(opened.pop() ?? 0, width);
    this.#writer.close(opened.pop() ?? 0, width);
    this.#writer.close(opened.pop() ?? 0, width);
  }

  #entryField(): number {
    return this.#opened.length === 0 ? this.#field : 1;
  }

  #entryTag(): number {
    return this.#entryField() * 8 + 2;
  }

  /** Objects that are open, the payload itself included. */
  #depth(): number {
    return 1 + this.#opened.length / partsOfObject;
  }
}

const partsOfObject = 4;
