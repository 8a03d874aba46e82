/** What a digest is made of, put together row by row: its form is told in `digest.ts`. */
import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { canonicalJson } from "../util/canonical.ts";
import { isPlainText, MemberPlaces } from "../util/canonical-bytes.ts";
import { byte } from "../util/json-bytes.ts";
import type { VectorBits } from "./vector-bits.ts";

/** Bytes of the NUL and the norm. */
const normBytes = 9;
/** Of a UTF-16 unit, at most. */
const utf8BytesMax = 3;
/** What stands around a text: quotes and a comma. */
const textBytes = 3;
const { quote, comma, openBracket, backslash, closeBracket, openBrace } = byte;

type Text = string | null | undefined;

/** What is hashed for a row, in memory that serves all rows. */
export class DigestMessage {
  #bytes = Buffer.allocUnsafeSlow(8192);
  #end = 0;
  readonly #members = new MemberPlaces();

  /** The words of a row come next, each by `text`, `utf8`, `object`, `canonical` or `none`. */
  begin(): void {
    this.#end = 0;
    this.#reserve(1);
    this.#bytes[this.#end++] = openBracket;
  }

  /** A text as JSON; null where there is none. */
  text(text: Text): void {
    if (text === null || text === undefined) {
      this.none();
      return;
    }
    this.#reserve(text.length * utf8BytesMax + textBytes);
    const bytes = this.#bytes;
    const start = this.#end + 1;
    const end = start + bytes.write(text, start);
    if (!isPlainText(bytes, start, end)) {
      this.#word(JSON.stringify(text));
      return;
    }
    bytes[start - 1] = quote;
    bytes[end] = quote;
    bytes[end + 1] = comma;
    this.#end = end + 2;
  }

  /** The same of a text's UTF-8, which stands in `source`. @throws SyntaxError where it is none */
  utf8(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start + textBytes);
    const bytes = this.#bytes;
    let at = this.#end;
    let all = 0;
    let plain = true;
    bytes[at++] = quote;
    for (let from = start; from < end; from += 1) {
      const code = source[from] ?? 0;
      all |= code;
      if (code < 0x20 || code === quote || code === backslash) plain = false;
      bytes[at++] = code;
    }
    if (all >= 0x80 && !isUtf8(source.subarray(start, end)))
      throw new SyntaxError("a text that is not UTF-8");
    if (!plain) {
      this.#word(JSON.stringify(source.toString("utf8", start, end)));
      return;
    }
    bytes[at] = quote;
    bytes[at + 1] = comma;
    this.#end = at + 2;
  }

  /** Canonical text as bytes. */
  canonical(source: Uint8Array): void {
    this.#reserve(source.length + 1);
    const bytes = this.#bytes;
    let at = this.#end;
    for (let from = 0; from < source.length; from += 1) bytes[at++] = source[from] ?? 0;
    bytes[at++] = comma;
    this.#end = at;
  }

  /** No word. */
  none(): void {
    this.#reserve(5);
    const bytes = this.#bytes;
    let at = this.#end;
    bytes[at++] = 0x6e;
    bytes[at++] = 0x75;
    bytes[at++] = 0x6c;
    bytes[at++] = 0x6c;
    bytes[at++] = comma;
    this.#end = at;
  }

  /** Canonical text of an object; null for none and for the empty one, which count as equal. */
  object(text: Text): void {
    if (text === null || text === undefined || text === "{}") {
      this.none();
      return;
    }
    const start = this.#end;
    this.#word(text);
    const end = this.#end - 1;
    this.#bytes[end] = 0;
    if (this.#members.read(this.#bytes, start, end)) {
      if (!this.#members.inOrder) this.#sort(start, end);
      this.#bytes[end] = comma;
      return;
    }
    this.#end = start;
    const canonical = canonicalJson(text);
    if (canonical === "{}") this.none();
    else this.#word(canonical);
  }

  /** The words of a row that has more than a vector without a name. */
  others(shard: string | null, vectors: readonly VectorBits[]): void {
    this.#reserve((shard?.length ?? 0) * utf8BytesMax + textBytes);
    if (shard === null) this.none();
    else this.#word(shard);
    this.#word(JSON.stringify(vectors.map(({ name, kind, count }) => [name, kind, count])));
  }

  /** Ends the words; the norm comes behind them. */
  norm(norm: number): void {
    this.#reserve(normBytes);
    this.#bytes[this.#end - 1] = closeBracket;
    this.#bytes[this.#end] = 0;
    const start = this.#end + 1;
    this.#end += normBytes;
    if (Number.isNaN(norm)) this.#bytes.fill(0xff, start, this.#end);
    else this.#bytes.writeDoubleLE(norm, start);
  }

  /** The bytes of a vector that stand there in `source`. */
  vector(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.#bytes, this.#end, start, end);
    this.#end += end - start;
  }

  /** The digest's bytes, and more, as characters: a buffer for each row would be an allocation outside the heap. */
  digest(): string {
    // Not a Buffer's subarray, which takes five times as long.
    return hash("sha256", new Uint8Array(this.#bytes.buffer, 0, this.#end), "binary");
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafeSlow(needed * 2);
    this.#bytes.copy(wider, 0, 0, this.#end);
    this.#bytes = wider;
  }

  /** Puts the members of the object from `start` to `end` in the order in which they were found. */
  #sort(start: number, end: number): void {
    this.#reserve(end - start);
    const bytes = this.#bytes;
    const { places, end: last } = this.#members;
    // The text moves behind itself: there its members are read from.
    const offset = end + 1 - start;
    bytes.copyWithin(start + offset, start, end);
    let at = start;
    for (let place = 0; place < last; place += 2) {
      bytes[at++] = place === 0 ? openBrace : comma;
      const memberEnd = (places[place + 1] ?? 0) + offset;
      for (let from = (places[place] ?? 0) + offset; from < memberEnd; from += 1)
        bytes[at++] = bytes[from] ?? 0;
    }
  }

  #word(json: string): void {
    this.#reserve(json.length * utf8BytesMax + textBytes);
    this.#end += this.#bytes.write(json, this.#end);
    this.#bytes[this.#end++] = comma;
  }
}
