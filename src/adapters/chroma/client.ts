/** Requests to a Chroma server: who we are, what is tried again, and what its refusals mean. */
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import type { ChromaOptions, ConnectOptions } from "../../store/registry.ts";
import { AdaptiveSlots } from "../../util/adaptive-slots.ts";
import { type OnRetry, retry } from "../../util/backoff.ts";
import { type HttpAnswer, HttpClient } from "../../util/http.ts";
import { parseJson } from "../../util/json.ts";
import { decode, type Parse, type ParseBytes } from "./answer.ts";

/** Beyond what every store takes; for unusual networks. */
export interface ChromaConnectOptions extends ConnectOptions {
  /** Instead of what `RequestLimits` says. */
  readonly attempts?: number;
}

/** How a server is asked, whatever for. */
export interface RequestLimits {
  /** Requests in flight at most, whoever asks; how many there are depends on what the server takes. */
  readonly requestsMax: number;
  /** Attempts that a request gets in all, the first one included. */
  readonly attempts: number;
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Attempts in all; fewer than the default while it is not yet known that a Chroma is there. */
  readonly attempts?: number;
  /** false = a 500 goes to the caller at once, who asks in another way. Default true. */
  readonly retry500?: boolean;
  /** false = it waits for no place among the requests in flight: who searches says how many are. Default true. */
  readonly place?: boolean;
  /** The error when the server says that what the path names does not exist. */
  readonly missing?: VectorError;
}

/** Searches that may be in flight beside all that copying asks. */
const searchConnections = 32;

export class ChromaClient {
  /** The server's address, without a trailing slash. */
  readonly url: string;
  readonly #http: HttpClient;
  readonly #slots: AdaptiveSlots;
  readonly #onRetry: OnRetry | undefined;
  readonly #attempts: number;
  #closed = false;

  /** @throws E_CONFIG when a header or the CA file is of no use */
  constructor(url: string, options: ChromaConnectOptions, limits: RequestLimits) {
    const { chroma = {}, onRetry } = options;
    const { requestsMax } = limits;
    this.url = url.replace(/\/+$/, "");
    this.#attempts = options.attempts ?? limits.attempts;
    this.#onRetry = onRetry && (({ code }, failed, waitMs) => onRetry({ code, failed, waitMs }));
    this.#http = new HttpClient({
      headers: { ...authHeaders(chroma), ...chroma.headers },
      timeoutMs: options.timeoutMs ?? 120_000,
      // HTTP/1: a connection bears one request at a time.
      connectionsMax: Math.max(requestsMax, searchConnections),
      caFile: chroma.caFile,
      onAnswer: options.onAnswer,
    });
    this.#slots = new AdaptiveSlots({ max: requestsMax, isOverload });
  }

  /** What `parse` makes of the answer to a GET. @throws VectorError for every status but success */
  get<T>(path: string, parse: Parse<T>, options: SendOptions = {}): Promise<T> {
    return this.getBytes(path, (bytes) => parse(bytes.toString()), options);
  }

  /** The same, of the answer's bytes. */
  getBytes<T>(path: string, parse: ParseBytes<T>, options: SendOptions = {}): Promise<T> {
    return this.#send({ method: "GET", path }, ifSuccess(parse), options);
  }

  /** What `parse` makes of the answer to a POST that reads. @throws VectorError for every status but success */
  post<T>(path: string, body: string, parse: ParseBytes<T>, options: SendOptions = {}): Promise<T> {
    return this.#send({ method: "POST", path, body }, ifSuccess(parse), options);
  }

  /** The decoded answer to a request that writes; null where it is empty. To be sent again where it is lost, it must be idempotent. */
  write(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    body: string | undefined,
    options: SendOptions = {},
  ): Promise<unknown> {
    const parse: ParseBytes<unknown> = (bytes) =>
      bytes.length === 0 ? null : JSON.parse(bytes.toString());
    const request = body === undefined ? { method, path } : { method, path, body };
    return this.#send(request, ifSuccess(parse), options);
  }

  /** The bare answer to a GET whose status says who answers; the other statuses are errors as everywhere. */
  async probe(path: string, options: SendOptions): Promise<HttpAnswer> {
    const isDecided = ({ status }: HttpAnswer): boolean => status < 500 && !undecided.has(status);
    const use: Use<HttpAnswer> = (answer) => (isDecided(answer) ? { value: answer } : null);
    return this.#send({ method: "GET", path }, use, options);
  }

  close(): void {
    this.#closed = true;
    this.#http.close();
  }

  /** @throws E_CLOSED */
  assertOpen(): void {
    if (this.#closed) throw new VectorError("E_CLOSED", `The connection to ${this.url} is closed.`);
  }

  async #send<T>(request: Request, use: Use<T>, options: SendOptions): Promise<T> {
    const { signal, attempts = this.#attempts } = options;
    const { method, path, body } = request;
    const attempt = async () => {
      this.assertOpen();
      const answer = await this.#http.request({ method, url: this.url + path, body, signal });
      const used = use(answer);
      if (used !== null) return { value: used.value, bytes: answer.bytes.length };
      throw refusal(`${method} ${this.url}${path.replace(/\?.*/, "")}`, answer, options);
    };
    const inPlace = () =>
      options.place === false ? attempt() : this.#slots.run(attempt, ({ bytes }) => bytes, signal);
    const { value } = await retry(inPlace, { attempts, signal, onRetry: this.#onRetry });
    return value;
  }
}

interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: string;
}

/** Takes an answer; null = it is an error. In the attempt, so that an answer cut short is asked for again. */
type Use<T> = (answer: HttpAnswer) => { readonly value: T } | null;

function ifSuccess<T>(parse: ParseBytes<T>): Use<T> {
  return ({ status, bytes }) =>
    status >= 200 && status < 300 ? { value: decode(bytes, parse) } : null;
}

/** Statuses below 500 that say nothing about who answers. */
const undecided = new Set([401, 403, 408, 429]);

/** HTTP status of the answer that an error stands for. */
export function statusOf(error: VectorError): unknown {
  return error.details["status"];
}

/** Statuses beside 429 by which a server says that it has too much to do. */
const overloadStatuses = new Set<unknown>([408, 503, 504]);

function isOverload(error: unknown): boolean {
  if (!isVectorError(error)) return false;
  return (
    error.code === "E_RATE_LIMITED" ||
    error.code === "E_TIMEOUT" ||
    overloadStatuses.has(statusOf(error))
  );
}

function authHeaders(options: ChromaOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.user !== undefined) {
    const pair = Buffer.from(`${options.user}:${options.password ?? ""}`).toString("base64");
    headers["authorization"] = `Basic ${pair}`;
  }
  if (options.token !== undefined) {
    const name = options.tokenHeader ?? "authorization";
    headers[name] = name === "authorization" ? `Bearer ${options.token}` : options.token;
  }
  return headers;
}

