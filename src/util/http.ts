/**
 * One small HTTP client for all adapters: keep-alive, no redirects, no compression, bounded answers.
 * (A compressed answer with payload stalls for 40 ms on loopback; hence `accept-encoding: identity`.)
 */
import { isUtf8 } from "node:buffer";
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { urlToHttpOptions } from "node:url";
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
  /** Where the last request went: most go there again. */
  #target: Target | null = null;
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
    this.#headers = {
      accept: "application/json",
      "accept-encoding": "identity",
      ...checkHeaders(options.headers ?? {}),
    };
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
    const fail = (error: VectorError): void => {
      reject(error);
      call.destroy();
    };
    if (signal !== undefined) {
      const onAbort = (): void => fail(abortError(signal));
      signal.addEventListener("abort", onAbort, { once: true });
      call.once("close", () => signal.removeEventListener("abort", onAbort));
    }
    call.once("timeout", () => fail(timeoutError(whereOf(request))));
    let startedMs = performance.now();
    call.once("socket", () => {
      // The wait for a free connection is ours, not the server's.
      startedMs = performance.now();
    });
    let answering = false;
    call.on("error", (error) =>
      fail((answering ? cutError : connectionError)(whereOf(request), error)),
    );
    call.once("response", (response) => {
      answering = true;
      take(new Answer(request, response, this.#answerBytesMax)).then(
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
    const headers: Record<string, string> = { ...this.#headers, ...request.headers };
    if (request.body !== undefined) {
      const streamed = isStreamed(request.body);
      headers["content-type"] = streamed ? request.body.contentType : "application/json";
      headers["content-length"] = String(
        streamed ? request.body.bytes : Buffer.byteLength(request.body),
      );
    }
    if (this.#target?.url !== request.url) this.#target = targetOf(request.url);
    const { secure, ...place } = this.#target.place;
    return (secure ? https : http).request({
      ...place,
      method: request.method,
      agent: secure ? this.#agents.https : this.#agents.http,
      headers,
      timeout: request.timeoutMs ?? this.#timeoutMs,
    });
  }
}

/** An address taken apart. */
interface Target {
  readonly url: string;
  readonly place: Pick<http.RequestOptions, "protocol" | "hostname" | "port" | "path"> & {
    readonly secure: boolean;
  };
}

/** @throws TypeError for what is no address */
function targetOf(url: string): Target {
  const { protocol, hostname, port, path } = urlToHttpOptions(new URL(url));
  return { url, place: { secure: protocol === "https:", protocol, hostname, port, path } };
}

class Answer implements HttpStream {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly #request: HttpRequest;
  readonly #response: http.IncomingMessage;
  readonly #bytesMax: number;

  constructor(request: HttpRequest, response: http.IncomingMessage, bytesMax: number) {
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    this.#request = request;
    this.#response = response;
    this.#bytesMax = bytesMax;
  }

  get pieces(): AsyncIterable<Buffer> {
    return piecesOf(this.#request, this.#response);
  }

  async whole(): Promise<HttpAnswer> {
    assertPlain(this.#request, this.headers);
    const bytes = await wholeOf(this.#request, this.#response, this.#bytesMax);
    if (isUtf8(bytes)) return new WholeAnswer(this, bytes);
    throw new VectorError("E_BAD_RESPONSE", `${whereOf(this.#request)}: the answer is not UTF-8.`);
  }
}

class WholeAnswer implements HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly retryAfterMs: number | undefined;

  constructor({ status, headers }: Answer, bytes: Buffer) {
    this.status = status;
    this.headers = headers;
    this.bytes = bytes;
    this.retryAfterMs = parseRetryAfter(headers["retry-after"]);
  }

  get text(): string {
    return this.bytes.toString("utf8");
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

/** @throws E_BAD_RESPONSE for an answer that is compressed although none was asked for */
function assertPlain(request: HttpRequest, headers: http.IncomingHttpHeaders): void {
  const encoding = headers["content-encoding"] ?? "identity";
  const asked = request.headers?.["accept-encoding"] ?? "identity";
  if (encoding === "identity" || asked !== "identity") return;
  throw new VectorError(
    "E_BAD_RESPONSE",
    `${whereOf(request)}: the answer is compressed (${encoding}) although none was asked for.`,
    { retryable: false },
  );
}

async function* piecesOf(
  request: HttpRequest,
  response: http.IncomingMessage,
): AsyncGenerator<Buffer> {
  assertPlain(request, response.headers);
  try {
    yield* response;
  } catch (error) {
    throw cutError(whereOf(request), error);
  }
  if (!response.complete) throw cutError(whereOf(request));
}

/** By events: an iterator makes a dozen promises of one piece. */
function wholeOf(
  request: HttpRequest,
  response: http.IncomingMessage,
  bytesMax: number,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const pieces: Buffer[] = [];
  let bytes = 0;
  // Nothing more is heard of it.
  if (response.closed) reject(cutError(whereOf(request)));
  response.on("data", (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= bytesMax) pieces.push(piece);
    else reject(tooLarge(request, bytesMax));
  });
  response.once("end", () => {
    const [only = Buffer.alloc(0)] = pieces;
    if (response.complete) resolve(pieces.length > 1 ? Buffer.concat(pieces) : only);
  });
  response.once("error", (error) => reject(cutError(whereOf(request), error)));
  response.once("close", () => {
    if (!response.readableEnded || !response.complete) reject(cutError(whereOf(request)));
  });
  return promise;
}

function tooLarge(request: HttpRequest, bytesMax: number): VectorError {
  return new VectorError(
    "E_BAD_RESPONSE",
    `${whereOf(request)}: the answer is larger than ${bytesMax} bytes.`,
    { retryable: false, details: { tooLarge: true } },
  );
}

/** The request as errors name it: without query (it may name much) and without user and password. */
function whereOf({ method, url }: HttpRequest): string {
  const { origin, pathname } = new URL(url);
  return `${method} ${origin}${pathname}`;
}
