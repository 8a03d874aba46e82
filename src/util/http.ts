/**
 * One small HTTP client for all adapters: keep-alive, no redirects, no compression, bounded answers.
 * (A compressed answer with payload stalls for 40 ms on loopback; hence `accept-encoding: identity`.)
 */
import { isUtf8 } from "node:buffer";
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { VectorError } from "../errors.ts";
import { abortError } from "./abort.ts";
import {
  checkHeaders,
  connectionError,
  cutError,
  parseRetryAfter,
  readCertificate,
  timeoutError,
} from "./connection.ts";

export interface HttpOptions {
  /** Sent with every request. May hold keys: never printed. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The longest silence on the connection that is borne. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Connections kept open at most; further requests wait for one. Default 8. */
  readonly connectionsMax?: number | undefined;
  /** Bytes that an answer may have at most. Default 256 MiB. */
  readonly answerBytesMax?: number | undefined;
  /** Told how long each answer below status 400 took, in ms: from a connection to the last byte. */
  readonly onAnswer?: ((ms: number) => void) | undefined;
  /** PEM file of the authority that signed the server's certificate, trusted instead of the public ones. */
  readonly caFile?: string | undefined;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute http or https address, without user and password. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** JSON text, sent as application/json; or what is read while it is sent. */
  readonly body?: string | Uint8Array | StreamedBody | undefined;
  /** Instead of the client's own. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A body that is larger than memory should hold. */
export interface StreamedBody {
  readonly contentType: string;
  /** How many there are in all. */
  readonly bytes: number;
  /** Begins anew with each call. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** An answer that is read as it comes. */
export interface HttpStream {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Every byte, of any kind, as it came: compressed where the request's own headers ask for that; throws E_BAD_RESPONSE where they end too early. To be read once. */
  readonly pieces: AsyncIterable<Buffer>;
  /** The whole of a short answer, as `request` gives it. */
  whole(): Promise<HttpAnswer>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** UTF-8, checked. */
  readonly bytes: Buffer;
  /** The same as a string; made when it is asked for. */
  readonly text: string;
  /** The Retry-After header (seconds or a date) as a wait from now; undefined = none given. */
  readonly retryAfterMs: number | undefined;
}

/** Speaks HTTP to one server or several. Every answer that came whole is returned, whatever its status. */
export class HttpClient {
  readonly #agents: { http: http.Agent; https: https.Agent };
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #answerBytesMax: number;
  readonly #onAnswer: ((ms: number) => void) | undefined;

  /** @throws E_CONFIG when the CA file cannot be read or holds no certificate, or a header cannot be sent */
  constructor(options: HttpOptions = {}) {
    const agent = { keepAlive: true, maxSockets: options.connectionsMax ?? 8 };
    const ca = options.caFile === undefined ? {} : { ca: readCertificate(options.caFile) };
    this.#agents = {
      http: new http.Agent(agent),
      https: new https.Agent({ ...agent, ...ca }),
    };
    this.#headers = checkHeaders(options.headers ?? {});
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#answerBytesMax = options.answerBytesMax ?? 256 * 1024 * 1024;
    this.#onAnswer = options.onAnswer;
  }

  /**
   * Sends one request and reads the whole answer. Does not retry.
   * @throws E_UNREACHABLE no connection, or lost before an answer began (a refused certificate: not retryable)
   * @throws E_TIMEOUT silence for longer than `timeoutMs`
   * @throws E_BAD_RESPONSE not HTTP, cut short (`details.cut`), compressed, not UTF-8, or larger than allowed (the last: `details.tooLarge`, not retryable)
   * @throws E_ABORTED
   */
  request(request: HttpRequest): Promise<HttpAnswer> {
    return this.stream(request, (answer) => answer.whole());
  }

