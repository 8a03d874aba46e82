/** Payload indexes: which values of a payload a field's table holds, and which filter conditions it answers. */
import type { JsonInput } from "../api.ts";
import { fieldSchema } from "../collection/config-schema.ts";
import { badInput, checkInput } from "../errors.ts";
import type { CollectionFile, FieldValue } from "../storage/collection-file.ts";
import { type Bounds, type FieldTest, parseInstant, withinBounds } from "./filter.ts";
import { isObject, type PathStep, parsePath, valuesAt } from "./json-path.ts";
import type { SlotSet } from "./slot-set.ts";

/** One payload index of a collection. */
export interface FieldIndex {
  /** Number of its table. */
  readonly id: number;
  /** The path as it was given. */
  readonly path: string;
  readonly steps: readonly PathStep[];
  readonly type: string;
  /** JSON text of the parameters; null where only the type was given. */
  readonly params: string | null;
}

/** Checks a field schema; gives it as JSON text. @throws E_INPUT */
export function encodeFieldSchema(schema: JsonInput): string {
  const value: unknown =
    typeof schema === "string" && schema.trimStart().startsWith("{") ? JSON.parse(schema) : schema;
  return JSON.stringify(checkInput(fieldSchema, value, "field_schema"));
}

export function toFieldIndex(id: number, path: string, schema: string): FieldIndex {
  const value: unknown = JSON.parse(schema);
  const type = isObject(value) ? value["type"] : value;
  if (typeof type !== "string")
    throw badInput(`The schema of the payload index on ${path} names no type.`);
  return { id, path, steps: parsePath(path), type, params: isObject(value) ? schema : null };
}

/** The distinct values that the index keeps of a payload (decoded without loss): those of its type; elements of an array count one by one. */
export function fieldValues(field: FieldIndex, payload: unknown): Set<FieldValue> {
  const found = new Set<FieldValue>();
  for (const value of valuesAt(payload, field.steps)) {
    for (const element of Array.isArray(value) ? value : [value]) {
      const kept = toFieldValue(field.type, element);
      if (kept !== null) found.add(kept);
    }
  }
  return found;
}

function toFieldValue(type: string, value: unknown): FieldValue | null {
  switch (type) {
    case "keyword":
      return typeof value === "string" ? value : null;
    case "integer":
      return typeof value === "bigint" && BigInt.asIntN(64, value) === value ? value : null;
    case "float":
      return typeof value === "bigint" || typeof value === "number" ? Number(value) : null;
    case "bool":
      return typeof value === "boolean" ? Number(value) : null;
    case "datetime":
      return typeof value === "string" ? parseInstant(value) : null;
    case "uuid":
    case "text":
      // Only that there is a value; conditions look into the payload.
      return typeof value === "string" ? 0 : null;
    default:
      return isObject(value) && "lon" in value && "lat" in value ? 0 : null;
  }
}

/** Puts the slots that fit `test` into `found`; false where this index cannot tell. */
export function findSlots(
  file: CollectionFile,
  field: FieldIndex,
  test: FieldTest,
  found: SlotSet,
): boolean {
  if (test.kind === "any") {
    const values = [...test.values].map((value) => matchedValue(field.type, value));
    for (const value of values) {
      if (value === null) return false;
      for (const slot of file.slotsWith(field.id, value)) found.add(slot);
    }
    return true;
  }
  const ranged =
    (test.kind === "range" && (field.type === "integer" || field.type === "float")) ||
    (test.kind === "datetime-range" && field.type === "datetime");
  if (!ranged) return false;
  collectRange(file, field.id, test.bounds, found);
  return true;
}

/** What to look up for a matched value; null where the index holds no such values. */
function matchedValue(type: string, value: string | bigint | boolean): FieldValue | null {
  if (type === "keyword" && typeof value === "string") return value;
  if (type === "integer" && typeof value === "bigint") return value;
  if (type === "bool" && typeof value === "boolean") return Number(value);
  return null;
}

function collectRange(file: CollectionFile, id: number, bounds: Bounds, found: SlotSet): void {
  const { lt, gt, lte, gte } = bounds;
  const lows = [gt, gte].filter((bound) => bound !== null);
  const highs = [lt, lte].filter((bound) => bound !== null);
  const low = lows.length === 0 ? null : Math.max(...lows);
  const high = highs.length === 0 ? null : Math.min(...highs);
  for (const { slot, value } of file.valuesBetween(id, low, high)) {
    if (withinBounds(value, bounds)) found.add(slot);
  }
}
