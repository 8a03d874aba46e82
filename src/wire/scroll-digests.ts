/**
 * Digests (model/digest.ts) of the points of a Scroll's answer, straight from its bytes: no text is decoded, and no vector copied
 * but into what is hashed. It knows the points that vecferry writes in the layouts that keep metadata apart,
 *
 *     { document key: text or null, "metadata": {…}, "tenant_id": text, "_vecferry": { id, run, norm, uri, collection: texts } }
 *
 * with one dense vector without a name. Any other point is odd: it is read the long way, `decodeScrollAnswer` and all behind it,
 * with which this agrees on every point that is not.
 */
import { digestBytes, putDigest } from "../model/digest.ts";
import { DigestMessage } from "../model/digest-message.ts";
import { markKey, tenantKey } from "../model/layout.ts";
import { defaultVector } from "../model/record.ts";
import { floatText } from "../util/json.ts";
import type { PointColumns } from "./columns.ts";
import { PayloadReader } from "./payload-reader.ts";
import { readPointId } from "./point-id.ts";
import { countOf, type Doubtful } from "./points.ts";
import { Reader, utf8Text, Writer } from "./protobuf.ts";
import { decodeScrollAnswer } from "./scroll.ts";
import { FloatSpan } from "./vector-reader.ts";

/** How a collection's points are written. */
export interface DigestShape {
  readonly dimension: number;
  /** The payload key of the document. */
  readonly document: string;
  /** The payload key of the metadata. */
  readonly metadata: string;
}

/** Points of a page in Qdrant's order; all columns have `points.length` rows. Of a point that is odd they say nothing. */
export interface DigestPage {
  readonly points: string[];
  /** The marks' `run` and `collection`; null where there is none. */
  readonly runs: (string | null)[];
  readonly collections: (string | null)[];
  /** 16 bytes a row. */
  readonly digests: Uint8Array;
  /** The point that the next page begins with; null = this was the last. */
  readonly next: string | null;
  /** The rows of odd points, ascending, and these points. */
  readonly odd: readonly number[];
  readonly oddPoints: PointColumns & Doubtful;
  /** Of the message. */
  readonly bytes: number;
}

/** @throws SyntaxError, E_INPUT as `decodeScrollAnswer` */
export function decodeScrollDigests(message: Uint8Array, shape: DigestShape): DigestPage {
  const reader = new Reader(message);
  const points = new PointDigests(shape, countOf(message, 2));
  let next: string | null = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 18) points.read(reader);
    else if (tag === 10) next = readPointId(reader);
    else reader.skip(tag);
  }
  return { ...points.columns(), next, bytes: message.length };
}

const none = -1;
const uuidBytes = 36;
const tenantName = Buffer.from(tenantKey);
const markName = Buffer.from(markKey);
/** The texts of a mark, in the order in which `#marked` has their places. */
const marked = ["id", "run", "norm", "uri", "collection"].map((name) => Buffer.from(name));
const [idAt, runAt, normAt, uriAt, collectionAt] = [0, 2, 4, 6, 8] as const;

class PointDigests {
  readonly #dimension: number;
  readonly #documentName: Buffer;
  readonly #metadataName: Buffer;
  readonly #message = new DigestMessage();
  readonly #payload = new PayloadReader();
  readonly #span = new FloatSpan();
  readonly #points: string[] = [];
  readonly #runs: (string | null)[] = [];
  readonly #collections: (string | null)[] = [];
  readonly #digests: Uint8Array;
  readonly #odd: number[] = [];
  /** A Scroll's answer that has the odd points alone. */
  readonly #rest = new Writer();
  readonly #restStart = this.#rest.at;
  readonly #run = new KnownText();
  readonly #collection = new KnownText();
  /** Where the point's id and the values of its payload begin. */
  #id = none;
  #document = none;
  #metadata = none;
  #tenant = none;
  #mark = none;
  /** Where each text of the mark starts and ends. */
  readonly #marked = new Int32Array(2 * marked.length);
  /** Where the text that was read last starts and ends; none = it is null. */
  #start = none;
  #end = none;

  constructor({ dimension, document, metadata }: DigestShape, rows: number) {
    this.#dimension = dimension;
    this.#documentName = Buffer.from(document);
    this.#metadataName = Buffer.from(metadata);
    this.#digests = new Uint8Array(rows * digestBytes);
  }

