/** Qdrant's decoder (serde) takes for a struct the list of its fields too, in their order. */
import { z } from "zod";
import { isObject } from "../util/json.ts";

/** A struct's fields in their order. */
export interface Fields {
  readonly names: readonly string[];
  /** So many must stand in a list; it may leave out the rest. */
  readonly needed: number;
  /** A list may have no more elements than this. */
  readonly most: number;
}

/** The fields of a struct, with spaces between them; those that a list may leave out end with `?`. `*`: what more it has is passed over. */
export function fields(text: string): Fields {
  const words = text.split(" ").filter((word) => word !== "*");
  return {
    names: words.map((word) => word.replace("?", "")),
    needed: words.findLastIndex((word) => !word.endsWith("?")) + 1,
    most: text.endsWith("*") ? Number.POSITIVE_INFINITY : words.length,
  };
}

/** Whether a list of so many elements is such a struct. */
export function fits({ needed, most }: Fields, length: number): boolean {
  return length >= needed && length <= most;
}

/** An object that a body had: a whole float may stand in one of its own, and is none. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !(value instanceof Number);
}

/** A struct's members by name, of an object or a list; null where `value` is neither. */
export function asStruct(value: unknown, of: Fields): Record<string, unknown> | null {
  if (isMap(value)) return value;
  if (!Array.isArray(value) || !fits(of, value.length)) return null;
  return Object.fromEntries(of.names.slice(0, value.length).map((name, at) => [name, value[at]]));
}

/** The schema of a struct whose fields have this order; a list needs so many of them. */
export function struct<Shape extends z.ZodRawShape>(
  shape: Shape,
  needed = Object.keys(shape).length,
) {
  const names = Object.keys(shape);
  const of = { names, needed, most: names.length };
  return z.preprocess(
    (value) => asStruct(value, of) ?? (value instanceof Number ? Number(value) : value),
    z.object(shape),
  );
}
