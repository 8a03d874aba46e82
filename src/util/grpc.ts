/**
 * A small gRPC channel over node:http2: unary calls, no compression, bounded answers. Wire protocol:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import http2 from "node:http2";
import { VectorError } from "../errors.ts";
import { abortError } from "./abort.ts";
import { checkHeaders, parseRetryAfter, readCertificate, timeoutError } from "./connection.ts";
import { grpcStatusOfHttp, MessageReader, statusMessage } from "./grpc-answer.ts";
import { cutCall, lostCall, notGrpc } from "./grpc-faults.ts";
import { type GrpcSession, GrpcSessions } from "./grpc-sessions.ts";

export interface GrpcOptions {
  /** Sent with every call. May hold keys: never printed. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** The longest silence on a call that is borne. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** How long the other side may take until it shows that it speaks HTTP/2. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Connections at most. Default 1. */
  readonly sessionsMax?: number | undefined;
  /** Bytes that an answer's message may have at most. Default 256 MiB. */
  readonly answerBytesMax?: number | undefined;
  /** PEM file of the authority that signed the server's certificate, trusted instead of the public ones. */
  readonly caFile?: string | undefined;
}

export interface GrpcAnswer {
  /** gRPC's status code; 0 = OK. */
  readonly status: number;
  /** The server's words; empty where it has none. */
  readonly message: string;
  /** The answer's message, alone in its ArrayBuffer; null unless the status is 0. */
  readonly body: Uint8Array | null;
  /** The `retry-after` metadata (seconds or a date) as a wait from now; undefined = none given. */
  readonly retryAfterMs: number | undefined;
  /** HTTP's status where something between here and the server answered instead of it; else null. */
  readonly httpStatus: number | null;
}

export interface GrpcCallOptions {
  /** Instead of the channel's own. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Headers = http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;

/** Speaks gRPC to one server. Every answer that came whole is returned, whatever its status. */
export class GrpcChannel {
  /** `http(s)://host:port`. */
  readonly url: string;
  readonly #sessions: GrpcSessions;
  readonly #metadata: http2.OutgoingHttpHeaders;
  readonly #timeoutMs: number;
  readonly #answerBytesMax: number;

