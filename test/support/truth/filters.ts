/** Filters of every condition that Qdrant has, over the fields of payloads.ts. */
import { type Body, type Draw, digits, float } from "./draw.ts";
import { cities, days, drawPlace, drawText, uids, words } from "./payloads.ts";
import { type Abilities, knownId, type Shape } from "./shapes.ts";

const anyField = [
  ...[
    "tenant",
    "city",
    "tags",
    "n",
    "counts",
    "price",
    "ok",
    "day",
    "uid",
    "place",
    "places",
    "text",
  ],
  ...["parts", "deep", "deep.er.n", "parts[].a", "parts[].kind", "parts[0].a", "tags[]", "absent"],
];

const keywordIn = (draw: Draw) =>
  draw.weighted<readonly [string, Body]>([
    [3, () => ["tenant", draw.of(["t1", "t2", "t9"])] as const],
    [2, () => ["city", draw.of(cities)] as const],
    [3, () => ["tags", draw.of(words)] as const],
    [1, () => ["tags[]", draw.of(words)] as const],
    [1, () => ["parts[].kind", draw.of(words)] as const],
    [1, () => ["deep.er.tag", draw.of(words)] as const],
    [1, () => ["uid", draw.chance(0.3) ? draw.of(uids).toUpperCase() : draw.of(uids)] as const],
  ]);

const integerIn = (draw: Draw): readonly [string, Body] => [
  draw.of(["n", "counts", "deep.er.n", "parts[].a", "parts[1].a"]),
  draw.chance(0.03) ? digits("9007199254740993") : draw.int(-3, 12),
];

function match(draw: Draw, { whole }: Abilities): Body {
  const several = (pick: (draw: Draw) => readonly [string, Body]) => {
    const [key] = pick(draw);
    const values = draw.list(0, 4, () => {
      for (;;) {
        const [other, value] = pick(draw);
        if (other === key) return value;
      }
    });
    return { key, match: { [draw.of(["any", "except"])]: values } };
  };
  return draw.weighted<Body>([
    [4, () => hasValue(keywordIn(draw))],
    [3, () => hasValue(integerIn(draw))],
    [whole ? 2 : 0, () => hasValue([draw.of(["ok", "parts[].inner.flag"]), draw.chance(0.5)])],
    [1, () => hasValue([draw.of(anyField), draw.of<Body>(["7", 7, whole, "red"].filter(Boolean))])],
    [3, () => several(keywordIn)],
    [2, () => several(integerIn)],
  ]);
}

const hasValue = ([key, value]: readonly [string, Body]): Body => ({ key, match: { value } });

function textMatch(draw: Draw, shape: Shape): Body {
  if (!shape.abilities.as1182 && shape.indexes.get("text") !== "text")
    return match(draw, shape.abilities);
  const kind = draw.of(["text", "text", "text_any", "phrase"]);
  const other = shape.abilities.as1182 ? ["city", "tags"] : [];
  const key = draw.of(["text", "text", "text", ...other]);
  return { key, match: { [kind]: draw.chance(0.5) ? draw.of(words) : drawText(draw) } };
}

function range(draw: Draw): Body {
  const numeric = draw.chance(0.75);
  const key = numeric ? draw.of(["n", "counts", "price", "deep.er.n", "parts[].a"]) : "day";
  const bound = () =>
    numeric ? draw.of([draw.int(-5, 20), float(draw.int(-40, 160) / 8)]) : draw.of(days);
  // Not both of an end: of the two 1.18.2 takes `gt` and `lt` where an index alone answers.
  const [low, high] = [draw.of(["gt", "gte"]), draw.of(["lt", "lte"])];
  const limits = draw.maybe(0.6, { [low]: bound, [high]: bound });
  return { key, range: Object.keys(limits).length > 0 ? limits : { gte: bound() } };
}

