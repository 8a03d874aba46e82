/** A document as it waits on disk: JSON text that gives the same document again. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { parsePlain, stringifyPlain } from "../../util/json.ts";
import type { NewDocument } from "../types.ts";

/** An integral component that no number is sure to hold exactly is read as a bigint. */
const component = z.union([z.number(), z.bigint().transform(Number)]);
const documentSchema = z.looseObject({ id: z.string(), embedding: z.array(component) });

export function writeBody(document: NewDocument): string {
  return stringifyPlain({ ...document, embedding: Array.from(document.embedding) });
}

/** @throws {VectorError} E_STORAGE for what `writeBody` never gave */
export function readBody(text: string): NewDocument {
  const { success, data } = documentSchema.safeParse(parsePlain(text));
  if (success) return data as NewDocument;
  throw new VectorError("E_STORAGE", "The queue of writes holds a document that is none.");
}