  /** Connects with the first call. @throws E_CONFIG when the CA file cannot be read or holds no certificate, or metadata cannot be sent */
  constructor(url: string, options: GrpcOptions = {}) {
    const metadata = checkHeaders(options.metadata ?? {});
    this.url = url;
    this.#sessions = new GrpcSessions(url, {
      sessionsMax: options.sessionsMax ?? 1,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      ca: options.caFile === undefined ? undefined : readCertificate(options.caFile),
    });
    this.#metadata = { ...metadata, [http2.sensitiveHeaders]: Object.keys(metadata) };
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#answerBytesMax = options.answerBytesMax ?? 256 * 1024 * 1024;
  }

  /**
   * Calls `path` (`/package.Service/Method`) with one message, `frame` = its prefix and its bytes, and reads the whole answer.
   * Does not retry.
   * @throws E_UNREACHABLE no connection, or lost before an answer began (a refused certificate, or no TLS: not retryable);
   * `details.notGrpc` where something else than gRPC answers
   * @throws E_TIMEOUT silence for longer than `timeoutMs`
   * @throws E_RATE_LIMITED the server asks for fewer calls by HTTP/2's own means
   * @throws E_BAD_RESPONSE cut short (`details.cut`), compressed, no message where one is due, or larger than allowed (`details.tooLarge`, not retryable)
   * @throws E_ABORTED
   */
  call(path: string, frame: Uint8Array, options: GrpcCallOptions = {}): Promise<GrpcAnswer> {
    const { signal, timeoutMs = this.#timeoutMs } = options;
    if (signal?.aborted) return Promise.reject(abortError(signal));
    const where = `gRPC ${this.url}${path}`;
    const entry = this.#sessions.take();
    let stream: http2.ClientHttp2Stream;
    try {
      stream = entry.session.request({
        [http2.constants.HTTP2_HEADER_METHOD]: "POST",
        [http2.constants.HTTP2_HEADER_PATH]: path,
        "content-type": "application/grpc",
        te: "trailers",
        "grpc-accept-encoding": "identity",
        ...this.#metadata,
      });
    } catch (error) {
      // Between the choice of a connection and its use a GOAWAY may have come.
      return Promise.reject(lostCall(where, entry, error));
    }
    entry.calls += 1;
    stream.once("close", () => this.#sessions.release(entry));
    const call = new Call(where, entry, stream, this.#answerBytesMax);
    const onAbort = (): void => {
      if (signal) call.fail(abortError(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.setTimeout(timeoutMs, () => {
      // Perhaps the connection was lost without a word, as behind a firewall that forgets it: the next call takes another.
      entry.leaving = true;
      call.fail(timeoutError(where));
    });
    stream.end(frame);
    return call.answer.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** Closes the connections. Calls still in flight fail. */
  close(): void {
    this.#sessions.close();
  }
}

/** One call in flight. */
class Call {
  readonly answer: Promise<GrpcAnswer>;
  readonly #where: string;
  readonly #entry: GrpcSession;
  readonly #stream: http2.ClientHttp2Stream;
  readonly #reader: MessageReader;
  readonly #resolve: (answer: GrpcAnswer) => void;
  readonly #reject: (error: VectorError) => void;
  #headers: Headers | null = null;
  #trailers: Headers | null = null;
  #settled = false;

  constructor(
    where: string,
    entry: GrpcSession,
    stream: http2.ClientHttp2Stream,
    bytesMax: number,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<GrpcAnswer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#where = where;
    this.#entry = entry;
    this.#stream = stream;
    this.#reader = new MessageReader(where, bytesMax);
    stream.once("response", (headers) => {
      this.#headers = headers;
    });
    stream.once("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.once("end", () => this.#end());
    stream.on("error", (error) => this.#close(error));
    stream.once("close", () => this.#close(entry.fault));
  }

  /** Ends the call with `error` unless it has ended before; the server is told. */
  fail(error: VectorError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(error);
    this.#stream.close(http2.constants.NGHTTP2_CANCEL);
  }

  /** No more will come. Most calls have ended before: for them no error is made, which costs more than the call does. */
  #close(fault: unknown): void {
    if (!this.#settled) this.fail(this.#lost(fault));
  }

  #receive(chunk: Buffer): void {
    if (this.#settled || this.#headers === null || !isGrpc(this.#headers)) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof VectorError)) throw error;
      this.fail(error);
    }
  }

  /** The server has said all it has to say, perhaps before it has heard all of us. */
  #end(): void {
    if (this.#settled || this.#headers === null) return;
    try {
      const answer = this.#answerOf(this.#headers);
      // Without a status the answer is cut: what ended it is known when the stream closes.
      if (answer === null) return;
      this.#settled = true;
      this.#resolve(answer);
      if (!this.#stream.writableFinished) this.#stream.close(http2.constants.NGHTTP2_NO_ERROR);
    } catch (error) {
      if (!(error instanceof VectorError)) throw error;
      this.fail(error);
    }
  }

  #answerOf(headers: Headers): GrpcAnswer | null {
    const last = this.#trailers ?? headers;
    const http = headers[":status"] ?? 0;
    const own = statusOf(last);
    if (own === null && http === 200 && isGrpc(headers)) return null;
    if (own === null && http === 200) throw notGrpc(this.#where, { status: http });
    const status = own ?? grpcStatusOfHttp(http);
    return {
      status,
      message: statusMessage(last["grpc-message"]),
      body: status === 0 ? this.#reader.end() : null,
      retryAfterMs: parseRetryAfter(textOf(last["retry-after"])),
      httpStatus: own === null ? http : null,
    };
  }

  #lost(error: unknown): VectorError {
    return this.#headers === null
      ? lostCall(this.#where, this.#entry, error, this.#stream.rstCode)
      : cutCall(this.#where, error, this.#stream.rstCode);
  }
}

function isGrpc(headers: Headers): boolean {
  return /^application\/grpc(?![a-z-])/.test(headers["content-type"] ?? "");
}

/** A status of another form counts as UNKNOWN, as the protocol asks. */
function statusOf(headers: Headers): number | null {
  const text = textOf(headers["grpc-status"]);
  if (text === undefined) return null;
  return /^\d{1,3}$/.test(text) ? Number(text) : 2;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
