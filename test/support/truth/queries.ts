/** Bodies of `points/query` with every kind of query, prefetches below them, and Qdrant's older search routes. */
import { type Body, type Draw, digits, float } from "./draw.ts";
import { drawFilter } from "./filters.ts";
import { drawFormula } from "./formulas.ts";
import { days } from "./payloads.ts";
import { drawVector, knownId, type Shape, type VectorShape } from "./shapes.ts";

/** How the order of an answer is to be compared. */
export type Ranking = "scores" | "values" | "as it stands" | "any";

export interface DrawnQuery {
  readonly body: { readonly [key: string]: Body };
  readonly ranking: Ranking;
}

/** A server answers a point once however many of its values rank, but which one depends on its segments. */
const severalValues = new Set(["counts", "parts[].a"]);
const rankedTypes = new Set(["integer", "float", "datetime"]);

/** `order_by` needs an index over numbers or times; undefined where there is none. `single`: of one value a point. */
export function drawOrderBy(draw: Draw, shape: Shape, single = false): Body | undefined {
  const ordered = [...shape.indexes].filter(
    ([field, type]) => rankedTypes.has(type) && !(single && severalValues.has(field)),
  );
  if (ordered.length === 0) return undefined;
  const [key, type] = draw.of(ordered);
  if (draw.chance(0.3)) return key;
  const start = () => (type === "datetime" ? draw.of(days) : draw.int(-3, 12));
  return {
    key,
    ...draw.maybe(0.6, { direction: () => draw.of(["asc", "desc"]) }),
    ...draw.maybe(0.3, { start_from: start }),
  };
}

/** A vector, or a point that has one. */
function example(draw: Draw, shape: Shape, vector: VectorShape): Body {
  if (shape.ids.size > 0 && draw.chance(0.2)) return digits(knownId(draw, shape));
  return drawVector(draw, vector);
}

const pair = (draw: Draw, shape: Shape, vector: VectorShape) => ({
  positive: example(draw, shape, vector),
  negative: example(draw, shape, vector),
});

function recommend(draw: Draw, shape: Shape, vector: VectorShape): Body {
  const averages = vector.kind === "dense" || shape.abilities.whole;
  const strategy = draw.of([
    ...["best_score", "sum_scores"],
    ...(averages ? ["average_vector", undefined] : []),
  ]);
  const average = strategy === undefined || strategy === "average_vector";
  const examples = (least: number) => {
    const drawn = draw.list(least, 3, () => example(draw, shape, vector));
    // Later versions answer nothing where none of the examples has the vector.
    return average || shape.abilities.as1182 ? drawn : [drawVector(draw, vector), ...drawn];
  };
  const negative = average ? draw.list(0, 2, () => example(draw, shape, vector)) : examples(1);
  return {
    recommend: {
      ...(average || draw.chance(0.7) ? { positive: examples(1) } : {}),
      ...(negative.length > 0 ? { negative } : {}),
      ...(strategy ? { strategy } : {}),
    },
  };
}

/** Vectors whose distances differ from point to point: those of bytes are whole numbers, and which of equals a limit cuts off is anybody's choice. */
const rankable = ({ vectors }: Shape) => vectors.filter(({ datatype }) => datatype !== "uint8");

/**
 * Whether scores by several examples do. Most sparse vectors have nothing in common with any of them.
 */
const tells = ({ kind }: VectorShape) => kind !== "sparse";

/** A query that ranks by its own vectors; `several`: by some that have more examples than one. */
function vectorQuery(draw: Draw, shape: Shape, vector: VectorShape, several = true): Body {
  return draw.weighted<Body>([
    [4, () => example(draw, shape, vector)],
    [1, () => ({ nearest: example(draw, shape, vector) })],
    [several ? 3 : 0, () => recommend(draw, shape, vector)],
    [
      several ? 2 : 0,
      () => ({
        discover: {
          target: example(draw, shape, vector),
          context: draw.chance(0.2)
            ? pair(draw, shape, vector)
            : draw.list(1, 3, () => pair(draw, shape, vector)),
        },
      }),
    ],
  ]);
}

