/** The bodies of `PUT` and `PATCH /collections/{name}` as text. */
import { eachMember, type JsonValue, parseSigned } from "../../util/json.ts";
import type { JsonObject } from "../api.ts";
import { badInput, readUnkept } from "../errors.ts";
import { asStruct, type Fields } from "../struct-list.ts";

/** What `read` makes of a body, whose fields have this order in a list. @throws E_INPUT, and what `read` throws */
export function readConfigBody<Result>(
  text: string,
  of: Fields,
  read: (body: JsonObject) => Result,
): Result {
  const body = parseBody(text, of);
  for (const each of overwritten(text)) readUnkept(() => read(each));
  return read(body);
}

function parseBody(text: string, of: Fields): JsonObject {
  let value: JsonValue;
  try {
    value = parseSigned(text);
  } catch (cause) {
    throw badInput(`Format error in JSON body: ${String(cause)}`);
  }
  const body = asStruct(value, of);
  if (body === null) throw badInput("Format error in JSON body: expected an object");
  return body as JsonObject;
}

/** Of a name that stands in one of these twice a server keeps the last, and reads both. */
const maps: ReadonlySet<string> = new Set(["vectors", "sparse_vectors"]);

/** Bodies that have nothing but what is not kept. */
function overwritten(text: string): JsonObject[] {
  if (!text.trimStart().startsWith("{")) return [];
  const found: JsonObject[] = [];
  eachMember(text, (map, start, end) => {
    if (!maps.has(map) || text[start] !== "{") return;
    const members = text.slice(start, end);
    const met = new Map<string, string>();
    eachMember(members, (name, from, to) => {
      const earlier = met.get(name);
      if (earlier !== undefined) found.push({ [map]: { [name]: parseSigned(earlier) } });
      met.set(name, members.slice(from, to));
    });
  });
  return found;
}
