/** Request bodies, cut into the raw texts of their members, so that ids and payloads keep every digit. */
import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { eachMember, isObject, parseLossless, sliceArray } from "../../util/json.ts";
import type { JsonObject, PayloadSelector, PointSelector, VectorSelector } from "../api.ts";
import { canonicalPointId, uuidOfBytes } from "../collection/point-key.ts";
import { badInput, checkInput, malformed, missing } from "../errors.ts";
import { parseFilter } from "../filter/filter.ts";
import { named } from "../input-words.ts";
import { refuseExtremes } from "../json-extremes.ts";
import { bodyShapes, free } from "./body-shapes.ts";
import { KeyWatch } from "./json-keys.ts";
import type { RestRequest } from "./request.ts";

/** A body of so many characters is read twice, for its form first. */
const readWholeMax = 64 * 1024;

/**
 * A request's body as text, without what a server passes over unread; '' where there is none.
 * @throws E_INPUT (400) where it is no UTF-8, nested too deep, has a number beyond a double or a field twice, or is no JSON and has no more than `wholeMax` characters
 */
export function bodyText({ body, operation }: RestRequest, wholeMax = readWholeMax): string {
  if (body === null) return "";
  if (typeof body !== "string" && !isUtf8(body)) throw malformed("invalid unicode code point");
  const text =
    typeof body === "string"
      ? body
      : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  const watch = new KeyWatch(text, bodyShapes[operation] ?? free);
  refuseExtremes(text, watch);
  // What is no JSON is told before anything is looked up; in a longer one, when the faulty part is read.
  if (text !== "" && text.length <= wholeMax) parse(text);
  return watch.readText;
}

/** As `bodyText`, and it must not be empty. @throws E_INPUT (400) */
export function needBody(request: RestRequest, wholeMax = readWholeMax): string {
  const text = bodyText(request, wholeMax);
  if (text.trim() === "") throw malformed("EOF while parsing a value at line 1 column 0");
  return text;
}

function notJson(error: unknown): VectorError {
  const words = error instanceof Error ? error.message : String(error);
  return new VectorError("E_INPUT", `Format error in JSON body: ${words}`, {
    cause: error,
    details: { status: 400 },
  });
}

/** An object's members as raw JSON texts; null counts as absent. */
export class Members {
  readonly #texts = new Map<string, string>();

  /** Of a member that stands twice the last counts. @throws E_INPUT where `text` is no JSON object */
  constructor(text: string) {
    if (text.trim() === "") throw malformed("EOF while parsing a value at line 1 column 0");
    try {
      eachMember(text, (key, start, end) => {
        this.#texts.set(key, text.slice(start, end));
      });
    } catch (error) {
      throw notJson(error);
    }
  }

  static of(request: RestRequest): Members {
    return new Members(bodyText(request));
  }

  /** These members, without that of one name. */
  without(name: string): this {
    this.#texts.delete(name);
    return this;
  }

  names(): string[] {
    return [...this.#texts.keys()];
  }

  /** The raw text of a member; undefined where it is absent or null. */
  raw(name: string): string | undefined {
    const text = this.#texts.get(name);
    return text === "null" ? undefined : text;
  }

  /** The decoded member, checked. @throws E_INPUT (400; 422 for what is out of bounds) */
  get<Schema extends z.ZodType>(name: string, schema: Schema): z.output<Schema> | undefined {
    const text = this.raw(name);
    if (text === undefined) return undefined;
    return checkInput(schema, parse(text), name);
  }

  /** As `get`, and it must be there. */
  need<Schema extends z.ZodType>(name: string, schema: Schema): z.output<Schema> {
    return this.get(name, schema) ?? missing(name);
  }

  /** The raw texts of an array's elements; undefined where it is absent. */
  list(name: string): string[] | undefined {
    const text = this.raw(name);
    if (text === undefined) return undefined;
    if (!text.startsWith("[")) {
      const words = `invalid type: ${named(parse(text))}, expected a sequence`;
      throw malformed(words);
    }
    try {
      return sliceArray(text);
    } catch (error) {
      throw notJson(error);
    }
  }
}

/** @throws E_INPUT (400) */
export function parse(text: string): unknown {
  return decodedWith((json) => JSON.parse(json), text);
}

function decodedWith(read: (text: string) => unknown, text: string): unknown {
  try {
    return read(text);
  } catch (error) {
    throw notJson(error);
  }
}

/** A point id from its raw JSON text. @throws E_INPUT (400) */
export function toPointId(text: string): string {
  const quoted = text.startsWith('"');
  const value = quoted ? String(parse(text)) : text;
  const list = text.startsWith("[") ? decodedWith(parseLossless, text) : null;
  const id = Array.isArray(list) ? uuidOfBytes(list) : canonicalPointId(value);
  if (id === null || (quoted || list !== null) !== (id.length === 36)) {
    throw malformed(
      `value ${value.slice(0, 100)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
    );
  }
  return id;
}

const keys = z.array(z.string());
const payloadSelector = z.union(
  [z.boolean(), keys, z.strictObject({ include: keys }), z.strictObject({ exclude: keys })],
  {
    error: "Expected a boolean, an array of strings, or an object with an include/exclude field",
  },
);
const vectorSelector = z.union([z.boolean(), keys], {
  error: "Expected a boolean, or an array of strings",
});

/** Both selectors, under the names that Qdrant takes. */
export function selectors(
  body: Members,
  withPayload: boolean,
): { withPayload: PayloadSelector; withVector: VectorSelector } {
  return {
    withPayload: body.get("with_payload", payloadSelector) ?? withPayload,
    withVector:
      body.get("with_vector", vectorSelector) ?? body.get("with_vectors", vectorSelector) ?? false,
  };
}

/**
 * A filter, decoded and checked; null where there is none. `at`: where the body stands; null = its conditions may ask nothing.
 * @throws E_INPUT
 */
export function readFilter(body: Members, at: string | null, name = "filter"): JsonObject | null {
  const text = body.raw(name);
  if (text === undefined) return null;
  const filter = decodedWith(parseLossless, text);
  parseFilter(filter, at === null ? null : at === "" ? name : `${at}.${name}`);
  if (!isObject(filter)) throw malformed("expected struct Filter");
  return filter as JsonObject;
}

/** Which points a body means, by `points` or `filter`; null where it says neither. `at` as for `readFilter`. */
export function toSelector(body: Members, at: string | null): PointSelector | null {
  const points = body.list("points");
  if (points?.length === 0) throw badInput("Bad request: Empty update request");
  if (points !== undefined) return { ids: points.map(toPointId) };
  const filter = readFilter(body, at);
  return filter === null ? null : { filter };
}
