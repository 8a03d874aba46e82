/** Request bodies: bounded, and cut into the raw texts of their members, so that ids and payloads keep every digit. */
import type { Context } from "hono";
import { z } from "zod";
import {
  canonicalPointId,
  type PayloadSelector,
  type PointSelector,
  type VectorSelector,
} from "../engine/index.ts";
import { VectorError } from "../errors.ts";
import { sliceArray, sliceObject } from "../util/json.ts";

const bodyBytesMax = 32 * 1024 * 1024;

/** A request that Qdrant answers with `status` and these words. */
export function refused(message: string, status: 400 | 404 | 422 = 400): VectorError {
  return new VectorError("E_INPUT", message, { details: { status } });
}

/** Something that a Qdrant server has and this one has not: 501. */
export function notImplemented(what: string): VectorError {
  return new VectorError(
    "E_NOT_SUPPORTED",
    `The embedded server does not have ${what} yet; a Qdrant server has.`,
    {
      details: { status: 501 },
    },
  );
}

/** The request's body as text. @throws E_INPUT (400) over 32 MiB, as Qdrant answers it */
export async function readBody(c: Context): Promise<string> {
  const announced = Number(c.req.header("content-length") ?? Number.NaN);
  if (announced > bodyBytesMax) {
    throw refused(
      `JSON payload (${announced} bytes) is larger than allowed (limit: ${bodyBytesMax} bytes).`,
    );
  }
  if (!Number.isNaN(announced)) return c.req.text();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax)
      throw refused(`JSON payload has exceeded limit (${bodyBytesMax} bytes).`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function malformed(error: unknown): VectorError {
  const words = error instanceof Error ? error.message : String(error);
  return new VectorError("E_INPUT", `Format error in JSON body: ${words}`, {
    cause: error,
    details: { status: 400 },
  });
}

/** An object's members as raw JSON texts; null counts as absent. */
export class Members {
  readonly #texts: ReadonlyMap<string, string>;

  /** @throws E_INPUT where `text` is no JSON object */
  constructor(text: string) {
    if (text.trim() === "")
      throw refused("Format error in JSON body: EOF while parsing a value at line 1 column 0");
    try {
      this.#texts = sliceObject(text);
    } catch (error) {
      throw malformed(error);
    }
  }

  static async read(c: Context): Promise<Members> {
    return new Members(await readBody(c));
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
    const result = schema.safeParse(parse(text));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const words = [name, ...(issue?.path ?? []).map(String)].join(".");
    throw issue?.code === "too_small" || issue?.code === "too_big"
      ? refused(`Validation error in JSON body: [${words}: ${issue.message}]`, 422)
      : refused(`Format error in JSON body: ${words}: ${issue?.message ?? "invalid"}`);
  }

  /** As `get`, and it must be there. */
  need<Schema extends z.ZodType>(name: string, schema: Schema): z.output<Schema> {
    const value = this.get(name, schema);
    if (value === undefined) throw refused(`Format error in JSON body: missing field \`${name}\``);
    return value;
  }

  /** The raw texts of an array's elements; undefined where it is absent. */
  list(name: string): string[] | undefined {
    const text = this.raw(name);
    if (text === undefined) return undefined;
    try {
      return sliceArray(text);
    } catch (error) {
      throw malformed(error);
    }
  }
}

/** @throws E_INPUT (400) */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(error);
  }
}

/** A point id from its raw JSON text. @throws E_INPUT (400) */
export function toPointId(text: string): string {
  const quoted = text.startsWith('"');
  const value = quoted ? String(parse(text)) : text;
  const id = canonicalPointId(value);
  if (id === null || quoted !== (id.length === 36)) {
    throw refused(
      `Format error in JSON body: value ${value.slice(0, 100)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
    );
  }
  return id;
}

const keys = z.array(z.string());
const payloadSelector = z.union([
  z.boolean(),
  keys,
  z.object({ include: keys }),
  z.object({ exclude: keys }),
]);
const vectorSelector = z.union([z.boolean(), keys]);

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

/** Which points a body means, by `points` or `filter`; null where it says neither. */
export function toSelector(body: Members): PointSelector | null {
  const points = body.list("points");
  if (points !== undefined) return { ids: points.map(toPointId) };
  const filter = body.raw("filter");
  return filter === undefined ? null : { filter };
}

/** A bound on rows: at least 1 (422), an integer (400). */
export const limitSchema = z.int().min(1);
export const offsetSchema = z.int().min(0);
