/** Payloads of every type that Qdrant can index, now and then with something else in a field's place. */
import { type Body, type Draw, digits, float } from "./draw.ts";

export const words = [
  "red",
  "green",
  "blue",
  "grey",
  "Straße",
  "été",
  "naïve",
  "the",
  "Quick",
  "fox",
];
export const cities = ["Rome", "Oslo", "Kyiv", "Bern", "Lima"];
export const days = [
  "2024-01-01T00:00:00Z",
  "2024-02-29T12:30:00+02:00",
  "2024-06-15",
  "2025-01-01T00:00:00.123456Z",
  "2023-12-31 23:59:59",
];
export const uids = [
  "550e8400-e29b-41d4-a716-446655440000",
  "550e8400-e29b-41d4-a716-446655440001",
  "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
];

export const drawText = (draw: Draw) =>
  draw.list(1, 6, () => draw.of(words)).join(draw.of([" ", ", "]));
export const drawPlace = (draw: Draw) => ({
  lon: float(draw.int(-1700, 1700) / 10),
  lat: float(draw.int(-800, 800) / 10),
});
const drawInteger = (draw: Draw): Body =>
  draw.chance(0.03)
    ? digits(draw.of(["9007199254740993", "-9223372036854775808"]))
    : draw.int(-5, 20);
const drawFloat = (draw: Draw) => float(draw.int(-400, 800) / 8);
const drawPart = (draw: Draw) => ({
  a: draw.int(0, 4),
  ...draw.maybe(0.7, {
    kind: () => draw.of(words),
    sizes: () => draw.list(0, 3, () => draw.int(0, 9)),
    inner: () => ({ flag: draw.chance(0.5) }),
  }),
});

/** What stands in each field. */
const fields: { readonly [field: string]: (draw: Draw) => Body } = {
  tenant: (draw) => draw.of(["t1", "t2", "t3"]),
  city: (draw) => draw.of(cities),
  tags: (draw) => draw.list(0, 3, () => draw.of(words)),
  n: drawInteger,
  counts: (draw) => draw.list(0, 4, () => drawInteger(draw)),
  price: drawFloat,
  ok: (draw) => draw.chance(0.5),
  day: (draw) => draw.of(days),
  uid: (draw) => draw.of(uids),
  place: drawPlace,
  places: (draw) => draw.list(0, 2, () => drawPlace(draw)),
  text: drawText,
  parts: (draw) => draw.list(0, 3, () => drawPart(draw)),
  deep: (draw) => ({ er: { n: draw.int(0, 9), tag: draw.of(words) } }),
};

/** Something that no index of any type expects, or that is not there in another way. */
const oddValue = (draw: Draw): Body =>
  draw.of<Body>([null, [], {}, "", 7, float(2), "7", true, [null], [1, "a", null], { a: null }]);

/** A point's payload, some of the fields. */
export function drawPayload(draw: Draw): Record<string, Body> {
  const chosen = draw.some(Object.keys(fields), 2);
  return Object.fromEntries(chosen.map((field) => [field, drawField(draw, field)]));
}

export function drawField(draw: Draw, field: string): Body {
  const make = fields[field];
  if (!make || draw.chance(0.04)) return oddValue(draw);
  return make(draw);
}

/** A few fields that go into points that have others; a null takes one away, but for 1.18.2 where there is no payload yet. */
export function drawChanges(draw: Draw, nulls: boolean): Record<string, Body> {
  const chosen = draw.some(Object.keys(fields), 1).slice(0, 3);
  const drawn = chosen.map((field) => [field, drawField(draw, field)] as const);
  return Object.fromEntries(drawn.filter(([, value]) => nulls || value !== null));
}

/** Where `set payload` may be told to put its keys. */
export const targetKeys = [
  "deep",
  "deep.er",
  "parts[]",
  "parts[0]",
  "parts[].inner",
  "new",
  "new.er",
];

/** What `delete payload` may be told to take away. */
export const removedKeys = [
  ...[
    "parts",
    "tenant",
    "n",
    "tags",
    "price",
    "text",
    "deep",
    "deep.er.n",
    "parts[].a",
    "parts[0]",
  ],
  ...["parts[].inner.flag", "absent", "new.er", "places[0].lat"],
];

/** Every payload index type, with the fields that hold its values. */
export const indexedFields: { readonly [type: string]: readonly string[] } = {
  keyword: ["tenant", "city", "tags", "parts[].kind", "deep.er.tag"],
  integer: ["n", "counts", "deep.er.n", "parts[].a"],
  float: ["price", "n"],
  bool: ["ok", "parts[].inner.flag"],
  datetime: ["day"],
  uuid: ["uid"],
  geo: ["place", "places"],
  text: ["text"],
};

/** `field_schema` of an index of `type`: its name, or its parameters. */
export function drawIndexSchema(draw: Draw, type: string): Body {
  if (draw.chance(0.4)) return type;
  if (type === "keyword")
    return { type, ...draw.maybe(0.5, { is_tenant: () => draw.chance(0.5) }) };
  if (type === "text") {
    return {
      type,
      tokenizer: draw.of(["word", "whitespace", "prefix", "multilingual"]),
      ...draw.maybe(0.4, {
        lowercase: () => draw.chance(0.5),
        phrase_matching: () => draw.chance(0.7),
        min_token_len: () => draw.int(1, 3),
        max_token_len: () => draw.int(4, 12),
        ascii_folding: () => true,
      }),
      ...draw.maybe(0.15, {
        stopwords: () => draw.of<Body>(["english", { languages: ["english"], custom: ["fox"] }]),
        stemmer: () => ({ type: "snowball", language: "english" }),
      }),
    };
  }
  if (type === "integer") {
    return { type, lookup: true, range: true, ...draw.maybe(0.2, { is_principal: () => true }) };
  }
  return { type, ...draw.maybe(0.2, { on_disk: () => draw.chance(0.5) }) };
}