function prefetch(draw: Draw, shape: Shape, depth: number): { [key: string]: Body } {
  const vector = draw.of(rankable(shape));
  return {
    ...(depth > 0 && draw.chance(0.25) ? { prefetch: prefetch(draw, shape, depth - 1) } : {}),
    query: vectorQuery(draw, shape, vector, tells(vector)),
    ...(vector.name === "" ? {} : { using: vector.name }),
    // 1.18.2 joins its `should` with that of the whole query: one of both is enough.
    ...draw.maybe(shape.abilities.as1182 ? 0.3 : 0, { filter: () => drawFilter(draw, shape, 1) }),
    ...draw.maybe(0.7, { limit: () => draw.int(1, 30) }),
    ...draw.maybe(0.08, { score_threshold: () => float(draw.component()) }),
  };
}

const prefetches = (draw: Draw, shape: Shape, least: number): Body =>
  draw.chance(0.15)
    ? prefetch(draw, shape, 1)
    : draw.list(least, 3, () => prefetch(draw, shape, 1));

/** The members that make a query what it is: `query`, `using`, `prefetch`, `lookup_from`. */
function core(draw: Draw, shape: Shape): DrawnQuery {
  const vector = draw.of(shape.vectors);
  const using = vector.name === "" ? {} : { using: vector.name };
  const ranked = (body: { [key: string]: Body }): DrawnQuery => ({ body, ranking: "scores" });
  const orderBy = drawOrderBy(draw, shape, true);
  const fetched = rankable(shape).length > 0 ? 1 : 0;
  return draw.weighted<DrawnQuery>([
    [8, () => ranked({ query: vectorQuery(draw, shape, vector), ...using })],
    [
      2,
      () =>
        ranked({ query: { context: draw.list(1, 3, () => pair(draw, shape, vector)) }, ...using }),
    ],
    [
      fetched * 3,
      () =>
        ranked({
          query: { fusion: draw.of(["rrf", "dbsf"]) },
          prefetch: prefetches(draw, shape, 1),
        }),
    ],
    [fetched * 2, () => ranked(weightedFusion(draw, shape))],
    [
      fetched * 4,
      () => ranked({ query: drawFormula(draw, shape), prefetch: prefetches(draw, shape, 1) }),
    ],
    [
      fetched * 2,
      () =>
        ranked({
          query: vectorQuery(draw, shape, vector),
          ...using,
          prefetch: prefetches(draw, shape, 1),
        }),
    ],
    [
      vector.datatype !== "uint8" && (vector.kind !== "sparse" || shape.abilities.whole) ? 2 : 0,
      () => ({ body: { query: mmr(draw, shape, vector), ...using }, ranking: "as it stands" }),
    ],
    [orderBy ? 3 : 0, () => ({ body: { query: { order_by: orderBy } }, ranking: "values" })],
    [1, () => ({ body: { query: { sample: "random" } }, ranking: "any" })],
    [1, () => ({ body: {}, ranking: "as it stands" })],
  ]);
}

function weightedFusion(draw: Draw, shape: Shape): { [key: string]: Body } {
  const lists = draw.list(1, 3, () => prefetch(draw, shape, 0));
  const rrf = {
    ...draw.maybe(0.6, { k: () => draw.int(1, 80) }),
    ...draw.maybe(0.5, { weights: () => lists.map(() => float(draw.int(0, 8) / 4)) }),
  };
  return { query: { rrf }, prefetch: lists };
}

const mmr = (draw: Draw, shape: Shape, vector: VectorShape): Body => ({
  nearest: example(draw, shape, vector),
  mmr: draw.maybe(0.6, {
    diversity: () => float(draw.int(0, 4) / 4),
    candidates_limit: () => draw.int(1, 40),
  }),
});

/** `with_payload` and `with_vector`. */
export function drawSelectors(draw: Draw, shape: Shape): { [key: string]: Body } {
  const fields = () =>
    draw.some(["tenant", "n", "parts", "deep.er", "parts[].a", "tags", "absent"]);
  const names = shape.vectors.map(({ name }) => name).filter((name) => name !== "");
  return {
    ...draw.maybe(0.6, {
      with_payload: () =>
        draw.of<Body>([true, true, false, fields(), { include: fields() }, { exclude: fields() }]),
    }),
    ...draw.maybe(0.35, {
      with_vector: () =>
        draw.of<Body>([true, true, false, names.length > 0 ? draw.some(names, 1) : true]),
    }),
  };
}

