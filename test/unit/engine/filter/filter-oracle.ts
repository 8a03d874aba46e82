/** A second opinion on Qdrant's filters, as plainly as it can be told, over values that carry their JSON type. */
import fc from "fast-check";

/** A JSON value that knows whether a number was an integer. */
export type Typed =
  | { readonly type: "null" }
  | { readonly type: "bool" | "string"; readonly value: boolean | string }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "list"; readonly items: readonly Typed[] };

export type TypedPayload = Readonly<Record<string, Typed>>;

export function textOf(value: Typed): string {
  switch (value.type) {
    case "null":
      return "null";
    case "int":
      return value.value.toString();
    case "float":
      return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
    case "list":
      return `[${value.items.map(textOf).join(",")}]`;
    default:
      return JSON.stringify(value.value);
  }
}

export function payloadText(payload: TypedPayload): string {
  return `{${Object.entries(payload)
    .map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`)
    .join(",")}}`;
}

const big = 2n ** 53n + 1n;
const integers = [0n, 1n, 2n, 3n, -1n, big, big - 1n];
const words = ["", "a", "b", "tenant"];
const scalar: fc.Arbitrary<Typed> = fc.oneof(
  fc.constant<Typed>({ type: "null" }),
  fc.boolean().map((value): Typed => ({ type: "bool", value })),
  fc.constantFrom(...words).map((value): Typed => ({ type: "string", value })),
  fc.constantFrom(...integers).map((value): Typed => ({ type: "int", value })),
  fc.constantFrom(0, 1, 2, 2.5, -0.5).map((value): Typed => ({ type: "float", value })),
);
const typed = fc.oneof(
  { weight: 4, arbitrary: scalar },
  {
    weight: 1,
    arbitrary: fc.array(scalar, { maxLength: 3 }).map((items): Typed => ({ type: "list", items })),
  },
);

export const keys = ["k", "n", "t"];
export const payloads = fc.dictionary(fc.constantFrom(...keys), typed, {
  maxKeys: 3,
}) as fc.Arbitrary<TypedPayload>;

/** An index that stands on a key: conditions that it answers see only values of its type. */
export interface Indexed {
  readonly key: string;
  readonly type: string;
}

/** A filter as JSON text, and what it says of point `id` with a payload. */
export interface Judged {
  readonly text: string;
  readonly fits: (id: number, payload: TypedPayload, index?: Indexed) => boolean;
}

/** The items of a value that an index keeps; an integer is whatever is integral. */
function kept(value: Typed, type: string): Typed[] {
  const items = value.type === "list" ? value.items : [value];
  return items.flatMap((item): Typed[] => {
    // No word here is a date.
    if (type === "datetime") return [];
    if (type === "keyword") return item.type === "string" ? [item] : [];
    if (type === "float") return item.type === "int" || item.type === "float" ? [item] : [];
    if (item.type === "float" && Number.isInteger(item.value))
      return [{ type: "int", value: BigInt(item.value) }];
    return item.type === "int" ? [item] : [];
  });
}

/** As `onValue`, for a test that indexes of `types` answer by their items. */
function onItems(
  key: string,
  body: string,
  types: readonly string[],
  test: (item: Typed) => boolean,
): Judged {
  return {
    text: `{"key":${JSON.stringify(key)},${body}}`,
    fits: (_id, payload, index) => {
      const value = payload[key];
      if (value === undefined) return false;
      return index?.key === key && types.includes(index.type)
        ? kept(value, index.type).some(test)
        : each(value, test);
    },
  };
}

function onValue(
  key: string,
  body: string,
  absent: boolean,
  test: (value: Typed) => boolean,
): Judged {
  return {
    text: `{"key":${JSON.stringify(key)},${body}}`,
    fits: (_id, payload) => {
      const value = payload[key];
      return value === undefined ? absent : test(value);
    },
  };
}

const each = (value: Typed, test: (item: Typed) => boolean): boolean =>
  value.type === "list" ? value.items.some(test) : test(value);
const sizeOf = (value: Typed): number =>
  value.type === "null" ? 0 : value.type === "list" ? value.items.length : 1;
const isNull = (value: Typed): boolean =>
  value.type === "list" ? value.items.some(({ type }) => type === "null") : value.type === "null";
const same = (item: Typed, wanted: bigint | string | boolean): boolean =>
  (item.type === "int" || item.type === "string" || item.type === "bool") && item.value === wanted;
const numberOf = (item: Typed): number | null =>
  item.type === "int" || item.type === "float" ? Number(item.value) : null;

const key = fc.constantFrom(...keys);
const wanted = fc.oneof(fc.constantFrom(...integers), fc.constantFrom(...words), fc.boolean());
const wantedList = fc.oneof(
  fc.array(fc.constantFrom(...integers), { minLength: 1, maxLength: 3 }),
  fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }),
);
/** The types of indexes that answer a match of such values. */
const typesOf = (values: readonly (bigint | string | boolean)[]): string[] => {
  const [first] = values;
  return typeof first === "bigint" ? ["integer"] : typeof first === "string" ? ["keyword"] : [];
};
const literal = (value: bigint | string | boolean): string =>
  typeof value === "bigint" ? value.toString() : JSON.stringify(value);

const conditions: fc.Arbitrary<Judged>[] = [
  fc
    .tuple(key, wanted)
    .map(([at, value]) =>
      onItems(at, `"match":{"value":${literal(value)}}`, typesOf([value]), (item) =>
        same(item, value),
      ),
    ),
  fc
    .tuple(key, wantedList)
    .map(([at, values]) =>
      onItems(at, `"match":{"any":[${values.map(literal)}]}`, typesOf(values), (item) =>
        values.some((value) => same(item, value)),
      ),
    ),
  fc
    .tuple(key, wantedList)
    .map(([at, values]) =>
      onItems(
        at,
        `"match":{"except":[${values.map(literal)}]}`,
        typesOf(values),
        (item) => item.type !== "null" && !values.some((value) => same(item, value)),
      ),
    ),
  fc
    .tuple(key, fc.constantFrom(0, 1, 2, 2.5), fc.constantFrom("gt", "gte", "lt", "lte"))
    .map(([at, bound, side]) =>
      onItems(at, `"range":{"${side}":${bound}}`, ["integer", "float", "datetime"], (item) => {
        const number = numberOf(item);
        if (number === null) return false;
        const sides = {
          gt: number > bound,
          gte: number >= bound,
          lt: number < bound,
          lte: number <= bound,
        };
        return sides[side as keyof typeof sides];
      }),
    ),
  fc
    .tuple(key, fc.integer({ min: 0, max: 2 }))
    .map(([at, count]) =>
      onValue(at, `"values_count":{"gte":${count}}`, false, (v) => sizeOf(v) >= count),
    ),
  key.map((at) => onValue(at, '"is_empty":true', true, (v) => sizeOf(v) === 0)),
  key.map((at) => onValue(at, '"is_null":false', true, (v) => !isNull(v))),
  key.map((at) => ({
    text: `{"is_empty":{"key":"${at}"}}`,
    fits: (_id, payload) => payload[at] === undefined || sizeOf(payload[at]) === 0,
  })),
  key.map((at) => ({
    text: `{"is_null":{"key":"${at}"}}`,
    fits: (_id, payload, index) => {
      const value = payload[at];
      // An index knows of nulls in arrays, too.
      return value !== undefined && (index?.key === at ? isNull(value) : value.type === "null");
    },
  })),
  fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }).map((ids) => ({
    text: `{"has_id":[${ids}]}`,
    fits: (id) => ids.includes(id),
  })),
];

const { filter } = fc.letrec<{ filter: Judged; condition: Judged }>((tie) => ({
  condition: fc.oneof({ depthSize: "small" }, ...conditions, tie("filter")),
  filter: fc
    .record({
      must: fc.array(tie("condition"), { maxLength: 2 }),
      should: fc.array(tie("condition"), { maxLength: 2 }),
      mustNot: fc.array(tie("condition"), { maxLength: 2 }),
    })
    .map(({ must, should, mustNot }) => ({
      text: `{"must":[${must.map((c) => c.text)}],"should":[${should.map((c) => c.text)}],"must_not":[${mustNot.map((c) => c.text)}]}`,
      fits: (id, payload, index) =>
        must.every((c) => c.fits(id, payload, index)) &&
        !mustNot.some((c) => c.fits(id, payload, index)) &&
        (should.length === 0 || should.some((c) => c.fits(id, payload, index))),
    })),
}));

/** Filters of all kinds, nested a little. */
export const filters = filter;
