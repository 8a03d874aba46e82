/** One payload index: what it keeps of payloads, and which conditions it answers. Source: qdrant 1.18.2, lib/segment/src/index/field_index. */
import { type FieldSchema, type FieldType, tokenizerOf } from "./field-schema.ts";
import type { FieldTest, MatchValue } from "./field-tests.ts";
import { placeOf } from "./geo.ts";
import { GeoColumn } from "./geo-column.ts";
import { SlotBits } from "./grow.ts";
import { parseInstant } from "./instant.ts";
import { type PathStep, parsePath, pathText, valuesAt } from "./json-path.ts";
import { type ColumnNumber, NumberColumn } from "./number-column.ts";
import type { PayloadView } from "./payload-view.ts";
import type { SlotSet } from "./slot-set.ts";
import type { SlotTest } from "./slot-test.ts";
import { TextIndex } from "./text/text-index.ts";
import { uuidOf } from "./uuid.ts";
import { type ColumnValue, ValueColumn } from "./value-column.ts";

/** What an index of each type keeps. */
type Column =
  | { readonly kind: "values"; readonly values: ValueColumn }
  | { readonly kind: "numbers"; readonly numbers: NumberColumn }
  | { readonly kind: "places"; readonly places: GeoColumn }
  | { readonly kind: "texts"; readonly texts: TextIndex };

function columnOf({ type, params }: FieldSchema): Column {
  switch (type) {
    case "keyword":
    case "uuid":
    case "bool":
      return { kind: "values", values: new ValueColumn() };
    case "integer":
    case "float":
    case "datetime":
      return { kind: "numbers", numbers: new NumberColumn() };
    case "geo":
      return { kind: "places", places: new GeoColumn() };
    case "text": {
      const text = params?.type === "text" ? params : null;
      return {
        kind: "texts",
        texts: new TextIndex(tokenizerOf(text), text?.phrase_matching === true),
      };
    }
  }
}

export class FieldIndex {
  /** Its number in the collection's file. */
  readonly id: number;
  /** The field's path as Qdrant writes it. */
  readonly path: string;
  readonly steps: readonly PathStep[];
  readonly schema: FieldSchema;
  readonly #column: Column;
  /** Points that have something there besides null and empty arrays, and points that have a null there. */
  readonly #filled = new SlotBits();
  readonly #null = new SlotBits();

  constructor(id: number, path: string, schema: FieldSchema) {
    this.id = id;
    this.steps = parsePath(path);
    this.path = pathText(this.steps);
    this.schema = schema;
    this.#column = columnOf(schema);
  }

  /** The key of the payload itself that the path begins with. */
  get outermost(): string {
    return String(this.steps[0]);
  }

  get type(): FieldType {
    return this.schema.type;
  }

  /** Points that have a value of the index's type. */
  get points(): number {
    const column = this.#column;
    if (column.kind === "values") return column.values.points;
    if (column.kind === "numbers") return column.numbers.points;
    return column.kind === "places" ? column.places.points : column.texts.points;
  }

