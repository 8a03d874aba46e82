/**
 * The parts of a gRPC answer: its message, its status, its words.
 *
 * A message on the wire:  | 0: compressed, 0 or 1 | 1..4: length, unsigned, big-endian | the message's bytes |
 */
import { VectorError } from "../errors.ts";
import { cutError } from "./connection.ts";

const prefixBytes = 5;

/** Puts together the one message of a unary answer. */
export class MessageReader {
  readonly #where: string;
  readonly #bytesMax: number;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixed = 0;
  /** As long as the prefix says; null while that is not there. */
  #message: Buffer | null = null;
  #bytes = 0;

  constructor(where: string, bytesMax: number) {
    this.#where = where;
    this.#bytesMax = bytesMax;
  }

  /** Takes further bytes. @throws E_BAD_RESPONSE where they are compressed, too many (`details.tooLarge`), or go past the message */
  push(chunk: Buffer): void {
    const start = Math.min(chunk.length, prefixBytes - this.#prefixed);
    chunk.copy(this.#prefix, this.#prefixed, 0, start);
    this.#prefixed += start;
    if (this.#prefixed < prefixBytes) return;
    this.#message ??= Buffer.allocUnsafeSlow(this.#length());
    if (chunk.length - start > this.#message.length - this.#bytes)
      throw this.#bad("has more than one message");
    this.#bytes += chunk.copy(this.#message, this.#bytes, start);
  }

  /** The message, alone in its ArrayBuffer. @throws E_BAD_RESPONSE where it did not come whole (`details.cut`) */
  end(): Uint8Array {
    if (this.#message === null || this.#bytes < this.#message.length) throw cutError(this.#where);
    return this.#message;
  }

  /** Bytes of the message. */
  #length(): number {
    if (this.#prefix[0] !== 0) throw this.#bad("is compressed although none was asked for");
    const length = this.#prefix.readUInt32BE(1);
    if (length > this.#bytesMax) {
      throw new VectorError(
        "E_BAD_RESPONSE",
        `${this.#where}: the answer is larger than ${this.#bytesMax} bytes.`,
        { retryable: false, details: { tooLarge: true } },
      );
    }
    return length;
  }

  #bad(what: string): VectorError {
    return new VectorError("E_BAD_RESPONSE", `${this.#where}: the answer ${what}.`);
  }
}

/** The words of `grpc-message`, which are percent-encoded; what is not well encoded stays as it came. */
export function statusMessage(value: string | string[] | undefined): string {
  const text = typeof value === "string" ? value : "";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The status that the protocol gives an answer of HTTP alone (gRPC's http-grpc-status-mapping.md). */
export function grpcStatusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}
