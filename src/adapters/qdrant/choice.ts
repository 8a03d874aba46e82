/** The choice between gRPC and REST for a server's points: what it is told for, and what a port that cannot be used means. */
import { isVectorError, VectorError } from "../../errors.ts";
import type { OnRoad } from "../../store/registry.ts";

/** What is known of the port, and what follows from how it answers. */
export class Choice {
  readonly named: boolean;
  readonly #address: string;
  readonly #restPort: number;
  readonly #port: number;
  readonly #onRoad: OnRoad | undefined;

  constructor(
    address: string,
    restPort: number,
    port: number,
    named: boolean,
    onRoad: OnRoad | undefined,
  ) {
    this.named = named;
    this.#address = address;
    this.#restPort = restPort;
    this.#port = port;
    this.#onRoad = onRoad;
  }

  /** Points go by gRPC. */
  grpc(): void {
    const text = `Qdrant by gRPC at port ${this.#port}.`;
    this.#onRoad?.({ road: "grpc", port: this.#port, text });
  }

  /** Points go by REST. */
  rest(because: string): void {
    const text = `Qdrant by REST: ${because}.`;
    this.#onRoad?.({ road: "rest", port: this.#restPort, text });
  }

  /** The port is another server's: points go by REST. @throws E_CONFIG where the port was named */
  another(difference: string): void {
    if (!this.named) {
      this.rest(`another server answers gRPC at port ${this.#port} (${difference})`);
      return;
    }
    throw new VectorError(
      "E_CONFIG",
      `Another server than ${this.#address} answers gRPC at port ${this.#port}: ${difference}.`,
      { next: this.#next, details: { port: this.#port } },
    );
  }

  /** The port cannot be used: points go by REST. @throws where the port was named, and what is not about the port */
  failed(error: unknown): void {
    if (!(error instanceof VectorError) || !isAboutPort(error)) throw error;
    if (!this.named) {
      this.rest(this.#fault(error));
      return;
    }
    const wrong = error.details["notGrpc"] === true || error.code === "E_NOT_SUPPORTED";
    const code = wrong ? "E_CONFIG" : error.code;
    const said = `The gRPC port that was named cannot be used: ${this.#fault(error)}.`;
    throw new VectorError(code, said, {
      cause: error,
      retryable: !wrong && error.retryable,
      details: { ...error.details, port: this.#port },
      next: error.code === "E_AUTH" ? error.next : this.#next,
    });
  }

  get #next(): string {
    return `Give the gRPC port of the server at ${this.#address} itself (6334 unless changed), or "off" for REST alone.`;
  }

  /** What is wrong with the port, as a part of a sentence. */
  #fault({ code, details, retryable }: VectorError): string {
    const at = `port ${this.#port}`;
    switch (code) {
      case "E_AUTH":
        return `gRPC at ${at} refuses the key`;
      case "E_NOT_SUPPORTED":
        return `what answers gRPC at ${at} is no Qdrant`;
      case "E_UNREACHABLE":
        if (details["notGrpc"] === true) return `what answers at ${at} does not speak gRPC`;
        if (details["closed"] === true)
          return `${at} closes the connection, as one that wants TLS does`;
        return retryable
          ? `nothing answers gRPC at ${at}`
          : `no trusted TLS connection can be made to ${at}`;
      case "E_TIMEOUT":
        return `nothing answers gRPC at ${at} in time`;
      default:
        return `gRPC at ${at} does not work (${code})`;
    }
  }
}

/** Whether another road may help: not where the run was ended, nor where what is wrong was said already. */
function isAboutPort(error: VectorError): boolean {
  const others = ["E_ABORTED", "E_CLOSED", "E_CONFIG", "E_COLLECTION_NOT_FOUND"] as const;
  return !others.some((code) => isVectorError(error, code));
}
