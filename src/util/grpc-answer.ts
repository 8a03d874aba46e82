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
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes that the frame says it has; null while its prefix is not there. */
  #expected: number | null = null;

  constructor(where: string, bytesMax: number) {
    this.#where = where;
    this.#bytesMax = bytesMax;
  }

  /** Takes further bytes. @throws E_BAD_RESPONSE where they are compressed, too many (`details.tooLarge`), or go past the message */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#expected === null && this.#bytes >= prefixBytes) this.#expected = this.#length();
    if (this.#expected !== null && this.#bytes > this.#expected)
      throw this.#bad("has more than one message");
  }

  /** The message. @throws E_BAD_RESPONSE where it did not come whole (`details.cut`) */
  end(): Uint8Array {
    if (this.#expected === null || this.#bytes < this.#expected) throw cutError(this.#where);
    const [only] = this.#chunks;
    const whole =
      this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    return whole.subarray(prefixBytes);
  }

  /** Bytes of the frame, prefix included. */
  #length(): number {
    const prefix = Buffer.concat(this.#chunks);
    if (prefix[0] !== 0) throw this.#bad("is compressed although none was asked for");
    const length = prefix.readUInt32BE(1);
    if (length > this.#bytesMax) {
      throw new VectorError(
        "E_BAD_RESPONSE",
        `${this.#where}: the answer is larger than ${this.#bytesMax} bytes.`,
        { retryable: false, details: { tooLarge: true } },
      );
    }
    return prefixBytes + length;
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
