/** The keys of many records' metadata: which types their values have, and how many records have them. In one walk of the text, nothing is decoded. */
import { z } from "zod";
import { type Layout, layouts } from "../../model/collection.ts";
import { conflicts, reservedKeys } from "../../model/layout.ts";
import { expectCode, malformed, skipSpace, skipString, skipValue } from "../../util/json.ts";
import { byte } from "../../util/json-bytes.ts";
import { DistinctCounter, hashText } from "./distinct.ts";

/** Types of a metadata value; a list bears its elements' type, `mixed[]` where they differ. */
const valueTypes = [
  "string",
  "integer",
  "float",
  "boolean",
  "null",
  "object",
  "string[]",
  "integer[]",
  "float[]",
  "boolean[]",
  "mixed[]",
] as const;
export type ValueType = (typeof valueTypes)[number];

const count = z.int().nonnegative();

export const metadataKeySchema = z.object({
  key: z.string(),
  records: count.describe("Records that have it."),
  types: z.partialRecord(z.enum(valueTypes), count).describe("Records by the value's type."),
  distinct: count.describe("Different values, estimated to within about 3 %."),
  min: z.number().nullable().describe("The smallest number; null where no value is one."),
  max: z.number().nullable(),
  meanLength: z.number().nonnegative().describe("Mean characters of its strings as JSON text."),
  form: z
    .enum(["datetime", "uuid"])
    .nullable()
    .describe("What all of its strings look like; null = no such form."),
});

export type MetadataKey = Readonly<z.infer<typeof metadataKeySchema>>;

/** Keys that are told apart; of those beyond only their number is known. */
const keysMax = 256;

/** Layouts whose own keys stand beside those of the metadata. */
const openLayouts = layouts.filter((layout) => layout === "flat" || layout === "llamaindex");

const { quote, comma, colon, openBracket, closeBracket, openBrace, closeBrace, point } = byte;
const { exponentLower, exponentUpper } = byte;
const letterF = 0x66;
const letterN = 0x6e;
const letterT = 0x74;

export class MetadataKeys {
  /** By the key as it is spelled in the text. */
  readonly #known = new Map<string, KeyStats>();
  readonly #stats = new Map<string, KeyStats>();
  readonly #beyond = new DistinctCounter();
  #anyBeyond = false;
  readonly #reserved = openLayouts.map((layout) => ({
    layout,
    keys: new Set(reservedKeys(layout)),
    met: new Map<string, number>(),
    records: 0,
  }));

  /** Takes in one record's metadata. @throws SyntaxError where the text is no JSON object */
  add(text: string): void {
    let at = skipSpace(text, expectCode(text, skipSpace(text, 0), openBrace));
    let reserved = 0;
    for (let more = text.charCodeAt(at) !== closeBrace; more; ) {
      if (text.charCodeAt(at) !== quote) throw malformed(at);
      const keyEnd = skipString(text, at);
      const start = skipSpace(text, expectCode(text, skipSpace(text, keyEnd), colon));
      const end = skipValue(text, start);
      const stats = this.#find(text.slice(at, keyEnd), text, at, keyEnd);
      stats?.add(text, start, end);
      reserved |= stats?.reserved ?? 0;
      at = skipSpace(text, end);
      more = text.charCodeAt(at) === comma;
      if (more) at = skipSpace(text, at + 1);
    }
    if (skipSpace(text, expectCode(text, at, closeBrace)) !== text.length) throw malformed(at);
    if (reserved === 0) return;
    this.#reserved.forEach((one, index) => {
      if ((reserved & (1 << index)) === 0) return;
      // The keys of nodes that LlamaIndex itself wrote are none in its layout.
      if (one.layout === "llamaindex" && conflicts(text, one.layout).length === 0) return;
      one.records += 1;
    });
  }

  /** The keys, those of most records first. */
  keys(): MetadataKey[] {
    return [...this.#stats]
      .map(([key, stats]) => stats.describe(key))
      .sort((a, b) => b.records - a.records || (a.key < b.key ? -1 : 1));
  }

  /** Keys beyond those that `keys` names, estimated to within about 3 %. */
  get more(): number {
    return this.#anyBeyond ? Math.max(1, this.#beyond.estimate) : 0;
  }

  /** Keys that a layout keeps for itself, and in how many records one of them stands. */
  reserved(): { layout: Layout; records: number; keys: string[] }[] {
    return this.#reserved
      .filter(({ records }) => records > 0)
      .map(({ layout, records, keys }) => ({
        layout,
        records,
        keys: [...keys].filter((key) => this.#stats.has(key)),
      }));
  }

  #find(raw: string, text: string, start: number, end: number): KeyStats | null {
    const known = this.#known.get(raw);
    if (known !== undefined) return known;
    // A text of its own: a slice would keep the whole metadata in memory.
    const key = String(JSON.parse(raw));
    const reserved = this.#reservedBits(key);
    let stats = this.#stats.get(key);
    if (stats === undefined) {
      if (this.#stats.size >= keysMax && reserved === 0) {
        this.#beyond.add(hashText(text, start, end));
        this.#anyBeyond = true;
        return null;
      }
      stats = new KeyStats(reserved);
      this.#stats.set(key, stats);
    }
    // A key may be spelled in many ways; the plainest is enough.
    if (raw === JSON.stringify(key)) this.#known.set(JSON.stringify(key), stats);
    return stats;
  }

  #reservedBits(key: string): number {
    return this.#reserved.reduce(
      (bits, { keys }, index) => (keys.has(key) ? bits | (1 << index) : bits),
      0,
    );
  }
}

