/**
 * Metadata as Chroma keeps it, a row a key with one of four columns filled, and as the JSON text that it becomes: an
 * integer keeps every digit, a float keeps its point.
 */
import { floatText } from "../../util/json.ts";
import { type Row, type Value, wholeText } from "../../util/statements.ts";
import { textOf, textOrNull } from "./values.ts";

/** The record's document and uri are kept among its metadata under these keys. */
export const documentKey = "chroma:document";
export const uriKey = "chroma:uri";

/** What a record carries beside its vector. */
export interface Payload {
  document: string | null;
  uri: string | null;
  /** JSON text of an object; null = none. */
  metadata: string | null;
  /** Why the metadata cannot be JSON: the key whose value is a NaN or an infinity; null = it can. */
  notJson: string | null;
}

/** string_value, int_value, float_value and bool_value, in this order, from column `at` on. */
export const valueColumns = `${wholeText("string_value")}, int_value, float_value, bool_value`;

/** JSON text of a value in the four columns; null = no value, undefined = none that JSON has. */
export function valueText(row: Row, at: number): string | null | undefined {
  const text = textOrNull(row[at], "string_value");
  if (text !== null) return JSON.stringify(text);
  const integer = row[at + 1];
  if (typeof integer === "bigint") return integer.toString();
  const float = row[at + 2];
  if (typeof float === "number") return Number.isFinite(float) ? floatText(float) : undefined;
  const bool: Value | undefined = row[at + 3];
  if (typeof bool === "bigint") return bool === 0n ? "false" : "true";
  return null;
}

/** Gathers what a record carries, part by part. */
export class PayloadBuilder {
  #document: string | null = null;
  #uri: string | null = null;
  #members: string[] = [];
  #notJson: string | null = null;

  /** The record's document or uri: a row (key, string_value) from column `at` on. */
  addOwn(row: Row, at: number): void {
    if (row[at] === documentKey) this.#document = textOrNull(row[at + 1], documentKey);
    else this.#uri = textOrNull(row[at + 1], uriKey);
  }

  /** Members of the metadata as JSON text; null = none. */
  addMembers(text: string | null): void {
    if (text !== null) this.#members.push(text);
  }

  /** A member's JSON text; null = the key has no value, undefined = none that JSON has. */
  addText(key: string, text: string | null | undefined): void {
    if (text === undefined) this.#notJson = key;
    else if (text !== null) this.#members.push(`${keyText(key)}:${text}`);
  }

  build(): Payload {
    return {
      document: this.#document,
      uri: this.#uri,
      metadata: this.#members.length === 0 ? null : `{${this.#members.join()}}`,
      notJson: this.#notJson,
    };
  }
}

const keyTexts = new Map<string, string>();
const keyTextsMax = 1000;

/** A key as JSON text: the same few come with every record. */
function keyText(key: string): string {
  const known = keyTexts.get(key);
  if (known !== undefined) return known;
  const text = JSON.stringify(key);
  if (keyTexts.size < keyTextsMax) keyTexts.set(key, text);
  return text;
}

/** JSON text of a collection's own metadata from rows (key, str_value, int_value, float_value[, bool_value]); null = none. */
export function collectionMetadata(rows: readonly Row[]): string | null {
  const members = rows.flatMap((row) => {
    const text = valueText(row, 1);
    const key = textOf(row[0], "collection_metadata.key");
    return typeof text === "string" ? [`${JSON.stringify(key)}:${text}`] : [];
  });
  return members.length === 0 ? null : `{${members.join()}}`;
}
