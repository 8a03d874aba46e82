/**
 * One line of a documents' file: a JSON object. Line n belongs to vector n of the index. Nothing of it is needed but the
 * braces; what is null is left out.
 *
 *   { "point": "…", "id": "…", "tenant_id": "…", "document": "…", "uri": "…", "metadata": {…}, "created_at": "…",
 *     "norm": 1.25, "run": "…", "collection": "…", "rest": {…} }
 *
 * `metadata` and `rest` are the texts themselves, so that 2, 2.0 and 2^53+1 stay three different things.
 */
import { sliceObject, stringOf } from "../../util/json.ts";
import { isPoint, type RowText } from "./row.ts";

/** A line as it was read: a program other than vecferry may have left out the point and the id. */
export type ParsedLine = Omit<RowText, "point" | "id"> & {
  readonly point: string | null;
  readonly id: string | null;
};

/** The line, without its end. */
export function encodeLine(row: RowText): string {
  const members = [
    member("point", quoted(row.point)),
    member("id", quoted(row.id)),
    member("tenant_id", quoted(row.tenant)),
    member("document", quoted(row.document)),
    member("uri", quoted(row.uri)),
    member("metadata", row.metadata),
    member("created_at", quoted(row.createdAt)),
    member("norm", Number.isFinite(row.norm) ? String(row.norm) : null),
    member("run", quoted(row.run)),
    member("collection", quoted(row.collection)),
    member("rest", row.rest),
  ];
  return `{${members.filter((text) => text !== null).join(",")}}`;
}

function quoted(text: string | null): string | null {
  return text === null ? null : JSON.stringify(text);
}

function member(key: string, json: string | null): string | null {
  return json === null ? null : `"${key}":${json}`;
}

/** @throws SyntaxError that says what is wrong with it */
export function parseLine(text: string): ParsedLine {
  // The slices are delimited only; this checks what is within them.
  JSON.parse(text);
  const members = sliceObject(text);
  const take = (key: string): string | null => {
    const raw = members.get(key) ?? null;
    members.delete(key);
    return raw === "null" ? null : raw;
  };
  const takeText = (key: string): string | null => {
    const raw = take(key);
    if (raw === null) return null;
    if (!raw.startsWith('"')) throw new SyntaxError(`"${key}" is no text`);
    return stringOf(raw);
  };
  const takeObject = (key: string): string | null => {
    const raw = take(key);
    if (raw === null || raw === "{}") return null;
    if (!raw.startsWith("{")) throw new SyntaxError(`"${key}" is no object`);
    return raw;
  };
  const point = takeText("point");
  if (point !== null && !isPoint(point)) throw new SyntaxError('"point" is no id of a point');
  const line: ParsedLine = {
    point,
    id: takeText("id"),
    tenant: takeText("tenant_id"),
    document: takeText("document"),
    uri: takeText("uri"),
    metadata: takeObject("metadata"),
    createdAt: takeText("created_at"),
    norm: normOf(take("norm")),
    run: takeText("run"),
    collection: takeText("collection"),
    rest: takeObject("rest"),
  };
  const [unknown] = members.keys();
  if (unknown !== undefined)
    throw new SyntaxError(
      `${JSON.stringify(unknown)} is none of its members; the keys of metadata stand in "metadata"`,
    );
  return line;
}

function normOf(raw: string | null): number {
  if (raw === null) return Number.NaN;
  const norm = /^[\d.eE+-]+$/.test(raw) ? Number(raw) : Number.NaN;
  if (!Number.isFinite(norm)) throw new SyntaxError('"norm" is no number');
  return norm;
}
