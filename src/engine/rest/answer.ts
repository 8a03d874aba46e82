/** Answers as JSON text: changes, and points. */
import { floatText } from "../../util/json.ts";
import { listText } from "../answer-size.ts";
import type { PointColumns } from "../api.ts";
import { largeStep } from "../time-limit.ts";
import { float32Text } from "./float-text.ts";
import type { RestRequest } from "./request.ts";
import { vectorsText } from "./vectors.ts";

let lastOperation = 0;

/** Whether the caller wants to be told how a change ended; his `timeout` may be over before it has. */
export function waits({ params }: RestRequest): boolean {
  return params["wait"] === "true";
}

/** The answer to a change: what is acknowledged is on disk, whether the caller waits or not; that decides only the word. */
export function updated(request: RestRequest): string {
  lastOperation += 1;
  const made = waits(request) ? "completed" : "acknowledged";
  const status = request.timedOut === true ? "wait_timeout" : made;
  return JSON.stringify({ operation_id: lastOperation, status });
}

/** A point id as JSON: a number, or a string. */
export function idText(id: string): string {
  return id.length === 36 ? `"${id}"` : id;
}

/** Points to answer: with scores, and with what they were ordered by, where they have these. */
export interface AnsweredPoints extends PointColumns {
  readonly scores?: Float32Array;
  /** An integer as bigint; null = none. */
  readonly orderValues?: readonly (number | bigint | null)[];
}

/** A list of points as JSON text; payloads go through as they are stored. @throws E_INPUT where they are more than an answer may be */
export function pointsText(
  points: AnsweredPoints,
  withPayload: boolean,
  withVectors = points.vectors.size > 0,
): string {
  const rows = function* (): Generator<string> {
    for (const [row, id] of points.ids.entries()) {
      largeStep();
      const score =
        points.scores === undefined
          ? ""
          : `,"version":0,"score":${float32Text(points.scores[row] ?? 0)}`;
      const payload = withPayload ? `,"payload":${points.payloads[row] ?? "{}"}` : "";
      const vectors = withVectors ? `,"vector":${vectorsText(points.vectors, row)}` : "";
      yield `{"id":${idText(id)}${score}${payload}${vectors}${orderText(points, row)}}`;
    }
  };
  return listText(rows());
}

function orderText({ orderValues }: AnsweredPoints, row: number): string {
  const value = orderValues?.[row] ?? null;
  if (value === null) return "";
  return `,"order_value":${typeof value === "bigint" ? value.toString() : floatText(value)}`;
}
