/** The engine's errors in Qdrant's words, each with the HTTP status that Qdrant answers as `details.status`. */
import type { z } from "zod";
import { isVectorError, VectorError } from "../errors.ts";
import { inputFault } from "./input-words.ts";

/** A request that Qdrant answers with 400. */
export function badInput(message: string, details: Record<string, unknown> = {}): VectorError {
  return new VectorError("E_INPUT", message, { details: { status: 400, ...details } });
}

const ofOtherShape = new WeakSet<Error>();

/** A body that is not what it should be: 400, in the words of Qdrant's decoder. */
export function malformed(words: string, details: Record<string, unknown> = {}): VectorError {
  const error = badInput(`Format error in JSON body: ${words}`, details);
  ofOtherShape.add(error);
  return error;
}

function isMalformed(error: unknown): boolean {
  return error instanceof Error && ofOtherShape.has(error);
}

/** @throws E_INPUT (400) that a field is not there */
export function missing(name: string): never {
  throw malformed(`missing field \`${name}\``);
}

/** A request that is well formed and breaks a rule: 422. */
export function invalid(message: string): VectorError {
  return new VectorError("E_INPUT", message, { details: { status: 422 } });
}

/** What `decoded` reads at the moment, and the first rule that is broken in it; null = nothing is read. */
let reading: { broken: VectorError | null } | null = null;

/** Tells that a rule is broken (422): where `decoded` reads, when it is through. @throws E_INPUT where nothing is read */
export function breaks(message: string): void {
  if (reading === null) throw invalid(message);
  reading.broken ??= invalid(message);
}

/**
 * Runs `read`, which decodes a body. A rule that it breaks is told where all of it is well formed: Qdrant decodes a body before it
 * looks at rules. @throws E_INPUT
 */
export function decoded<Result>(read: () => Result): Result {
  const outer = reading;
  const mine = { broken: null as VectorError | null };
  reading = mine;
  try {
    const result = read();
    if (mine.broken !== null) throw mine.broken;
    return result;
  } finally {
    reading = outer;
  }
}

/**
 * Reads one variant of an untagged type: null where the body is none of that variant. What rules are broken in it counts for
 * nothing then. @throws whatever else `read` throws
 */
export function variant<Result>(read: () => Result | null): Result | null {
  const broken = reading?.broken ?? null;
  let result: Result | null = null;
  try {
    result = read();
  } catch (error) {
    if (!isMalformed(error)) throw error;
  }
  if (result === null && reading !== null) reading.broken = broken;
  return result;
}

/** Runs `read`, which decodes what a server reads and does not keep: what rules are broken in it counts for nothing. @throws E_INPUT (400) */
export function readUnkept(read: () => unknown): void {
  try {
    decoded(read);
  } catch (error) {
    if (isMalformed(error)) throw error;
  }
}

/** Runs checks of a body's parts: where one is malformed, that is told before any rule (422) that another breaks. @throws E_INPUT */
export function checkParts(checks: readonly (() => unknown)[]): void {
  const faults = checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      return [error];
    }
  });
  const isRule = (error: unknown) =>
    isVectorError(error, "E_INPUT") && error.details["status"] === 422;
  const told = faults.find(isMalformed) ?? faults.find(isRule);
  // What else is wrong a server finds later.
  if (told !== undefined) throw told;
}

/** Something that is not there, a collection excepted: 404. */
export function notFound(message: string): VectorError {
  return new VectorError("E_INPUT", message, { details: { status: 404 } });
}

export function collectionNotFound(name: string): VectorError {
  return new VectorError(
    "E_COLLECTION_NOT_FOUND",
    `Not found: Collection \`${name}\` doesn't exist!`,
    {
      details: { status: 404, collection: name },
    },
  );
}

/** Something that Qdrant has and this engine has not: 501. */
export function notImplemented(what: string): VectorError {
  return new VectorError(
    "E_NOT_SUPPORTED",
    `The embedded engine does not have ${what} yet; a Qdrant server has.`,
    {
      details: { status: 501 },
    },
  );
}

const foundLate = new WeakSet<Error>();

/** Marks a fault that a server finds when it makes a change: who does not wait for that is not told. */
export function late(error: VectorError): VectorError {
  foundLate.add(error);
  return error;
}

/** Whether a fault is told only to who waits: one marked as `late`, or something that is not there. */
export function isLate(error: unknown): boolean {
  if (!isVectorError(error, "E_INPUT")) return false;
  return error.details["status"] === 404 || foundLate.has(error);
}

const none = { issue: { path: [] }, status: 400, words: "invalid" } as const;

/** Checks `value`, which stands at `path` of a request: a wrong shape is 400, what breaks a bound 422. @throws E_INPUT */
export function checkInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path = "",
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => ({ issue, ...inputFault(issue, value) }));
  // Qdrant decodes all of it before it looks at bounds.
  const { issue, status, words } = faults.find((each) => each.status === 400) ?? faults[0] ?? none;
  if (status === 400) throw malformed(words);
  const steps = [path, ...issue.path.map(String)].filter((step) => step !== "");
  throw invalid(`Validation error in JSON body: [${steps.join(".")}: ${words}]`);
}

/**
 * Runs `read`, which decodes one of Qdrant's untagged types: whatever has the wrong shape in there is told by the type's
 * name alone. @throws E_INPUT
 */
export function untagged<Result>(type: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!isVectorError(error, "E_INPUT") || error.details["status"] !== 400) throw error;
    throw malformed(`data did not match any variant of untagged enum ${type}`);
  }
}
