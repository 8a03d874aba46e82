/** Requests to a Qdrant server: who we are, what is tried again, and what its refusals mean. */
import { z } from "zod";
import { VectorError, type VectorErrorOptions } from "../../errors.ts";
import type { OnRoad } from "../../store/registry.ts";
import { type OnRetry, retry } from "../../util/backoff.ts";
import { type HttpAnswer, HttpClient, type HttpRequest, type HttpStream } from "../../util/http.ts";
import { parseJson, sliceObject } from "../../util/json.ts";

export interface QdrantOptions {
  readonly apiKey?: string | undefined;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string | undefined;
  /** The longest silence of the server that is borne. Default 120,000. */
  readonly timeoutMs?: number | undefined;
  /** Told of every request that is tried again. */
  readonly onRetry?: OnRetry | undefined;
  /** Told whether points go by gRPC or by REST: as soon as it is known, and where it changes. */
  readonly onRoad?: OnRoad | undefined;
  /** Told how long each answer took, in ms. */
  readonly onAnswer?: ((ms: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface RestRequest {
  readonly method: HttpRequest["method"];
  /** Behind the server's address, a query too. */
  readonly path: string;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** In all. Default: those of `retry`. */
  readonly attempts?: number | undefined;
}

/** Attempts while it is not yet known that a Qdrant is there. */
const probeAttempts = 3;

/** The greeting of `GET /`. */
const greeting = z.looseObject({ title: z.string(), version: z.string() });

/** Copying takes a few; so many searches may be in flight. */
const connectionsMax = 32;

export class RestClient {
  /** Canonical address, without a trailing slash. */
  readonly url: string;
  readonly #http: HttpClient;
  readonly #onRetry: OnRetry | undefined;
  #closed = false;

  constructor(url: string, options: QdrantOptions) {
    this.url = url;
    this.#onRetry = options.onRetry;
    this.#http = new HttpClient({
      headers: options.apiKey === undefined ? {} : { "api-key": options.apiKey },
      timeoutMs: options.timeoutMs ?? 120_000,
      connectionsMax,
      caFile: options.caFile,
      onAnswer: options.onAnswer,
    });
  }

  /**
   * The raw JSON text of an answer's `result`.
   * @throws VectorError for every status but success; E_BAD_RESPONSE where the answer is not in Qdrant's form
   */
  send(request: RestRequest): Promise<string> {
    return this.ask(request, resultText);
  }

  /**
   * What `read` makes of the whole text of an answer. It throws SyntaxError where that is not in Qdrant's form: then the request is tried
   * again as it is after any other fault. @throws as `send`
   */
  ask<Result>(request: RestRequest, read: (answer: string) => Result): Promise<Result> {
    const { signal, attempts } = request;
    const attempt = async (): Promise<Result> => {
      const answer = await this.#request(request);
      if (answer.status !== 200) throw refusal(this.#where(request), answer);
      try {
        return read(answer.text);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        const where = this.#where(request);
        throw new VectorError("E_BAD_RESPONSE", `${where}: the answer is not in Qdrant's form.`);
      }
    };
    return retry(attempt, { signal, onRetry: this.#onRetry, attempts });
  }

  /**
   * Sends one request and hands its answer to `take` as it comes. One attempt, for nothing that was taken can be taken back.
   * @throws as `send`
   */
  async stream<Result>(
    request: Pick<HttpRequest, "method" | "body" | "signal"> & Pick<RestRequest, "path">,
    take: (answer: HttpStream) => Promise<Result>,
  ): Promise<Result> {
    this.#assertOpen();
    const { method, path, body, signal } = request;
    const where = this.#where(request);
    const url = this.url + path;
    return this.#http.stream({ method, url, body, signal }, async (answer) => {
      if (answer.status !== 200) throw refusal(where, await answer.whole());
      return take(answer);
    });
  }

  /**
   * The version that the server says it has.
   * @throws E_NOT_QDRANT where something else answers; E_UNREACHABLE, E_TIMEOUT, E_AUTH, E_SERVER; E_BAD_RESPONSE for an answer cut short
   */
  async greet(signal: AbortSignal | undefined): Promise<string> {
    const where = `GET ${this.url}/`;
    const attempt = async (): Promise<string> => {
      const answer = await this.#request({ method: "GET", path: "/", signal });
      const { status } = answer;
      if (status === 401 || status === 403 || status === 429 || status >= 500)
        throw refusal(where, answer);
      const parsed = greeting.safeParse(parseJson(answer.text));
      if (status === 200 && parsed.success && /qdrant/i.test(parsed.data.title))
        return parsed.data.version;
      throw notQdrant(`${this.url} answers, but not as Qdrant does (HTTP ${status}).`);
    };
    try {
      return await retry(attempt, { attempts: probeAttempts, signal, onRetry: this.#onRetry });
    } catch (error) {
      // An answer that is cut short says nothing about who gave it.
      if (error instanceof VectorError && error.code === "E_BAD_RESPONSE" && !error.details["cut"])
        throw notQdrant(`${this.url} answers, but not as Qdrant does.`, error);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#http.close();
  }

  #request({ method, path, body, signal }: RestRequest): Promise<HttpAnswer> {
    this.#assertOpen();
    return this.#http.request({ method, url: this.url + path, body, signal });
  }

  /** The request as errors name it: a query may name much. */
  #where({ method, path }: Pick<RestRequest, "method" | "path">): string {
    return `${method} ${this.url}${path.replace(/\?.*/, "")}`;
  }

  #assertOpen(): void {
    if (this.#closed) throw new VectorError("E_CLOSED", `The connection to ${this.url} is closed.`);
  }
}

function notQdrant(message: string, cause?: unknown): VectorError {
  return new VectorError("E_NOT_QDRANT", message, cause === undefined ? {} : { cause });
}

/** The raw JSON text of an answer's `result`. @throws SyntaxError */
export function resultText(answer: string): string {
  const result = sliceObject(answer).get("result");
  if (result === undefined) throw new SyntaxError("an answer without result");
  return result;
}

/** Qdrant's error answer: `{"status": {"error": "…"}, "time": …}`. */
const errorAnswer = z.looseObject({ status: z.looseObject({ error: z.string() }) });

/** What an answer other than success means. */
function refusal(where: string, answer: HttpAnswer): VectorError {
  const { status, retryAfterMs } = answer;
  const parsed = errorAnswer.safeParse(parseJson(answer.text));
  const words = parsed.success ? `: ${parsed.data.status.error.slice(0, 300)}` : "";
  const said = `${where}: HTTP ${status}${words}.`;
  const options: VectorErrorOptions = {
    details: { status },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  switch (status) {
    case 400:
    case 422:
      return new VectorError("E_REJECTED", said, options);
    case 413:
      return new VectorError("E_REJECTED", said, { details: { status, tooLarge: true } });
    case 401:
    case 403:
      return new VectorError("E_AUTH", said, options);
    case 408:
    case 504:
      return new VectorError("E_TIMEOUT", said, options);
    case 409:
      return new VectorError("E_SCHEMA_CONFLICT", said, options);
    case 429:
      return new VectorError("E_RATE_LIMITED", said, options);
    case 501:
    case 507:
      return new VectorError("E_SERVER", said, { ...options, retryable: false });
  }
  if (status >= 500) return new VectorError("E_SERVER", said, options);
  // A 404 that is not in Qdrant's words comes from a proxy, often for as long as the server behind it restarts.
  if (status === 404 && parsed.success)
    return new VectorError("E_COLLECTION_NOT_FOUND", said, options);
  return new VectorError("E_BAD_RESPONSE", said, options);
}
