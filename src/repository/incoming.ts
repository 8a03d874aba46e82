/** Documents as an application gives them, checked one by one and laid out as a batch that a store takes. */
import { type ErrorCode, VectorError } from "../errors.ts";
import { conflicts } from "../model/layout.ts";
import { tenantPointId } from "../model/point-id.ts";
import { defaultVector, type PointBatch } from "../model/record.ts";
import { isObject, stringifyPlain } from "../util/json.ts";
import type { TenantedCollection } from "./catalog.ts";

/** A document as it was given: its members as they were when the call was made. Only the id has been looked at. */
export interface GivenDocument {
  readonly id: string;
  readonly content: unknown;
  readonly embedding: unknown;
  readonly metadata: unknown;
  readonly createdAt: unknown;
  readonly collectionName: unknown;
  readonly tenantId: unknown;
}

/** The members of each document as they are now; null where one is no object, or has no id. */
export function takeDocuments(documents: readonly unknown[]): GivenDocument[] | null {
  const taken: GivenDocument[] = [];
  for (const document of documents) {
    if (!isObject(document)) return null;
    // The same members in the same order each time: all that reads them is quicker for it.
    const { id, content, embedding, metadata, createdAt, collectionName, tenantId } = document;
    if (typeof id !== "string") return null;
    taken.push({ id, content, embedding, metadata, createdAt, collectionName, tenantId });
  }
  return taken;
}

/** Why one document cannot be written. */
export class DocumentFault {
  readonly code: ErrorCode;
  readonly reason: string;