  /** The numbers by slot; null where the index's type has none, or is told to keep no ranges. */
  get ranges(): NumberColumn | null {
    const { params } = this.schema;
    if (this.#column.kind !== "numbers") return null;
    return params?.type === "integer" && params.range === false ? null : this.#column.numbers;
  }

  /** What facets count; null where the index's type has none, or is told to keep no lookups. */
  get lookups(): ValueColumn | NumberColumn | null {
    const { type, params } = this.schema;
    if (this.#column.kind === "values") return this.#column.values;
    if (type !== "integer" || this.#column.kind !== "numbers") return null;
    return params?.type === "integer" && params.lookup === false ? null : this.#column.numbers;
  }

  /** The text index; null where it is of another type. */
  get texts(): TextIndex | null {
    return this.#column.kind === "texts" ? this.#column.texts : null;
  }

  /** Takes over what a point's payload has now. */
  set(slot: number, payload: PayloadView): void {
    const values = valuesAt(payload.plain, this.steps);
    let filled = false;
    let hasNull = false;
    let nested = false;
    for (const value of values) {
      if (value === null) hasNull = true;
      else if (!Array.isArray(value)) filled = true;
      else {
        nested = true;
        if (value.length > 0) filled = true;
        if (value.includes(null)) hasNull = true;
      }
    }
    this.#filled.set(slot, filled);
    this.#null.set(slot, hasNull);
    this.#setColumn(slot, nested ? values.flat() : values, payload);
  }

  #setColumn(slot: number, values: readonly unknown[], payload: PayloadView): void {
    const column = this.#column;
    switch (column.kind) {
      case "values":
        column.values.set(slot, keep(values, this.#toValue));
        return;
      case "numbers":
        column.numbers.set(slot, this.#numbersIn(values, payload));
        return;
      case "places":
        column.places.set(slot, keep(values, placeOf));
        return;
      case "texts":
        column.texts.set(slot, keep(values, toText));
    }
  }

  /** A keyword, UUID or truth value as the index has it; null where it is of another type. */
  readonly #toValue = (value: unknown): ColumnValue | null => {
    if (this.type === "bool") return typeof value === "boolean" ? value : null;
    if (typeof value !== "string") return null;
    return this.type === "uuid" ? uuidOf(value) : value;
  };

  #numbersIn(values: readonly unknown[], payload: PayloadView): ColumnNumber[] {
    if (this.type === "datetime")
      return keep(values, (value) => (typeof value === "string" ? parseInstant(value) : null));
    if (this.type === "float") return keep(values, (v) => (typeof v === "number" ? v : null));
    const unsafe = values.some((v) => Number.isInteger(v) && !Number.isSafeInteger(v));
    const exact = unsafe ? valuesAt(payload.exact, this.steps).flat() : values;
    return keep(exact, toInteger);
  }

  /**
   * The slots that fit a test; null where this index cannot tell. `live` = slots of the collection and how many of them are
   * points.
   */
  answer(test: FieldTest, live: { slots: number; points: number }): SlotTest | null {
    switch (test.kind) {
      case "is-empty":
        return flagged(this.#filled, !test.wanted, live.points);
      case "is-null":
        return flagged(this.#null, test.wanted, live.points);
      case "text":
      case "text-any":
      case "phrase": {
        const found = this.texts?.matching(test.kind, test.text, live.slots);
        return found === undefined ? null : fromSet(found);
      }
      case "geo":
        return this.#column.kind === "places" ? this.#column.places.inside(test.area) : null;
      case "range":
      case "datetime-range":
        return this.ranges?.within(test.bounds) ?? null;
      case "any":
      case "except":
        return this.#matches(test.values, test.kind === "except");
      default:
        return null;
    }
  }

  #matches(values: ReadonlySet<MatchValue>, except: boolean): SlotTest | null {
    const { lookups, type } = this;
    if (lookups === null) return null;
    if (lookups instanceof NumberColumn) {
      const numbers = allOf(values, toColumnNumber);
      // A list of nothing counts as one of words.
      if (numbers === null || (except && values.size === 0)) return null;
      return except ? lookups.except(new Set(numbers)) : lookups.matching(new Set(numbers));
    }
    const wanted = allOf(values, this.#toValue);
    // A truth value is never listed: an index of them knows nothing of lists.
    if (wanted === null || (type === "bool" && except)) return null;
    return except ? lookups.except(wanted) : lookups.matching(wanted);
  }
}

function keep<Kept>(values: readonly unknown[], take: (value: unknown) => Kept | null): Kept[] {
  const kept: Kept[] = [];
  for (const value of values) {
    const taken = take(value);
    if (taken !== null) kept.push(taken);
  }
  return kept;
}

/** Each of `values` as the index has it; null where one of them is of another type. */
function allOf<Kept>(
  values: ReadonlySet<MatchValue>,
  take: (value: MatchValue) => Kept | null,
): Kept[] | null {
  const taken = keep([...values], (value) => take(value as MatchValue));
  return taken.length === values.size ? taken : null;
}

function toText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** An integer of 64 bits, one with a point too, as an index of integers has it. */
function toInteger(value: unknown): ColumnNumber | null {
  if (typeof value === "bigint")
    return BigInt.asIntN(64, value) === value ? toColumnNumber(value) : null;
  if (typeof value !== "number" || !Number.isInteger(value)) return null;
  if (Number.isSafeInteger(value)) return value;
  return Math.abs(value) < 2 ** 63 ? BigInt(value) : null;
}

function toColumnNumber(value: MatchValue): ColumnNumber | null {
  if (typeof value !== "bigint") return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function flagged(bits: SlotBits, wanted: boolean, points: number): SlotTest | null {
  return {
    estimate: wanted ? bits.count : points - bits.count,
    test: (slot) => bits.has(slot) === wanted,
    fill: null,
  };
}

function fromSet(slots: SlotSet): SlotTest {
  return {
    estimate: slots.count,
    test: (slot) => slots.has(slot),
    fill: (found) => {
      for (const slot of slots) found.add(slot);
    },
  };
}
