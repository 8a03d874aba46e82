/** Answers as JSON text: changes, and points. */
import type { PointColumns, ScoredPoints } from "../api.ts";
import { notImplemented } from "../errors.ts";
import { float32Text, vectorText } from "./float-text.ts";
import type { RestRequest } from "./request.ts";

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
  for (const [name, column] of vectors) {
    if (column.kind !== "dense") throw notImplemented("this kind of vectors in answers");
    const { data, dimension, present } = column;
    if (present !== null && present[row] !== 1) continue;
    const text = vectorText(data, row * dimension, dimension);
    if (name === "") return `,"vector":${text}`;
    given.push(`${JSON.stringify(name)}:${text}`);
  }
  return `,"vector":{${given.join(",")}}`;
}