  constructor(code: ErrorCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

const depthMax = 50;

/** Whose the documents of an operation are, and where they go. */
export interface Destination {
  readonly collection: TenantedCollection;
  readonly tenant: string;
}

/** What is wrong with the document's own words about where it belongs, or with its id; null = nothing. */
export function placeFault(
  { id, tenantId, collectionName }: GivenDocument,
  { collection, tenant }: Destination,
): DocumentFault | null {
  if (!id.isWellFormed()) return new DocumentFault("E_INPUT", "The id is no well-formed text.");
  if (tenantId !== undefined && tenantId !== tenant)
    return new DocumentFault("E_TENANT", "The document is of another tenant than the operation.");
  if (collectionName !== undefined && collectionName !== collection.name)
    return new DocumentFault(
      "E_INPUT",
      "The document is of another collection than the operation.",
    );
  return null;
}

/** Documents of one batch in columns, each as it can be written. */
export class IncomingBatch {
  readonly #to: Destination;
  readonly #ids: string[] = [];
  readonly #points: string[] = [];
  readonly #contents: (string | null)[] = [];
  readonly #metadata: (string | null)[] = [];
  /** undefined = not said. */
  readonly #createdAt: (string | null | undefined)[] = [];
  readonly #norms: Float64Array;
  readonly #vectors: Float32Array;

  /** For so many documents at most. */
  constructor(to: Destination, rowsMax: number) {
    this.#to = to;
    this.#norms = new Float64Array(rowsMax);
    this.#vectors = new Float32Array(rowsMax * to.collection.dimension);
  }

  get points(): readonly string[] {
    return this.#points;
  }

  /** Takes a document in, or says why it cannot be written. */
  add(document: GivenDocument): DocumentFault | null {
    const misplaced = placeFault(document, this.#to);
    if (misplaced !== null) return misplaced;
    const { collection, tenant } = this.#to;
    const { id } = document;
    const content = document.content ?? null;
    if (content !== null && (typeof content !== "string" || !content.isWellFormed()))
      return new DocumentFault("E_INPUT", "content is no well-formed text.");
    const row = this.#ids.length;
    try {
      const at = row * collection.dimension;
      const norm = putEmbedding(document.embedding, collection, "embedding", this.#vectors, at);
      const metadata = toMetadata(document.metadata);
      const [reserved] = conflicts(metadata, collection.note.layout);
      if (reserved !== undefined)
        return new DocumentFault(
          "E_RESERVED_KEY",
          `The metadata has the key ${JSON.stringify(reserved)}, which the collection's layout keeps for itself.`,
        );
      this.#createdAt[row] = toInstant(document.createdAt);
      this.#metadata[row] = metadata;
      this.#norms[row] = norm;
    } catch (error) {
      if (error instanceof VectorError) return new DocumentFault(error.code, error.message);
      throw error;
    }
    this.#contents.push(content);
    this.#points.push(tenantPointId(tenant, id));
    this.#ids.push(id);
    return null;
  }

  /** The documents as points. `createdAt` tells when one was made that does not say so itself. */
  toPoints(createdAt: (point: string) => string | null): PointBatch {
    const { dimension } = this.#to.collection;
    const rows = this.#ids.length;
    const none = (): null[] => this.#ids.map(() => null);
    const data = this.#vectors.subarray(0, rows * dimension);
    return {
      ids: this.#ids,
      vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
      payload: { documents: this.#contents, uris: none(), metadata: this.#metadata },
      placement: {
        points: this.#points,
        tenants: this.#ids.map(() => this.#to.tenant),
        norms: this.#norms.subarray(0, rows),
        runs: none(),
        collections: none(),
        rest: none(),
        createdAt: this.#points.map((point, row) => {
          const said = this.#createdAt[row];
          return said === undefined ? createdAt(point) : said;
        }),
      },
    };
  }
}

/**
 * Puts an embedding into `target`, from `place` on, in the float32 that are sent: under cosine of unit length, divided in float64, so
 * that no square overflows on its way.
 * @returns its norm; NaN where it was not divided
 * @throws {VectorError} E_INPUT for what is no list of finite numbers, or zero under cosine; E_DIMENSION
 */
export function putEmbedding(
  value: unknown,
  { dimension, distance, name }: TenantedCollection,
  field: string,
  target: Float32Array,
  place: number,
): number {
  if (!(value instanceof Float32Array) && !Array.isArray(value))
    throw refused("E_INPUT", field, "is no list of numbers");
  if (value.length !== dimension)
    throw refused(
      "E_DIMENSION",
      field,
      value.length === 0
        ? "is empty"
        : `has ${value.length} components; collection ${JSON.stringify(name)} has ${dimension}`,
    );
  if (value instanceof Float32Array) target.set(value, place);
  else putNumbers(value, field, target, place);
  const end = place + dimension;
  // The square of a float32 that is not zero is none in float64 either, and their sum is finite where each of them is.
  let sum = 0;
  for (let at = place; at < end; at += 1) {
    const component = target[at] ?? 0;
    sum += component * component;
  }
  if (!Number.isFinite(sum)) throw notFinite(target.subarray(place, end), field);
  if (distance !== "cosine") return Number.NaN;
  if (sum === 0)
    throw refused("E_INPUT", field, "is zero and has no direction, so it has no cosine distance");
  const norm = Math.sqrt(sum);
  for (let at = place; at < end; at += 1) target[at] = (target[at] ?? 0) / norm;
  return norm;
}

function putNumbers(
  value: readonly unknown[],
  field: string,
  target: Float32Array,
  place: number,
): void {
  for (let index = 0; index < value.length; index += 1) {
    const component = value[index];
    if (typeof component !== "number")
      throw refused("E_INPUT", `${field}[${index}]`, "is no number");
    target[place + index] = component;
  }
}

function notFinite(floats: Float32Array, field: string): VectorError {
  const index = floats.findIndex((component) => !Number.isFinite(component));
  const what = `is ${floats[index]}, and only finite numbers are held`;
  return refused("E_INPUT", `${field}[${index}]`, what);
}

function refused(code: ErrorCode, field: string, what: string): VectorError {
  return new VectorError(code, `${field} ${what}.`, { details: { field } });
}

/** JSON text of the metadata; null = none. @throws {VectorError} E_INPUT, which names the place of what JSON does not hold */
function toMetadata(value: unknown): string | null {
  if (value === undefined) return null;
  if (!isObject(value)) throw refused("E_INPUT", "metadata", "is no object");
  checkHeld(value, "metadata", 0);
  const text = stringifyPlain(value);
  return text === "{}" ? null : text;
}

/**
 * Checks an object or a list. A member that is undefined is as good as not there; in a list it would be.
 * @throws {VectorError} E_INPUT, which names the place of what JSON does not hold
 */
function checkHeld(value: object, at: string, depth: number): void {
  if (Array.isArray(value)) {
    value.forEach((member: unknown, index) => {
      checkMember(member, at, index, depth + 1);
    });
    return;
  }
  if (!isPlain(value)) throw refused("E_INPUT", at, noJson);
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) throw refused("E_INPUT", at, "has a key that is no well-formed text");
    const member: unknown = Reflect.get(value, key);
    if (member !== undefined) checkMember(member, at, key, depth + 1);
  }
}

const noJson = "is neither text, number, boolean, null, list nor plain object";

/** The same of the member at `step`. Its place is spelled only where somebody is told of it. */
function checkMember(value: unknown, at: string, step: string | number, depth: number): void {
  const place = (): string => (typeof step === "string" ? `${at}.${step}` : `${at}[${step}]`);
  if (depth > depthMax) throw refused("E_INPUT", place(), `is nested deeper than ${depthMax}`);
  switch (typeof value) {
    case "bigint":
    case "boolean":
      return;
    case "string":
      if (!value.isWellFormed()) throw refused("E_INPUT", place(), "is no well-formed text");
      return;
    case "number":
      if (!Number.isFinite(value))
        throw refused("E_INPUT", place(), `is ${value}, which JSON cannot hold`);
      return;
    case "object":
      if (value !== null) checkHeld(value, place(), depth);
      return;
  }
  throw refused("E_INPUT", place(), noJson);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** ISO 8601 in UTC. @throws {VectorError} E_INPUT */
function toInstant(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return value;
  const date = typeof value === "string" || value instanceof Date ? new Date(value) : null;
  if (date === null || Number.isNaN(date.getTime()))
    throw refused("E_INPUT", "createdAt", "is no date");
  return date.toISOString();
}