  /**
   * Sends one request and hands its answer to `take` as it comes; gives what `take` gives. Does not retry.
   * @throws as `request`, also while `take` reads; and what `take` throws
   */
  stream<Result>(
    request: HttpRequest,
    take: (answer: HttpStream) => Promise<Result>,
  ): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const { signal } = request;
    if (signal?.aborted) {
      reject(abortError(signal));
      return promise;
    }
    const call = this.#start(request);
    const where = `${request.method} ${printable(request.url)}`;
    const fail = (error: VectorError): void => {
      reject(error);
      call.destroy();
    };
    const onAbort = (): void => {
      if (signal) fail(abortError(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    call.once("close", () => signal?.removeEventListener("abort", onAbort));
    call.once("timeout", () => fail(timeoutError(where)));
    let startedMs = performance.now();
    call.once("socket", () => {
      // The wait for a free connection is ours, not the server's.
      startedMs = performance.now();
    });
    let answering = false;
    call.on("error", (error) =>
      fail(answering ? cutError(where, error) : connectionError(where, error)),
    );
    call.once("response", (response) => {
      answering = true;
      take(this.#answer(where, response, isCompressionAsked(request))).then(
        (result) => {
          if ((response.statusCode ?? 0) < 400) this.#onAnswer?.(performance.now() - startedMs);
          resolve(result);
        },
        (error) => {
          reject(error);
          call.destroy();
        },
      );
    });
    send(request.body, call);
    return promise;
  }

  /** Closes the connections. Requests still in flight fail. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #start(request: HttpRequest): http.ClientRequest {
    const secure = request.url.startsWith("https:");
    const headers: Record<string, string> = {
      accept: "application/json",
      "accept-encoding": "identity",
      ...this.#headers,
      ...request.headers,
    };
    if (request.body !== undefined) {
      const streamed = isStreamed(request.body);
      headers["content-type"] = streamed ? request.body.contentType : "application/json";
      headers["content-length"] = String(
        streamed ? request.body.bytes : Buffer.byteLength(request.body),
      );
    }
    return (secure ? https : http).request(request.url, {
      method: request.method,
      agent: secure ? this.#agents.https : this.#agents.http,
      headers,
      timeout: request.timeoutMs ?? this.#timeoutMs,
    });
  }

  #answer(where: string, response: http.IncomingMessage, mayBeCompressed: boolean): HttpStream {
    const status = response.statusCode ?? 0;
    const { headers } = response;
    const pieces = piecesOf(where, response, mayBeCompressed);
    const whole = async (): Promise<HttpAnswer> => {
      const bytes = await wholeOf(where, pieces, this.#answerBytesMax);
      if (!isUtf8(bytes))
        throw new VectorError("E_BAD_RESPONSE", `${where}: the answer is not UTF-8.`);
      return {
        status,
        headers,
        bytes,
        get text() {
          return bytes.toString("utf8");
        },
        retryAfterMs: parseRetryAfter(headers["retry-after"]),
      };
    };
    return { status, headers, pieces, whole };
  }
}

function isStreamed(body: string | Uint8Array | StreamedBody): body is StreamedBody {
  return typeof body === "object" && "pieces" in body;
}

function send(body: HttpRequest["body"], call: http.ClientRequest): void {
  if (body === undefined || !isStreamed(body)) {
    call.end(body);
    return;
  }
  const pieces = Readable.from(body.pieces(), { objectMode: false });
  pieces.once("error", (error) => call.destroy(error));
  call.once("close", () => pieces.destroy());
  pieces.pipe(call);
}

function isCompressionAsked({ headers = {} }: HttpRequest): boolean {
  return (headers["accept-encoding"] ?? "identity") !== "identity";
}

async function* piecesOf(
  where: string,
  response: http.IncomingMessage,
  mayBeCompressed: boolean,
): AsyncGenerator<Buffer> {
  const encoding = response.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && !mayBeCompressed) {
    throw new VectorError(
      "E_BAD_RESPONSE",
      `${where}: the answer is compressed (${encoding}) although none was asked for.`,
      { retryable: false },
    );
  }
  try {
    yield* response;
  } catch (error) {
    throw cutError(where, error);
  }
  if (!response.complete) throw cutError(where);
}

async function wholeOf(
  where: string,
  pieces: AsyncIterable<Buffer>,
  bytesMax: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > bytesMax) {
      throw new VectorError(
        "E_BAD_RESPONSE",
        `${where}: the answer is larger than ${bytesMax} bytes.`,
        { retryable: false, details: { tooLarge: true } },
      );
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

/** The address without query (it may name much) and without user and password. */
function printable(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
