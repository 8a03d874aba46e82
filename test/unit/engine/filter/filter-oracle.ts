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

/** A filter as JSON text, and what it says of point `id` with a payload. */
export interface Judged {
  readonly text: string;
  readonly fits: (id: number, payload: TypedPayload) => boolean;
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
const literal = (value: bigint | string | boolean): string =>
  typeof value === "bigint" ? value.toString() : JSON.stringify(value);

const conditions: fc.Arbitrary<Judged>[] = [
  fc
    .tuple(key, wanted)
    .map(([at, value]) =>
      onValue(at, `"match":{"value":${literal(value)}}`, false, (v) =>
        each(v, (item) => same(item, value)),
      ),
    ),
  fc
    .tuple(key, wantedList)
    .map(([at, values]) =>
      onValue(at, `"match":{"any":[${values.map(literal)}]}`, false, (v) =>
        each(v, (item) => values.some((value) => same(item, value))),
      ),
    ),
  fc
    .tuple(key, wantedList)
    .map(([at, values]) =>
      onValue(at, `"match":{"except":[${values.map(literal)}]}`, false, (v) =>
        each(v, (item) => item.type !== "null" && !values.some((value) => same(item, value))),
      ),
    ),
  fc
    .tuple(key, fc.constantFrom(0, 1, 2, 2.5), fc.constantFrom("gt", "gte", "lt", "lte"))
    .map(([at, bound, side]) =>
      onValue(at, `"range":{"${side}":${bound}}`, false, (v) =>
        each(v, (item) => {
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
    fits: (_id, payload) => payload[at]?.type === "null",
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
      fits: (id, payload) =>
        must.every((c) => c.fits(id, payload)) &&
        !mustNot.some((c) => c.fits(id, payload)) &&
        (should.length === 0 || should.some((c) => c.fits(id, payload))),
    })),
}));

/** Filters of all kinds, nested a little. */
export const filters = filter;
