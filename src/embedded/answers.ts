/** Answers as the client gives them, decoded in several turns of the event loop where they are long. */
import { setImmediate } from "node:timers/promises";
import { parsePlain, setOwn } from "../util/json.ts";
import { byte } from "../util/json-bytes.ts";
import { isTurnOver } from "./turn.ts";

/** Bytes; a shorter answer is decoded at once: in a few milliseconds. */
const longMin = 256 * 1024;
/** Bytes of one list or object that are decoded in one go, but for an element or a member that is longer. */
const pieceLength = 64 * 1024;

const { quote, comma, openBracket, backslash, closeBracket, openBrace, closeBrace } = byte;

/** The decoded JSON text of a `result`, in UTF-8, as `parsePlain` gives it. */
export function parseAnswer(bytes: Uint8Array): unknown | Promise<unknown> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return text.length < longMin ? parsePlain(text.toString()) : new Decoding(text).go();
}

/** A list or an object that has begun and not ended. */
interface Opened {
  /** Where it stands with its key, if it has one. */
  readonly begin: number;
  /** The key as it is spelled; empty = none. */
  readonly key: string;
  readonly isList: boolean;
  /** Where that of it begins which is not decoded. */
  from: number;
  /** What of it is decoded; null = nothing yet. */
  value: unknown[] | Record<string, unknown> | null;
}

/** A text of which some is decoded already. It is sound JSON: nothing is checked but what is decoded. */
class Decoding {
  readonly #text: Buffer;
  /** From the outermost to the innermost. */
  readonly #opened: Opened[] = [];
  #at = 0;
  /** The last string that was passed over. */
  #string = { begin: 0, end: 0 };

  constructor(text: Buffer) {
    this.#text = text;
  }

  /** Goes on until the turn is over. */
  go(): unknown | Promise<unknown> {
    const text = this.#text;
    let whole: Opened | undefined;
    for (; this.#at < text.length; this.#at += 1) {
      const byte = text[this.#at];
      if (byte === comma) {
        if (this.#cut() && isTurnOver()) {
          this.#at += 1;
          return setImmediate().then(() => this.go());
        }
      } else if (byte === quote) this.#passString();
      else if (byte === openBracket || byte === openBrace) this.#open(byte === openBracket);
      else if (byte === closeBracket || byte === closeBrace) whole = this.#close();
    }
    return whole?.value ?? parsePlain(text.toString());
  }

  #passString(): void {
    const text = this.#text;
    const begin = this.#at;
    let at = begin + 1;
    for (; text[at] !== quote; at += 1) if (text[at] === backslash) at += 1;
    this.#string = { begin, end: at + 1 };
    this.#at = at;
  }

  #open(isList: boolean): void {
    const within = this.#opened.at(-1);
    const { begin, end } = this.#string;
    const keyed = within?.isList === false;
    this.#opened.push({
      begin: keyed ? begin : this.#at,
      key: keyed ? this.#text.toString("utf8", begin, end) : "",
      isList,
      from: this.#at + 1,
      value: null,
    });
  }

  /** Ends the innermost; where none of it is decoded it stays a part of the text around it. */
  #close(): Opened | undefined {
    const ended = this.#opened.pop();
    if (ended === undefined || ended.value === null) return ended;
    this.#decode(ended, this.#at);
    const within = this.#opened.at(-1);
    if (within === undefined) return ended;
    put(within, ended);
    within.from = this.#at + 1;
    return ended;
  }

  /** At a comma: decodes what stands before it, if that is long enough. */
  #cut(): boolean {
    const innermost = this.#opened.at(-1);
    if (innermost === undefined || this.#at - innermost.from < pieceLength) return false;
    for (const [depth, opened] of this.#opened.entries())
      this.#decode(opened, this.#opened[depth + 1]?.begin ?? this.#at);
    innermost.from = this.#at + 1;
    return true;
  }

  /** Decodes the elements or members up to `end`. */
  #decode(opened: Opened, end: number): void {
    const { isList, from } = opened;
    opened.value ??= isList ? [] : {};
    opened.from = end;
    const inner = this.#text.toString("utf8", from, end).replace(/^\s*,/, "").replace(/,\s*$/, "");
    if (inner === "") return;
    const piece = parsePlain(isList ? `[${inner}]` : `{${inner}}`);
    if (Array.isArray(opened.value))
      for (const element of piece as unknown[]) opened.value.push(element);
    else
      for (const [key, member] of Object.entries(piece as object))
        setMember(opened.value, key, member);
  }
}

function put({ value: within }: Opened, { key, value }: Opened): void {
  if (Array.isArray(within)) within.push(value);
  else if (within !== null) setMember(within, String(parsePlain(key)), value);
}

function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") setOwn(object, key, value);
  else object[key] = value;
}