/** A whole body of `points/query`. */
export function drawQuery(draw: Draw, shape: Shape): DrawnQuery {
  const { body, ranking } = core(draw, shape);
  // A server counts MMR's candidates from the offset on, its engine alone from the first.
  const bounded = ranking === "scores" || (ranking === "as it stands" && shape.abilities.whole);
  return {
    ranking,
    body: {
      ...body,
      ...draw.maybe(0.45, { filter: () => drawFilter(draw, shape) }),
      ...draw.maybe(0.7, { limit: () => draw.int(1, 25) }),
      ...(bounded ? draw.maybe(0.12, { offset: () => draw.int(0, 6) }) : {}),
      ...(ranking === "scores"
        ? draw.maybe(0.1, { score_threshold: () => float(draw.int(-40, 60) / 10) })
        : {}),
      ...draw.maybe(0.15, { params: () => ({ exact: true }) }),
      // Its engine alone adds the vector that MMR compared to those that were asked for.
      ...(ranking === "as it stands" && !shape.abilities.whole ? {} : drawSelectors(draw, shape)),
    },
  };
}

/** The body of `points/query/groups`. */
export function drawGroups(draw: Draw, shape: Shape, lookup: string | undefined): DrawnQuery {
  const vector = draw.of(shape.vectors);
  return {
    ranking: "scores",
    body: {
      query: vectorQuery(draw, shape, vector),
      ...(vector.name === "" ? {} : { using: vector.name }),
      group_by: draw.of(["tenant", "city", "n", "tags", "uid", "deep.er.n", "parts[].a"]),
      ...draw.maybe(0.7, { group_size: () => draw.int(1, 4), limit: () => draw.int(1, 6) }),
      ...draw.maybe(0.4, { filter: () => drawFilter(draw, shape) }),
      ...(lookup === undefined
        ? {}
        : { with_lookup: draw.of<Body>([lookup, { collection: lookup }]) }),
      ...drawSelectors(draw, shape),
    },
  };
}

/** One of the routes that `query` has taken the place of, with its body. */
export function drawLegacy(
  draw: Draw,
  shape: Shape,
): { path: string; body: { [key: string]: Body } } {
  const vector = draw.of(shape.vectors.filter(({ kind }) => kind !== "multi"));
  const using = vector.name === "" ? {} : { using: vector.name };
  const common = () => ({
    limit: draw.int(1, 12),
    ...draw.maybe(0.4, { filter: () => drawFilter(draw, shape) }),
    ...draw.maybe(0.1, { offset: () => draw.int(0, 4) }),
    ...drawSelectors(draw, shape),
  });
  const search = () => ({ vector: namedVector(draw, vector), ...common() });
  const recommended = () => ({
    positive: draw.list(1, 2, () => example(draw, shape, vector)),
    negative: draw.list(0, 2, () => example(draw, shape, vector)),
    ...draw.maybe(0.5, { strategy: () => draw.of(["average_vector", "best_score"]) }),
    ...using,
    ...common(),
  });
  const discovered = () => ({
    ...draw.maybe(0.8, { target: () => example(draw, shape, vector) }),
    context: draw.list(1, 2, () => pair(draw, shape, vector)),
    ...using,
    ...common(),
  });
  const groups = (body: { [key: string]: Body }) => {
    const { offset: _, ...rest } = body;
    return { ...rest, group_by: "tenant", group_size: draw.int(1, 3), limit: draw.int(1, 4) };
  };
  return draw.weighted<{ path: string; body: { [key: string]: Body } }>([
    [3, () => ({ path: "search", body: search() })],
    [1, () => ({ path: "search/batch", body: { searches: draw.list(0, 3, search) } })],
    [1, () => ({ path: "search/groups", body: groups(search()) })],
    [2, () => ({ path: "recommend", body: recommended() })],
    [1, () => ({ path: "recommend/batch", body: { searches: draw.list(1, 2, recommended) } })],
    [1, () => ({ path: "recommend/groups", body: groups(recommended()) })],
    [2, () => ({ path: "discover", body: discovered() })],
    [1, () => ({ path: "discover/batch", body: { searches: draw.list(1, 2, discovered) } })],
  ]);
}

function namedVector(draw: Draw, vector: VectorShape): Body {
  const drawn = drawVector(draw, vector);
  return vector.name === "" ? drawn : { name: vector.name, vector: drawn };
}
