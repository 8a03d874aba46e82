/** Qdrant's answers: the envelope, and the errors with their statuses. */
import type { IncomingMessage } from "node:http";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type ErrorCode, isVectorError } from "../errors.ts";

const json = { "content-type": "application/json" };

/** Where an error says no status of its own. */
const statuses: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  E_INPUT: 400,
  E_COLLECTION_NOT_FOUND: 404,
  E_SCHEMA_CONFLICT: 409,
  E_NOT_SUPPORTED: 501,
  E_CLOSED: 503,
  E_DISK_FULL: 507,
  E_ABORTED: 503,
};

function seconds(startedMs: number): string {
  return ((performance.now() - startedMs) / 1000).toFixed(9);
}

/** What a handler needs to know of its request's beginning. */
export interface Timed {
  Bindings: {
    /** JSON text, handed over by a caller in this process, whose request then has no body. */
    readonly body?: string | undefined;
    /** The request as it comes from a socket. */
    readonly incoming?: IncomingMessage;
  };
  Variables: {
    startedMs: number;
    /** What the body holds; none = there was none to read. */
    bodyBytes?: number;
    /** Whether the caller's key is good for changes. */
    writes: boolean;
    /** The route that answers, as statistics name it; none = no route does. */
    endpoint?: string;
  };
}

/** `{result, status: "ok", time}`; `result` is JSON text. */
export function ok(c: Context<Timed>, result: string): Response {
  return c.body(
    `{"result":${result},"status":"ok","time":${seconds(c.get("startedMs"))}}`,
    200,
    json,
  );
}

/** 202 for work that goes on by itself; how it ends is not told. */
export function accepted(c: Context<Timed>, work: Promise<unknown>): Response {
  work.catch(() => undefined);
  return c.body(`{"status":"accepted","time":${seconds(c.get("startedMs"))}}`, 202, json);
}

/** Answers up to this size are put together in one piece. */
const pieceBytesMax = 64 * 1024;

/** `ok` of JSON text in UTF-8, which is not copied where it is long. */
export function okBytes(c: Context<Timed>, result: Uint8Array): Response {
  const head = Buffer.from('{"result":');
  const tail = Buffer.from(`,"status":"ok","time":${seconds(c.get("startedMs"))}}`);
  const pieces = [head, result, tail];
  const length = head.length + result.length + tail.length;
  const headers = { ...json, "content-length": String(length) };
  if (length <= pieceBytesMax) return c.body(Buffer.concat(pieces), 200, headers);
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
  return c.body(stream, 200, headers);
}

/** Any error as a caller may see it: the HTTP status that Qdrant answers, and the words. */
export function visible(error: unknown): { status: ContentfulStatusCode; message: string } {
  if (!isVectorError(error)) return { status: 500, message: "Service internal error" };
  const stated = error.details["status"];
  const status =
    typeof stated === "number" ? (stated as ContentfulStatusCode) : (statuses[error.code] ?? 500);
  return { status, message: error.message };
}

/** `{status: {error}, time}` with Qdrant's HTTP status. */
export function failure(c: Context<Timed>, error: unknown): Response {
  const { status, message } = visible(error);
  const body = { status: { error: message } };
  return c.body(
    `${JSON.stringify(body).slice(0, -1)},"time":${seconds(c.get("startedMs"))}}`,
    status,
    json,
  );
}
