/** Answers as JSON text: changes, and points. */
import type { PointColumns, ScoredPoints } from "../api.ts";
import { float32Text } from "./float-text.ts";
import type { RestRequest } from "./request.ts";
import { vectorsText } from "./vectors.ts";

let lastOperation = 0;

/** The answer to a change: what is acknowledged is on disk, whether the caller waits or not; `wait` decides only the word. */
export function updated({ params }: RestRequest): string {
  lastOperation += 1;
  const status = params["wait"] === "true" ? "completed" : "acknowledged";
  return JSON.stringify({ operation_id: lastOperation, status });
}

/** A point id as JSON: a number, or a string. */
export function idText(id: string): string {
  return id.length === 36 ? `"${id}"` : id;
}

/** A list of points as JSON text; payloads go through as they are stored. */
export function pointsText(
  points: PointColumns | ScoredPoints,
  withPayload: boolean,
  withVectors = points.vectors.size > 0,
): string {
  const rows = points.ids.map((id, row) => {
    const score =
      "scores" in points ? `,"version":0,"score":${float32Text(points.scores[row] ?? 0)}` : "";
    const payload = withPayload ? `,"payload":${points.payloads[row] ?? "{}"}` : "";
    const vectors = withVectors ? `,"vector":${vectorsText(points.vectors, row)}` : "";
    return `{"id":${idText(id)}${score}${payload}${vectors}}`;
  });
  return `[${rows.join(",")}]`;
}
