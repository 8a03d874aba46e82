/** What is wrong with a part of a request, in the words of Qdrant's decoder (serde) and of its validator. */
import type { z } from "zod";

/** A fault of shape, which Qdrant answers with 400, or of a bound, 422. */
export interface InputFault {
  readonly status: 400 | 422;
  readonly words: string;
}

/** `issue` is what zod found in `value` at the issue's path; a message that a schema gives in Qdrant's words is taken as it is. */
export function inputFault(issue: z.core.$ZodIssue, value: unknown): InputFault {
  const given = at(value, issue.path);
  if (issue.message.startsWith("data did not match")) return shape(issue.message);
  switch (issue.code) {
    case "too_small":
      return bound(issue.message, given, `must be ${issue.minimum} or larger`);
    case "too_big":
      return bound(issue.message, given, `must be ${issue.maximum} or smaller`);
    case "invalid_type":
      return shape(`invalid type: ${named(given)}, ${expectation(issue, given)}`);
    case "invalid_value":
      return shape(variant(given, issue.values.map(String)));
    default:
      return shape(issue.message);
  }
}

function shape(words: string): InputFault {
  return { status: 400, words };
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, step);
  }
  return found;
}

/** A number that breaks a bound. Qdrant's counts are unsigned, so that one below 0 is of the wrong shape already. */
function bound(message: string, given: unknown, words: string): InputFault {
  if (message.startsWith("expected ")) return shape(`invalid value: ${named(given)}, ${message}`);
  if (message.startsWith("must be "))
    return { status: 422, words: `value ${shown(given)} invalid, ${message}` };
  if (typeof given === "number" && given < 0)
    return shape(`invalid value: ${named(given)}, expected usize`);
  return { status: 422, words: `value ${shown(given)} invalid, ${words}` };
}

/** A list and an object have words of their own: their `toString` may be anything. */
function shown(value: unknown): string {
  return typeof value === "object" ? named(value) : String(value);
}

const wordsMax = 100;

/** A value as serde names what it did not expect. */
export function named(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "sequence";
  if (value instanceof Number) {
    const float = value.valueOf();
    return `floating point \`${Number.isInteger(float) ? float.toFixed(1) : float}\``;
  }
  switch (typeof value) {
    case "boolean":
      return `boolean \`${value}\``;
    case "bigint":
      return `integer \`${value}\``;
    case "number":
      return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``;
    case "string":
      return `string ${JSON.stringify(value.slice(0, wordsMax))}`;
    default:
      return "map";
  }
}

const expectations: Readonly<Record<string, string>> = {
  int: "usize",
  number: "f64",
  string: "a string",
  boolean: "a boolean",
  array: "a sequence",
  object: "a map",
  record: "a map",
};

/** In the schema's own words, where it has any. */
function expectation({ message, expected }: z.core.$ZodIssueInvalidType, given: unknown): string {
  if (message.startsWith("expected ")) return message;
  // A float that came is taken for any other number.
  if (given instanceof Number && expected === "number") return "expected usize";
  return `expected ${expectations[expected] ?? expected}`;
}

function variant(given: unknown, values: readonly string[]): string {
  if (typeof given !== "string") return `invalid type: ${named(given)}, expected a string`;
  const quoted = values.map((value) => `\`${value}\``);
  const list = quoted.length === 2 ? quoted.join(" or ") : `one of ${quoted.join(", ")}`;
  return `unknown variant \`${given.slice(0, wordsMax)}\`, expected ${quoted.length === 1 ? quoted[0] : list}`;
}
