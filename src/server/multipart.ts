/** Multipart bodies (RFC 7578), read as they come: nothing of a file is kept in memory. */
import { badInput } from "../engine/index.ts";
import { VectorError } from "../errors.ts";

const headBytesMax = 16 * 1024;
const partsMax = 16;

/** A file in a multipart body. */
export interface FilePart {
  /** As the sender calls it; it may be anything. */
  readonly name: string | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The part called `field`. @throws E_INPUT: 415 where the body is not multipart; 400 where it has no such part or is cut short */
export async function readFilePart(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  field: string,
): Promise<FilePart> {
  const [, , boundary] =
    /^multipart\/form-data;.*\bboundary=("?)([^";]{1,70})\1/i.exec(contentType) ?? [];
  if (boundary === undefined) {
    throw new VectorError("E_INPUT", "ContentTypeIncompatible", { details: { status: 415 } });
  }
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const pieces = new Pieces(body);
  for (let part = 0; part <= partsMax; part += 1) {
    // Before the first delimiter stands a preamble, then each time a part that is not wanted.
    for await (const _ of pieces.until(delimiter));
    const head = await readHead(pieces);
    if (head === null) break;
    if (parameter(head, "name") !== field) continue;
    return { name: parameter(head, "filename"), bytes: pieces.until(delimiter) };
  }
  throw badInput(`Required field is missing: ${field}`);
}

/** A part's header lines; null after the last part. */
async function readHead(pieces: Pieces): Promise<string | null> {
  if ((await pieces.peek(2)) === "--") return null;
  let head = "";
  for await (const piece of pieces.until(Buffer.from("\r\n\r\n"))) {
    head += Buffer.from(piece).toString("utf8");
    if (head.length > headBytesMax) throw badInput("The head of a part is too long");
  }
  return head;
}

/** A parameter of the Content-Disposition header. */
function parameter(head: string, name: string): string | null {
  const line = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? "";
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\s]+))`, "i").exec(line);
  return found?.[1] ?? found?.[2] ?? null;
}

/** Bytes that come in pieces, cut at marks. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array>;
  /** Begins with a line's end, so that a delimiter at the very start is found as any other. */
  #rest: Buffer = Buffer.from("\r\n");

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** All bytes before the next `mark`, which is passed over. */
  async *until(mark: Buffer): AsyncGenerator<Uint8Array> {
    for (let at = this.#rest.indexOf(mark); ; at = this.#rest.indexOf(mark)) {
      if (at >= 0) {
        const before = this.#rest.subarray(0, at);
        this.#rest = this.#rest.subarray(at + mark.length);
        if (before.length > 0) yield before;
        return;
      }
      const sure = Math.max(0, this.#rest.length - mark.length + 1);
      const before = this.#rest.subarray(0, sure);
      this.#rest = this.#rest.subarray(sure);
      if (before.length > 0) yield before;
      await this.#fill();
    }
  }

  /** The next bytes as text, without passing over them. */
  async peek(length: number): Promise<string> {
    while (this.#rest.length < length) await this.#fill();
    return this.#rest.toString("latin1", 0, length);
  }

  async #fill(): Promise<void> {
    const next = await this.#source.next();
    if (next.done === true) throw badInput("Multipart stream is incomplete");
    this.#rest = Buffer.concat([this.#rest, next.value]);
  }
}