/** `{"error","message"}` from 0.5 on; 0.4 answers 500 with the exception's repr as `error`. */
const errorAnswer = z.object({ error: z.string(), message: z.string().optional() });

/** Names of Chroma's errors for what does not exist. */
const missingNames = new Set(["NotFoundError", "InvalidCollection"]);

/** More figures than these are no usage and limit. */
const figuresMax = 20;

/** What an answer other than success means. */
function refusal(where: string, answer: HttpAnswer, options: SendOptions): VectorError {
  const { status, retryAfterMs } = answer;
  const { name, words, figures } = explain(answer.text);
  const said = `${where}: ${status}${words}`;
  const details = { status, ...(name === "" ? {} : { name }), ...(figures && { figures }) };
  if (status === 401 || status === 403) return new VectorError("E_AUTH", `${said}.`, { details });
  if (status === 429) {
    return new VectorError("E_RATE_LIMITED", `${said}.`, {
      details,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  if (missingNames.has(name))
    return options.missing ?? new VectorError("E_COLLECTION_NOT_FOUND", `${said}.`, { details });
  // A 404 that is not Chroma's own comes from a proxy, often for as long as the server behind it restarts.
  if (status === 404 && name === "")
    return new VectorError("E_BAD_RESPONSE", `${said}, not in Chroma's words.`, { details });
  if (status === 408 || status >= 500) {
    const retryable = status !== 501 && (status !== 500 || options.retry500 !== false);
    return new VectorError("E_SERVER", `${said}.`, {
      details,
      retryable,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  return new VectorError("E_SERVER", `${said}.`, {
    details,
    retryable: false,
    next: "The server refuses the request for good; its own words are in the message.",
  });
}

interface Explanation {
  readonly name: string;
  readonly words: string;
  /** Whole numbers in the server's words: a refusal for a quota has usage and limit among them. */
  readonly figures?: readonly number[];
}

function explain(text: string): Explanation {
  const parsed = errorAnswer.safeParse(parseJson(text));
  if (!parsed.success) return { name: "", words: "" };
  const { error, message } = parsed.data;
  const figures = message?.match(/\d+(,\d{3})*/g)?.slice(0, figuresMax);
  const name = /^\w+/.exec(error)?.[0] ?? "";
  const words = message === undefined ? error : `${error}: ${message}`;
  const numbers = figures?.map((figure) => Number(figure.replaceAll(",", "")));
  return { name, words: ` ${words.slice(0, 200)}`, ...(numbers && { figures: numbers }) };
}
