/** Qdrant's answers: the envelope, the errors with their statuses, and points as JSON text. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { PointColumns, ScoredPoints } from "../engine/index.ts";
import { type ErrorCode, isVectorError } from "../errors.ts";
import { float32Text, vectorText } from "./float-text.ts";

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
  Variables: { startedMs: number };
}

/** `{result, status: "ok", time}`; `result` is JSON text. */
export function ok(c: Context<Timed>, result: string): Response {
  return c.body(
    `{"result":${result},"status":"ok","time":${seconds(c.get("startedMs"))}}`,
    200,
    json,
  );
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

/** A point id as JSON: a number, or a string. */
export function idText(id: string): string {
  return id.length === 36 ? `"${id}"` : id;
}

/** A list of points as JSON text; payloads go through as they are stored. */
export function pointsText(points: PointColumns | ScoredPoints, withPayload: boolean): string {
  const rows = points.ids.map((id, row) => {
    const score =
      "scores" in points ? `,"version":0,"score":${float32Text(points.scores[row] ?? 0)}` : "";
    const payload = withPayload ? `,"payload":${points.payloads[row] ?? "{}"}` : "";
    return `{"id":${idText(id)}${score}${payload}${vectorsText(points, row)}}`;
  });
  return `[${rows.join(",")}]`;
}

/** The member `vector`, with the comma before it; nothing where no vectors were read. */
function vectorsText({ vectors }: PointColumns, row: number): string {
  if (vectors.size === 0) return "";
  const given: string[] = [];
  for (const [name, { data, dimension, present }] of vectors) {
    if (present !== null && present[row] !== 1) continue;
    const text = vectorText(data, row * dimension, dimension);
    if (name === "") return `,"vector":${text}`;
    given.push(`${JSON.stringify(name)}:${text}`);
  }
  return `,"vector":{${given.join(",")}}`;
}
