/** Long bodies of upserts in their usual shape, read from their bytes in one go: JSON text of vectors takes longer than storing them. */
import { isUtf8 } from "node:buffer";
import { byte, skipSpace } from "../../util/json-bytes.ts";
import { type Cursor, cursorAt, scanFloats } from "../../util/number-bytes.ts";
import type { PointColumns } from "../api.ts";
import { canonicalPointId } from "../collection/point-key.ts";
import type { RestRequest } from "./request.ts";

/** A shorter body is read as text: it is checked as a whole there, before anything else is said of it. */
const plainBytesMin = 64 * 1024;
/** Deeper payloads, and those with longer numbers, are judged where all that is odd is. */
const levelsMax = 64;
const digitsMax = 64;

const { quote, comma, colon, zero, nine, backslash, exponentUpper, exponentLower } = byte;
const { openBracket, closeBracket, openBrace, closeBrace } = byte;
const letterU = 0x75;

/**
 * The points of `{points: [{id, vector, payload}]}` where each has one dense vector without a name, all of one length; null for
 * everything else, and for whatever is to be refused: it is for the reader of texts.
 */
export function plainPoints({ body }: RestRequest): PointColumns | null {
  if (!(body instanceof Uint8Array) || body.length < plainBytesMin || !isUtf8(body)) return null;
  return new PlainBody(Buffer.from(body.buffer, body.byteOffset, body.byteLength)).points();
}

/** A body, and where the reading of it stands. What reads a part gives false or null where that is not of the usual shape. */
class PlainBody {
  readonly #bytes: Buffer;
  readonly #cursor: Cursor;
  readonly #ids: string[] = [];
  readonly #payloads: (string | null)[] = [];
  #dimension = 0;
  #data = new Float32Array(0);

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#cursor = cursorAt(bytes, 0);
  }

  points(): PointColumns | null {
    if (!this.#takes(openBrace) || this.#name() !== "points" || !this.#takes(openBracket))
      return null;
    do {
      if (!this.#point()) return null;
    } while (this.#takes(comma));
    if (!this.#takes(closeBracket) || !this.#takes(closeBrace)) return null;
    if (skipSpace(this.#bytes, this.#cursor.at) !== this.#bytes.length) return null;
    const dimension = this.#dimension;
    const data = this.#data.subarray(0, this.#ids.length * dimension);
    const column = { kind: "dense", dimension, data, present: null } as const;
    return { ids: this.#ids, payloads: this.#payloads, vectors: new Map([["", column]]) };
  }

  #takes(code: number): boolean {
    const cursor = this.#cursor;
    cursor.at = skipSpace(this.#bytes, cursor.at);
    if (this.#bytes[cursor.at] !== code) return false;
    cursor.at += 1;
    return true;
  }

  /** A member's name, up to behind its colon. */
  #name(): string | null {
    const name = this.#takes(quote) ? this.#untilQuote() : null;
    return name !== null && this.#takes(colon) ? name : null;
  }

  #untilQuote(): string | null {
    const { at } = this.#cursor;
    const end = this.#bytes.indexOf(quote, at);
    if (end === -1) return null;
    this.#cursor.at = end + 1;
    return this.#bytes.toString("latin1", at, end);
  }

  #point(): boolean {
    if (!this.#takes(openBrace)) return false;
    let id: string | null = null;
    let payload: string | null | undefined;
    let hasVector = false;
    do {
      switch (this.#name()) {
        case "id":
          if (id !== null) return false;
          id = this.#id();
          if (id === null) return false;
          break;
        case "vector":
          if (hasVector || !this.#vector(this.#ids.length)) return false;
          hasVector = true;
          break;
        case "payload":
          if (payload !== undefined) return false;
          payload = this.#payload();
          if (payload === null) return false;
          break;
        default:
          return false;
      }
    } while (this.#takes(comma));
    if (id === null || !hasVector || !this.#takes(closeBrace)) return false;
    this.#ids.push(id);
    this.#payloads.push(payload ?? null);
    return true;
  }

  #id(): string | null {
    const quoted = this.#takes(quote);
    const text = quoted ? this.#untilQuote() : this.#digits();
    // As it is kept: what is spelled otherwise is judged with what is odd.
    const isPlain = text !== null && canonicalPointId(text) === text;
    return isPlain && quoted === (text.length === 36) ? text : null;
  }

  #digits(): string {
    const { at } = this.#cursor;
    let end = at;
    while (isDigit(this.#bytes[end] ?? 0)) end += 1;
    this.#cursor.at = end;
    return this.#bytes.toString("latin1", at, end);
  }

  #vector(row: number): boolean {
    if (!this.#takes(openBracket)) return false;
    if (this.#dimension === 0) this.#dimension = this.#countNumbers();
    const end = (row + 1) * this.#dimension;
    if (end > this.#data.length) {
      const grown = new Float32Array(Math.max(end, this.#data.length * 2));
      grown.set(this.#data);
      this.#data = grown;
    }
    const scanned = scanFloats(this.#cursor, this.#data, row * this.#dimension, this.#dimension);
    return scanned && this.#takes(closeBracket);
  }

  /** How many numbers stand before the array's end. */
  #countNumbers(): number {
    let commas = 0;
    for (let { at } = this.#cursor; at < this.#bytes.length; at += 1) {
      if (this.#bytes[at] === closeBracket) return commas + 1;
      if (this.#bytes[at] === comma) commas += 1;
    }
    return 1;
  }

  /** An object's text, delimited and not checked. */
  #payload(): string | null {
    const cursor = this.#cursor;
    const start = skipSpace(this.#bytes, cursor.at);
    if (this.#bytes[start] !== openBrace) return null;
    const end = plainEnd(this.#bytes, start);
    if (end === -1) return null;
    cursor.at = end;
    return this.#bytes.toString("utf8", start, end);
  }
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

/** Index behind the object that begins at `from`; -1 where it has no end, is deep, or has long numbers, exponents or characters by their numbers. */
function plainEnd(bytes: Buffer, from: number): number {
  let levels = 0;
  let digits = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const code = bytes[at] ?? 0;
    if (isDigit(code)) {
      digits += 1;
      if (digits > digitsMax) return -1;
      continue;
    }
    if ((code === exponentLower || code === exponentUpper) && digits > 0) return -1;
    digits = 0;
    if (code === quote) {
      at = plainStringEnd(bytes, at + 1);
      if (at === -1) return -1;
    } else if (code === openBrace || code === openBracket) {
      levels += 1;
      if (levels > levelsMax) return -1;
    } else if (code === closeBrace || code === closeBracket) {
      levels -= 1;
      if (levels === 0) return at + 1;
    }
  }
  return -1;
}

/** Where the string's closing quote stands. */
function plainStringEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    const code = bytes[at];
    if (code === quote) return at;
    if (code !== backslash) continue;
    at += 1;
    if (bytes[at] === letterU) return -1;
  }
  return -1;
}