  /** The point whose length comes next. @throws SyntaxError */
  read(reader: Reader): void {
    const outer = reader.open();
    const { at, limit } = reader;
    const known = this.#fields(reader) && this.#markTexts(reader) && this.#digest(reader);
    reader.limit = limit;
    if (!known) this.#setAside(reader, at);
    reader.close(outer);
  }

  columns(): Omit<DigestPage, "next" | "bytes"> {
    const wanted = { name: defaultVector, kind: "dense", dimension: this.#dimension } as const;
    const rest = this.#rest.bytes.subarray(this.#restStart, this.#rest.at);
    return {
      points: this.#points,
      runs: this.#runs,
      collections: this.#collections,
      digests: this.#digests,
      odd: this.#odd,
      oddPoints: decodeScrollAnswer(rest, [wanted]),
    };
  }

  #setAside(reader: Reader, start: number): void {
    this.#odd.push(this.#points.length);
    this.#points.push("");
    this.#runs.push(null);
    this.#collections.push(null);
    const length = reader.limit - start;
    this.#rest.varint(18);
    this.#rest.varint(length);
    this.#rest.copy(reader.bytes, start, reader.limit);
  }

  /** Finds what the point has; false where it has more, or less. */
  #fields(reader: Reader): boolean {
    this.#id = none;
    this.#document = none;
    this.#metadata = none;
    this.#tenant = none;
    this.#mark = none;
    let hasVector = false;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 18) {
        if (!this.#entry(reader)) return false;
      } else if (tag === 10) {
        if (this.#id !== none || !this.#uuid(reader)) return false;
      } else if (tag === 34) {
        if (hasVector || !this.#vector(reader)) return false;
        hasVector = true;
      } else reader.skip(tag);
    }
    return hasVector && this.#id !== none && this.#mark !== none;
  }

  #uuid(reader: Reader): boolean {
    const outer = reader.open();
    if (!reader.more() || reader.tag() !== 18) return false;
    this.#id = reader.span();
    if (reader.more() || reader.at - this.#id !== uuidBytes) return false;
    reader.close(outer);
    return true;
  }

  /** An entry of the payload, whose key is one of ours. */
  #entry(reader: Reader): boolean {
    const outer = reader.open();
    if (!reader.more() || reader.tag() !== 10) return false;
    const start = reader.span();
    const end = reader.at;
    if (!reader.more() || reader.tag() !== 18) return false;
    const value = reader.at;
    reader.span();
    if (reader.more()) return false;
    reader.close(outer);
    const { bytes } = reader;
    if (isAt(bytes, start, end, this.#documentName)) this.#document = value;
    else if (isAt(bytes, start, end, this.#metadataName)) this.#metadata = value;
    else if (isAt(bytes, start, end, markName)) this.#mark = value;
    else if (isAt(bytes, start, end, tenantName)) this.#tenant = value;
    else return false;
    return true;
  }

  /** Vectors that are one dense one without a name. */
  #vector(reader: Reader): boolean {
    const outer = reader.open();
    if (!reader.more() || reader.tag() !== 10) return false;
    this.#span.readVector(reader);
    const { kind, dimension } = this.#span;
    if (reader.more() || kind !== "dense" || dimension !== this.#dimension) return false;
    reader.close(outer);
    return true;
  }

  /** Finds the texts of the mark; false where it has anything else. */
  #markTexts(reader: Reader): boolean {
    this.#marked.fill(none);
    const { limit } = reader;
    if (!openStruct(reader, this.#mark)) return false;
    while (reader.more()) {
      if (reader.tag() !== 10) return false;
      const outer = reader.open();
      if (!reader.more() || reader.tag() !== 10) return false;
      const start = reader.span();
      const end = reader.at;
      if (!reader.more() || reader.tag() !== 18) return false;
      if (!this.#text(reader, reader.at) || this.#start === none || reader.more()) return false;
      reader.close(outer);
      const place = marked.findIndex((name) => isAt(reader.bytes, start, end, name));
      if (place === -1) return false;
      this.#marked[2 * place] = this.#start;
      this.#marked[2 * place + 1] = this.#end;
    }
    reader.limit = limit;
    return this.#marked[idAt] !== none;
  }

  /** The Value at `at`, which is a text or null; false where it is something else. */
  #text(reader: Reader, at: number): boolean {
    reader.at = at;
    const outer = reader.open();
    this.#start = none;
    this.#end = none;
    if (reader.more()) {
      const tag = reader.tag();
      if (tag === 34) {
        this.#start = reader.span();
        this.#end = reader.at;
      } else if (tag === 8) reader.skip(tag);
      else return false;
    }
    if (reader.more()) return false;
    reader.close(outer);
    return true;
  }

  /** Adds the row; false where it is odd after all. */
  #digest(reader: Reader): boolean {
    const { bytes } = reader;
    const message = this.#message;
    const norm = this.#norm(bytes);
    if (norm === null) return false;
    message.begin();
    message.utf8(bytes, this.#id, this.#id + uuidBytes);
    this.#writeMarked(bytes, idAt);
    if (this.#tenant === none) message.none();
    else if (!this.#text(reader, this.#tenant) || this.#start === none) return false;
    else message.utf8(bytes, this.#start, this.#end);
    this.#writeMarked(bytes, collectionAt);
    if (this.#document !== none && !this.#text(reader, this.#document)) return false;
    if (this.#document === none || this.#start === none) message.none();
    else message.utf8(bytes, this.#start, this.#end);
    this.#writeMarked(bytes, uriAt);
    if (!this.#writeMetadata(reader)) return false;
    message.none();
    message.norm(norm);
    message.vector(this.#span.bytes, this.#span.start, this.#span.end);
    const row = this.#points.length;
    putDigest(message.digest(), this.#digests, row);
    this.#points.push(utf8Text(bytes, this.#id, this.#id + uuidBytes));
    this.#runs.push(this.#run.at(bytes, this.#marked[runAt], this.#marked[runAt + 1]));
    const [from, to] = [this.#marked[collectionAt], this.#marked[collectionAt + 1]];
    this.#collections.push(this.#collection.at(bytes, from, to));
    return true;
  }

  #writeMarked(bytes: Buffer, place: number): void {
    const start = this.#marked[place] ?? none;
    if (start === none) this.#message.none();
    else this.#message.utf8(bytes, start, this.#marked[place + 1] ?? 0);
  }

  /** NaN = it has none; null = it is spelled otherwise than we spell norms. */
  #norm(bytes: Buffer): number | null {
    const start = this.#marked[normAt] ?? none;
    if (start === none) return Number.NaN;
    const text = bytes.toString("latin1", start, this.#marked[normAt + 1]);
    const norm = Number(text);
    return Number.isNaN(norm) || floatText(norm) !== text ? null : norm;
  }

  #writeMetadata(reader: Reader): boolean {
    if (this.#metadata === none) {
      this.#message.none();
      return true;
    }
    if (!openStruct(reader, this.#metadata)) return false;
    const payload = this.#payload;
    payload.begin();
    while (reader.more()) {
      if (reader.tag() !== 10) return false;
      payload.entry(reader);
    }
    const text = payload.endBytes(reader);
    if (payload.doubtful) return false;
    // In ASCII the order of bytes is that of UTF-16.
    if (payload.ascii && text.length > 2) this.#message.canonical(text);
    else this.#message.object(utf8Text(text, 0, text.length));
    return true;
  }
}

/** Goes into the Struct that is all of the Value at `at`; false where that is something else. Whoever goes in sets the limit again. */
function openStruct(reader: Reader, at: number): boolean {
  reader.at = at;
  reader.open();
  if (!reader.more() || reader.tag() !== 50) return false;
  return reader.open() === reader.limit;
}

function isAt(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let step = 0; step < name.length; step += 1)
    if (bytes[start + step] !== name[step]) return false;
  return true;
}

/** Texts of which the same comes again and again. */
class KnownText {
  #bytes = Buffer.alloc(0);
  #text = "";

  /** @throws SyntaxError */
  at(bytes: Buffer, start = none, end = none): string | null {
    if (start === none) return null;
    if (!isAt(bytes, start, end, this.#bytes)) {
      this.#text = utf8Text(bytes, start, end);
      this.#bytes = Buffer.from(bytes.subarray(start, end));
    }
    return this.#text;
  }
}
