/** Documents as an application gives them, checked one by one and laid out as a batch that a store takes. */
import { type ErrorCode, VectorError } from "../errors.ts";
import { conflicts } from "../model/layout.ts";
import { tenantPointId } from "../model/point-id.ts";
import { type DenseColumn, defaultVector, type PointBatch } from "../model/record.ts";
import { divided, normsOf } from "../model/unit-vectors.ts";
import { stringifyPlain } from "../util/json.ts";
import type { TenantedCollection } from "./catalog.ts";

/** A document that can be written. */
export interface Incoming {
  readonly id: string;
  readonly point: string;
  readonly content: string | null;
  readonly embedding: Float32Array;
  /** JSON text of an object; null = none. */
  readonly metadata: string | null;
  /** undefined = not said. */
  readonly createdAt: string | null | undefined;
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
  document: Readonly<Record<string, unknown>>,
  { collection, tenant }: Destination,
): DocumentFault | null {
  const { id, tenantId, collectionName } = document;
  if (typeof id === "string" && !id.isWellFormed())
    return new DocumentFault("E_INPUT", "The id is no well-formed text.");
  if (tenantId !== undefined && tenantId !== tenant)
    return new DocumentFault("E_TENANT", "The document is of another tenant than the operation.");
  if (collectionName !== undefined && collectionName !== collection.name)
    return new DocumentFault(
      "E_INPUT",
      "The document is of another collection than the operation.",
    );
  return null;
}

/** The document as it can be written, or what is wrong with it. `room` is as long as an embedding: one that is no Float32Array is put there. */
export function checkDocument(
  document: Readonly<Record<string, unknown>>,
  destination: Destination,
  room?: Float32Array,
): Incoming | DocumentFault {
  const misplaced = placeFault(document, destination);
  if (misplaced !== null) return misplaced;
  const { collection, tenant } = destination;
  const id = String(document["id"]);
  const content = document["content"] ?? null;
  if (content !== null && (typeof content !== "string" || !content.isWellFormed()))
    return new DocumentFault("E_INPUT", "content is no well-formed text.");
  try {
    const embedding = toEmbedding(document["embedding"], collection, "embedding", room);
    const metadata = toMetadata(document["metadata"]);
    const [reserved] = conflicts(metadata, collection.note.layout);
    if (reserved !== undefined)
      return new DocumentFault(
        "E_RESERVED_KEY",
        `The metadata has the key ${JSON.stringify(reserved)}, which the collection's layout keeps for itself.`,
      );
    const createdAt = toInstant(document["createdAt"]);
    return { id, point: tenantPointId(tenant, id), content, embedding, metadata, createdAt };
  } catch (error) {
    if (error instanceof VectorError) return new DocumentFault(error.code, error.message);
    throw error;
  }
}

/**
 * The float32 of an embedding that fits the collection, in `room` where it is none already.
 * @throws {VectorError} E_INPUT for what is no list of finite numbers, or zero under cosine; E_DIMENSION
 */
export function toEmbedding(
  value: unknown,
  { dimension, distance, name }: TenantedCollection,
  field: string,
  room: Float32Array = new Float32Array(dimension),
): Float32Array {
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
  const floats = value instanceof Float32Array ? value : filled(room, value, field);
  let size = 0;
  for (let index = 0; index < dimension; index += 1) size += Math.abs(floats[index] ?? 0);
  if (!Number.isFinite(size)) {
    const index = floats.findIndex((component) => !Number.isFinite(component));
    const what = `is ${floats[index]}, and only finite numbers are held`;
    throw refused("E_INPUT", `${field}[${index}]`, what);
  }
  if (size === 0 && distance === "cosine")
    throw refused("E_INPUT", field, "is zero and has no direction, so it has no cosine distance");
  return floats;
}

function filled(floats: Float32Array, value: readonly unknown[], field: string): Float32Array {
  for (let index = 0; index < floats.length; index += 1) {
    const component = value[index];
    if (typeof component !== "number")
      throw refused("E_INPUT", `${field}[${index}]`, "is no number");
    floats[index] = component;
  }
  return floats;
}

function refused(code: ErrorCode, field: string, what: string): VectorError {
  return new VectorError(code, `${field} ${what}.`, { details: { field } });
}

/** JSON text of the metadata; null = none. @throws {VectorError} E_INPUT, which names the place of what JSON does not hold */
function toMetadata(value: unknown): string | null {
  if (value === undefined) return null;
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw refused("E_INPUT", "metadata", "is no object");
  assertJson(value, "metadata", 0);
  const text = stringifyPlain(value);
  return text === "{}" ? null : text;
}

/** A member that is undefined is as good as not there; in a list it would be. */
function assertJson(value: unknown, at: string, depth: number): void {
  if (depth > depthMax) throw refused("E_INPUT", at, `is nested deeper than ${depthMax}`);
  if (value === null || typeof value === "boolean" || typeof value === "bigint") return;
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw refused("E_INPUT", at, "is no well-formed text");
    return;
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value))
      throw refused("E_INPUT", at, `is ${value}, which JSON cannot hold`);
    return;
  }
  if (Array.isArray(value)) {
    value.forEach((member: unknown, index) => {
      assertJson(member, `${at}[${index}]`, depth + 1);
    });
    return;
  }
  if (typeof value !== "object" || !isPlain(value))
    throw refused("E_INPUT", at, "is neither text, number, boolean, null, list nor plain object");
  for (const [key, member] of Object.entries(value)) {
    if (!key.isWellFormed()) throw refused("E_INPUT", at, "has a key that is no well-formed text");
    if (member !== undefined) assertJson(member, `${at}.${key}`, depth + 1);
  }
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

/** The documents as points: under cosine the vectors are of unit length, and their norms are kept. */
export function toBatch(
  documents: readonly Incoming[],
  { collection, tenant }: Destination,
  createdAt: (document: Incoming) => string | null,
): PointBatch {
  const { dimension, distance } = collection;
  const data = new Float32Array(documents.length * dimension);
  documents.forEach(({ embedding }, row) => {
    data.set(embedding, row * dimension);
  });
  const given: DenseColumn = { kind: "dense", dimension, data, present: null };
  const cosine = distance === "cosine";
  const norms = cosine
    ? normsOf(given, documents.length)
    : new Float64Array(documents.length).fill(Number.NaN);
  const sent = cosine ? { ...given, data: divided(given, [...documents.keys()], norms) } : given;
  const none = (): null[] => documents.map(() => null);
  return {
    ids: documents.map(({ id }) => id),
    vectors: new Map([[defaultVector, sent]]),
    payload: {
      documents: documents.map(({ content }) => content),
      uris: none(),
      metadata: documents.map(({ metadata }) => metadata),
    },
    placement: {
      points: documents.map(({ point }) => point),
      tenants: documents.map(() => tenant),
      norms,
      runs: none(),
      collections: none(),
      rest: none(),
      createdAt: documents.map(createdAt),
    },
  };
}
