/** gRPC calls to a Qdrant server: who we are, what is tried again, and what its refusals mean. */
import { VectorError, type VectorErrorOptions } from "../../errors.ts";
import { type OnRetry, retry } from "../../util/backoff.ts";
import { type GrpcAnswer, GrpcChannel } from "../../util/grpc.ts";
import { notGrpc } from "../../util/grpc-faults.ts";
import { release } from "../../util/release.ts";
import type { QdrantOptions } from "./rest-client.ts";

/** How one call differs from others. */
export interface GrpcSendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Attempts in all. Default: those of `retry`. */
  readonly attempts?: number | undefined;
  /** The longest silence that is borne, instead of the client's own. */
  readonly timeoutMs?: number | undefined;
  /** Told before each further attempt. */
  readonly onRetry?: OnRetry | undefined;
}

export class GrpcClient {
  /** `http(s)://host:port`. */
  readonly url: string;
  readonly #channel: GrpcChannel;
  readonly #onRetry: OnRetry | undefined;
  readonly #onAnswer: ((ms: number) => void) | undefined;
  #closed = false;

  /** Connects with the first call. @throws E_CONFIG (CA file, key) */
  constructor(url: string, options: QdrantOptions) {
    this.url = url;
    this.#onRetry = options.onRetry;
    this.#onAnswer = options.onAnswer;
    this.#channel = new GrpcChannel(url, {
      metadata: options.apiKey === undefined ? {} : { "api-key": options.apiKey },
      timeoutMs: options.timeoutMs ?? 120_000,
      caFile: options.caFile,
    });
  }

  /**
   * Calls `method` (`Points/Upsert`) with `frame`; gives what `decode` makes of the answer's message, which must not point into
   * it: its memory is given back once that is made.
   * @throws VectorError for every status but OK; E_BAD_RESPONSE where the message is not in Qdrant's form
   */
  async send<Result>(
    method: string,
    frame: Uint8Array,
    decode: (message: Uint8Array) => Result | Promise<Result>,
    { signal, attempts, timeoutMs, onRetry }: GrpcSendOptions = {},
  ): Promise<Result> {
    const path = `/qdrant.${method}`;
    const where = `gRPC ${this.url}${path}`;
    const attempt = async (): Promise<Result> => {
      if (this.#closed)
        throw new VectorError("E_CLOSED", `The connection to ${this.url} is closed.`);
      const startedMs = performance.now();
      const answer = await this.#channel.call(path, frame, { signal, timeoutMs });
      if (answer.body === null) throw refusal(where, answer);
      this.#onAnswer?.(performance.now() - startedMs);
      try {
        return await decoded(where, answer.body, decode);
      } finally {
        release(answer.body);
      }
    };
    const told: OnRetry = (...failed) => {
      onRetry?.(...failed);
      this.#onRetry?.(...failed);
    };
    return retry(attempt, { signal, onRetry: told, attempts });
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
  }
}

/** Garbled on the way, or by a server that is none: the call may be tried again. */
async function decoded<Result>(
  where: string,
  message: Uint8Array,
  decode: (message: Uint8Array) => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await decode(message);
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof VectorError)) throw error;
    throw new VectorError("E_BAD_RESPONSE", `${where}: the answer is not in Qdrant's form.`, {
      cause: error,
    });
  }
}

/** What a status other than OK means (google.rpc.Code; Qdrant gives each of its errors one of them). */
function refusal(where: string, answer: GrpcAnswer): VectorError {
  const { status, message, retryAfterMs, httpStatus } = answer;
  const words = message === "" ? "" : `: ${message.slice(0, 300)}`;
  const said = `${where}: ${httpStatus === null ? `status ${status}` : `HTTP ${httpStatus}`}${words}.`;
  const options: VectorErrorOptions = {
    details: httpStatus === null ? { status } : { status, httpStatus },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  // A proxy that takes no body of this size; a server whose decoder does not (OUT_OF_RANGE).
  if (httpStatus === 413 || status === 11)
    return new VectorError("E_REJECTED", said, { details: { status, tooLarge: true } });
  if (httpStatus === 429) return new VectorError("E_RATE_LIMITED", said, options);
  // Not the server's word, but a proxy's: often for as long as the server behind it restarts.
  if (httpStatus === 404) return notGrpc(where, { status, httpStatus });
  switch (status) {
    case 1: // CANCELLED, by the server
    case 14: // UNAVAILABLE
      return new VectorError("E_UNREACHABLE", said, options);
    case 3: // INVALID_ARGUMENT
      return new VectorError("E_REJECTED", said, options);
    case 4: // DEADLINE_EXCEEDED
      return new VectorError("E_TIMEOUT", said, options);
    case 5: // NOT_FOUND
      return new VectorError("E_COLLECTION_NOT_FOUND", said, options);
    case 6: // ALREADY_EXISTS
      return new VectorError("E_SCHEMA_CONFLICT", said, options);
    case 7: // PERMISSION_DENIED
    case 16: // UNAUTHENTICATED
      return new VectorError("E_AUTH", said, options);
    case 8: // RESOURCE_EXHAUSTED
      return new VectorError("E_RATE_LIMITED", said, options);
    case 12: // UNIMPLEMENTED
      return new VectorError("E_NOT_SUPPORTED", said, options);
    default: // FAILED_PRECONDITION too: a shard that is being moved, or storage that is locked for a while
      return new VectorError("E_SERVER", said, options);
  }
}
