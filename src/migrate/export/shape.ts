/** What was asked of an export, as the journal keeps it: its verify asks the same. */
import { z } from "zod";
import { distances } from "../../model/distance.ts";
import type { ExportShape } from "./request.ts";

const names = z.array(z.string()).readonly();
const pairs = z.array(z.tuple([z.string(), z.string()])).readonly();

const shapeSchema = z.object({
  scope: z.object({ collections: names.nullable(), include: names, exclude: names }),
  renames: pairs,
  targetCollection: z.string().nullable(),
  mapping: pairs.nullable(),
  splitTenants: z.boolean(),
  vector: z.string().nullable(),
  distance: z.enum(distances).nullable(),
  flatten: z.boolean(),
  nearestFloats: z.boolean().default(false),
});

/** Whether a scope leaves nothing out. */
export function isEverything({ collections, include, exclude }: ExportShape["scope"]): boolean {
  return collections === null && include.length + exclude.length === 0;
}

/** The shape as JSON text, without the archive. */
export function shapeText({ renames, mapping, ...shape }: ExportShape): string {
  const whole = {
    ...shape,
    renames: [...renames],
    mapping: mapping === null ? null : [...mapping],
  };
  return JSON.stringify(shapeSchema.parse(whole));
}

/** The shape in such a text. @throws SyntaxError, z.ZodError */
export function parseShape(text: string): ExportShape {
  const { renames, mapping, ...shape } = shapeSchema.parse(JSON.parse(text));
  return {
    ...shape,
    renames: new Map(renames),
    mapping: mapping === null ? null : new Map(mapping),
    vectorsFrom: null,
  };
}
