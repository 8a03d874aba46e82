/** Formulas of every expression that Qdrant has. */
import { type Body, type Draw, float } from "./draw.ts";
import { drawPlace } from "./payloads.ts";
import type { Shape } from "./shapes.ts";

const number = (draw: Draw): Body => draw.of([draw.int(-3, 6), float(draw.int(-20, 40) / 8)]);

const positive = (inner: Body): Body => ({ sum: [{ abs: inner }, float(0.5)] });

function leaf(draw: Draw, shape: Shape): Body {
  return draw.weighted<Body>([
    [4, () => "$score"],
    [1, () => "$score[0]"],
    [3, () => number(draw)],
    [3, () => draw.of(["n", "price", "deep.er.n"])],
    [2, () => ({ key: "tenant", match: { value: "t1" } })],
    [1, () => ({ key: "n", range: { gte: draw.int(0, 9) } })],
    // What is no place is refused by 1.18.2, and the default for later ones.
    [
      shape.abilities.as1182 ? 1 : 0,
      () => ({ geo_distance: { origin: drawPlace(draw), to: "place" } }),
    ],
    [
      1,
      () => ({
        div: { left: { datetime_key: "day" }, right: float(1e9), by_zero_default: float(1) },
      }),
    ],
  ]);
}

function decay(draw: Draw, shape: Shape, depth: number): Body {
  const x = draw.of<Body>(["$score", "n", expression(draw, shape, depth)]);
  return {
    [draw.of(["lin_decay", "exp_decay", "gauss_decay"])]: {
      x,
      ...draw.maybe(0.5, {
        target: () => number(draw),
        scale: () => float(draw.int(1, 40) / 4),
        midpoint: () => float(draw.int(1, 9) / 10),
      }),
    },
  };
}

function expression(draw: Draw, shape: Shape, depth: number): Body {
  if (depth === 0) return leaf(draw, shape);
  const inner = () => expression(draw, shape, depth - 1);
  return draw.weighted<Body>([
    [3, () => leaf(draw, shape)],
    [3, () => ({ sum: draw.list(1, 3, inner) })],
    [3, () => ({ mult: draw.list(1, 3, inner) })],
    [1, () => ({ neg: inner() })],
    [1, () => ({ abs: inner() })],
    [
      1,
      () => ({
        div: {
          left: inner(),
          right: positive(inner()),
          ...draw.maybe(0.5, { by_zero_default: () => float(1) }),
        },
      }),
    ],
    [1, () => ({ sqrt: positive(inner()) })],
    [1, () => ({ pow: { base: positive(leaf(draw, shape)), exponent: draw.of([2, float(0.5)]) } })],
    [1, () => ({ exp: { div: { left: leaf(draw, shape), right: float(1e8) } } })],
    [1, () => ({ log10: positive(inner()) })],
    [1, () => ({ ln: positive(inner()) })],
    [2, () => decay(draw, shape, depth - 1)],
  ]);
}

/** A formula query; every field it reads has a default. */
export function drawFormula(draw: Draw, shape: Shape): Body {
  return {
    formula: expression(draw, shape, 2),
    defaults: {
      n: float(1),
      price: float(draw.int(0, 4)),
      "deep.er.n": 2,
      place: { lon: float(10), lat: float(20) },
      day: "2024-05-05T00:00:00Z",
      $score: float(0.125),
    },
  };
}