function geo(draw: Draw): Body {
  const key = draw.of(["place", "places", "places[]"]);
  const lon = draw.int(-150, 100);
  const lat = draw.int(-70, 20);
  const point = (right: number, up: number) => ({ lon: float(lon + right), lat: float(lat + up) });
  const width = draw.int(10, 70);
  const height = draw.int(10, 50);
  const ring = (edge: number) => ({
    points: [
      point(edge, edge),
      point(width - edge, edge),
      point(width - edge, height - edge),
      point(edge, height - edge),
      point(edge, edge),
    ],
  });
  return draw.weighted<Body>([
    [
      2,
      () => ({
        key,
        geo_radius: { center: drawPlace(draw), radius: float(draw.int(1, 8000) * 1000) },
      }),
    ],
    [
      2,
      () => ({
        key,
        geo_bounding_box: { top_left: point(0, height), bottom_right: point(width, 0) },
      }),
    ],
    [1, () => ({ key, geo_polygon: { exterior: ring(0) } })],
    [1, () => ({ key, geo_polygon: { exterior: ring(0), interiors: [ring(3)] } })],
  ]);
}

function counts(draw: Draw, shape: Shape): Body {
  const key = draw.of(anyField);
  if (!shape.abilities.as1182) return { key, values_count: { gte: draw.int(1, 3) } };
  const limits = draw.maybe(0.4, { gt: () => draw.int(0, 2), lt: () => draw.int(1, 4) });
  const values_count = Object.keys(limits).length > 0 ? limits : { gte: draw.int(0, 2) };
  return { key, values_count };
}

function nested(draw: Draw, { abilities, indexes }: Shape): Body {
  // 1.18.2 asks an index for points whose every element is empty, and looks at no others.
  const emptiness = indexes.has("parts[].kind") ? 0 : 1;
  const inside = draw.weighted<Body>([
    [2, () => ({ key: "a", match: { value: draw.int(0, 4) } })],
    [2, () => ({ key: "kind", match: { value: draw.of(words) } })],
    [1, () => ({ key: "sizes", range: { gte: draw.int(0, 9) } })],
    [emptiness, () => ({ is_empty: { key: "kind" } })],
    [abilities.whole ? 1 : 0, () => ({ key: "inner.flag", match: { value: draw.chance(0.5) } })],
  ]);
  const clause = draw.of(["must", "must", "should", "must_not"]);
  const filter = {
    [clause]: [inside],
    ...draw.maybe(0.4, { must: () => [{ key: "a", range: { lte: draw.int(0, 4) } }] }),
  };
  return { nested: { key: draw.of(["parts", "parts[]"]), filter } };
}

function condition(draw: Draw, shape: Shape, depth: number): Body {
  const { as1182 } = shape.abilities;
  return draw.weighted<Body>([
    [5, () => match(draw, shape.abilities)],
    [3, () => textMatch(draw, shape)],
    [4, () => range(draw)],
    [2, () => geo(draw)],
    [2, () => counts(draw, shape)],
    [1, () => ({ is_empty: { key: draw.of(anyField) } })],
    [as1182 ? 1 : 0, () => ({ is_null: { key: draw.of(anyField) } })],
    [
      1,
      () => ({
        key: draw.of(anyField),
        [draw.of(as1182 ? ["is_empty", "is_null"] : ["is_empty"])]: draw.chance(0.6),
      }),
    ],
    [2, () => ({ has_id: draw.list(0, 8, () => digits(knownId(draw, shape))) })],
    [1, () => ({ has_vector: draw.of(shape.vectors).name })],
    [2, () => nested(draw, shape)],
    [depth > 0 ? 2 : 0, () => drawFilter(draw, shape, depth - 1)],
  ]);
}

/** A filter with conditions below conditions, `depth` levels at most. */
export function drawFilter(draw: Draw, shape: Shape, depth = 2): Body {
  const one = () => condition(draw, shape, depth);
  const clause = () => (draw.chance(0.15) ? one() : draw.list(1, 3, one));
  return draw.weighted<Body>([
    [5, () => ({ must: clause() })],
    [3, () => ({ should: clause() })],
    [2, () => ({ must_not: clause() })],
    [2, () => draw.maybe(0.6, { must: clause, should: clause, must_not: clause })],
    [1, () => ({ min_should: { conditions: draw.list(1, 4, one), min_count: draw.int(0, 3) } })],
  ]);
}