const datetimeForm =
  /^"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"$/;
const uuidForm = /^"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"$/;

class KeyStats {
  /** A bit for each layout of `openLayouts` that keeps the key for itself. */
  readonly reserved: number;
  readonly #types = new Map<ValueType, number>();
  readonly #distinct = new DistinctCounter();
  #records = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #strings = 0;
  #characters = 0;
  #datetimes = true;
  #uuids = true;

  constructor(reserved: number) {
    this.reserved = reserved;
  }

  add(text: string, start: number, end: number): void {
    const type = typeAt(text, start, end);
    this.#records += 1;
    this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
    this.#distinct.add(hashText(text, start, end));
    if (type === "string") this.#addString(text, start, end);
    else if (type === "integer" || type === "float") {
      const value = Number(text.slice(start, end));
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
    }
  }

  describe(key: string): MetadataKey {
    const strings = this.#strings;
    const form = this.#uuids ? "uuid" : this.#datetimes ? "datetime" : null;
    return {
      key,
      records: this.#records,
      types: Object.fromEntries(this.#types),
      distinct: Math.min(this.#records, this.#distinct.estimate),
      min: Number.isFinite(this.#min) ? this.#min : null,
      max: Number.isFinite(this.#max) ? this.#max : null,
      meanLength: strings === 0 ? 0 : this.#characters / strings,
      form: strings === 0 ? null : form,
    };
  }

  #addString(text: string, start: number, end: number): void {
    this.#strings += 1;
    this.#characters += end - start - 2;
    if (!this.#datetimes && !this.#uuids) return;
    const raw = end - start > 40 ? "" : text.slice(start, end);
    this.#datetimes &&= datetimeForm.test(raw);
    this.#uuids &&= uuidForm.test(raw);
  }
}

function typeAt(text: string, start: number, end: number): ValueType {
  const first = text.charCodeAt(start);
  if (first === quote) return "string";
  if (first === letterT || first === letterF) return "boolean";
  if (first === letterN) return "null";
  if (first === openBrace) return "object";
  if (first === openBracket) return listType(text, start);
  return isInteger(text, start, end) ? "integer" : "float";
}

/** Whether a number has neither a point nor an exponent. */
function isInteger(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === point || code === exponentLower || code === exponentUpper) return false;
  }
  return true;
}

/** The type of the list that starts at `from`; an empty one, or one of lists or objects, is mixed. */
function listType(text: string, from: number): ValueType {
  let found: ValueType | null = null;
  for (let at = skipSpace(text, from + 1); text.charCodeAt(at) !== closeBracket; ) {
    const end = skipValue(text, at);
    const type = typeAt(text, at, end);
    if (found !== null && type !== found) return "mixed[]";
    found = type;
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
  switch (found) {
    case "string":
      return "string[]";
    case "integer":
      return "integer[]";
    case "float":
      return "float[]";
    case "boolean":
      return "boolean[]";
    default:
      return "mixed[]";
  }
}
