/** Request bodies, cut into the raw texts of their members, so that ids and payloads keep every digit. */
import { isUtf8 } from "node:buffer";
import { z } from "zod";
import type { VectorError } from "../../errors.ts";
import { eachElement, eachMember, parseSigned, sliceArray } from "../../util/json.ts";
import type { JsonObject, PayloadSelector, VectorSelector } from "../api.ts";
import { canonicalPointId, uuidOfBytes } from "../collection/point-key.ts";
import { checkInput, malformed, missing, variant } from "../errors.ts";
import { filterFields, parseFilter } from "../filter/filter.ts";
import { isPath } from "../filter/json-path.ts";
import { named } from "../input-words.ts";
import { refuseExtremes } from "../json-extremes.ts";
import { asStruct, type Fields, fits } from "../struct-list.ts";
import { bodyShapes, free } from "./body-shapes.ts";
import { KeyWatch } from "./json-keys.ts";
import type { RestRequest } from "./request.ts";

/**
 * A request's body as text, without what a server passes over unread; '' where there is none.
 * @throws E_INPUT (400) where it is no JSON, nested too deep, has a number beyond a double or a field twice, or is no UTF-8 where it is read
 */
export function bodyText({ body, operation }: RestRequest): string {
  if (body === null || body.length === 0) return "";
  if (typeof body === "string") return readText(body, operation);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (isUtf8(bytes)) return readText(bytes.toString("utf8"), operation);
  // A byte a character: what is JSON's own is the same.
  const read = Buffer.from(readText(bytes.toString("latin1"), operation), "latin1");
  if (!isUtf8(read)) throw malformed("invalid unicode code point");
  return read.toString("utf8");
}

/** A longer body of these, vectors for the most part, is not decoded twice: who reads it decodes all that it has. */
const decodedOnce: ReadonlySet<RestRequest["operation"]> = new Set([
  "upsertPoints",
  "updateVectors",
] as const);
const decodedTwiceMax = 64 * 1024;

function readText(text: string, operation: RestRequest["operation"]): string {
  const watch = new KeyWatch(text, bodyShapes[operation] ?? free);
  refuseExtremes(text, watch);
  const isLong = text.length > decodedTwiceMax && decodedOnce.has(operation);
  for (const part of isLong ? watch.unreadTexts : [text]) parse(part);
  return watch.readText;
}

/** @throws E_INPUT (400) where there is no body */
export function refuseEmpty({ body }: RestRequest): void {
  if (body === null || body.length === 0)
    throw malformed("EOF while parsing a value at line 1 column 0");
}

function notJson(error: unknown): VectorError {
  return malformed(error instanceof Error ? error.message : String(error));
}

/** A struct's members as raw JSON texts; null counts as absent. */
export class Members {
  readonly #texts = new Map<string, string>();
  /** The raw texts of members that stand again behind them. */
  readonly overwritten: string[] = [];

  /**
   * Of an object (of a member that stands twice the last counts), or of a list of the fields `of` a struct.
   * @throws E_INPUT where `text` is neither
   */
  constructor(text: string, of?: Fields) {
    const first = text.trimStart();
    if (first === "") throw malformed("EOF while parsing a value at line 1 column 0");
    try {
      if (of !== undefined && first.startsWith("[")) this.#setList(text, of);
      else {
        eachMember(text, (key, start, end) => {
          const earlier = this.#texts.get(key);
          if (earlier !== undefined) this.overwritten.push(earlier);
          this.#texts.set(key, text.slice(start, end));
        });
      }
    } catch (error) {
      throw error instanceof SyntaxError ? notJson(error) : error;
    }
  }

  #setList(text: string, of: Fields): void {
    let length = 0;
    eachElement(text, (index, start, end) => {
      length += 1;
      this.#texts.set(of.names[index] ?? "", text.slice(start, end));
    });
    if (!fits(of, length))
      throw malformed(
        `invalid length ${length}, expected a struct with ${of.names.length} elements`,
      );
  }

  static of(request: RestRequest, of?: Fields): Members {
    return new Members(bodyText(request), of);
  }

  /** @throws E_INPUT where one of these is null: they may be absent, and are no options */
  refuseNull(...names: readonly string[]): this {
    if (names.some((name) => this.#texts.get(name) === "null"))
      throw malformed("invalid type: null, expected a value");
    return this;
  }

  /** @throws E_INPUT where one that is none of these is no JSON */
  parseOthers(...names: readonly string[]): this {
    for (const [name, text] of this.#texts) if (!names.includes(name)) parse(text);
    return this;
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

/** @throws E_INPUT (400) where a payload's text is none */
export function refuseNoMap(text: string): void {
  if (!text.startsWith("{")) throw malformed(`invalid type: ${named(parse(text))}, expected a map`);
}

/** A point id from its raw JSON text. @throws E_INPUT (400) */
export function toPointId(text: string): string {
  const quoted = text.startsWith('"');
  const value = quoted ? String(parse(text)) : text;
  const list = text.startsWith("[") ? decodedWith(parseSigned, text) : null;
  const id = Array.isArray(list) ? uuidOfBytes(list) : canonicalPointId(value);
  if (id === null || (quoted || list !== null) !== (id.length === 36)) {
    throw malformed(
      `value ${value.slice(0, 100)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
    );
  }
  return id;
}

/** The members of a struct that may be of another shape: null then. */
export function structOf(text: string | undefined, of: Fields): Members | null {
  return text === undefined || !/^[[{]/.test(text) ? null : variant(() => new Members(text, of));
}

const keys = z.array(z.string().refine(isPath));
const payloadSelector = z.union(
  [
    z.boolean(),
    keys,
    z.strictObject({ include: keys }),
    z.strictObject({ exclude: keys }),
    z.tuple([keys]).transform(([include]) => ({ include })),
  ],
  {
    error: "Expected a boolean, an array of strings, or an object with an include/exclude field",
  },
);
const vectorSelector = z.union([z.boolean(), z.array(z.string())], {
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

/** As `selectors`, of points that are read and not searched: there the vectors are no option. @throws E_INPUT */
export function pointSelectors(body: Members, withPayload: boolean) {
  return selectors(body.refuseNull("with_vector", "with_vectors"), withPayload);
}

/**
 * A filter, decoded and checked; null where there is none. `at`: where the body stands; null = its conditions may ask nothing.
 * @throws E_INPUT
 */
export function readFilter(body: Members, at: string | null, name = "filter"): JsonObject | null {
  const text = body.raw(name);
  if (text === undefined) return null;
  const filter = decodedWith(parseSigned, text);
  parseFilter(filter, at === null ? null : at === "" ? name : `${at}.${name}`);
  return asStruct(filter, filterFields) as JsonObject;
}
