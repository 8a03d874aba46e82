/** Sequences of requests that a seed draws: collections come and go, points change, and everything is asked about them. */
import { type Body, Draw, digits } from "./draw.ts";
import { drawFilter } from "./filters.ts";
import { drawIndexSchema, indexedFields } from "./payloads.ts";
import {
  drawGroups,
  drawLegacy,
  drawOrderBy,
  drawQuery,
  drawSelectors,
  type Ranking,
} from "./queries.ts";
import {
  type Abilities,
  configOf,
  denseParams,
  drawId,
  drawShape,
  knownId,
  type Shape,
} from "./shapes.ts";
import { drawWrite } from "./writes.ts";

export interface Step {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** JSON text. */
  readonly body: string | null;
  /** How the answers are compared: as they stand, or as lists whose ties may come in any order. */
  readonly ranking: Ranking;
}

function step(
  method: Step["method"],
  path: string,
  body?: Body,
  ranking: Ranking = "as it stands",
): Step {
  return { method, path, body: body === undefined ? null : JSON.stringify(body), ranking };
}

/** Draws one sequence. Collections are named `prefix` and a letter: the same in every replay. */
class Sequence {
  readonly #draw: Draw;
  readonly #abilities: Abilities;
  readonly #prefix: string;
  readonly #shapes = new Map<string, Shape>();

  constructor(draw: Draw, prefix: string, abilities: Abilities) {
    this.#draw = draw;
    this.#prefix = prefix;
    this.#abilities = abilities;
  }

  next(): Step[] {
    const draw = this.#draw;
    const name =
      this.#prefix +
      draw.weighted([
        [4, () => "a"],
        [1, () => "b"],
      ]);
    const shape = this.#shapes.get(name);
    if (!shape) return [this.#create(name)];
    return draw.weighted<Step[]>([
      [38, () => [this.#write(shape)]],
      [4, () => [this.#index(shape)]],
      [38, () => [this.#query(shape)]],
      [8, () => [this.#scroll(shape)]],
      [4, () => [step("POST", at(shape, "points/count"), this.#filtered(shape, { exact: true }))]],
      [3, () => [this.#retrieve(shape)]],
      [shape.indexes.size > 0 ? 3 : 0, () => [this.#facet(shape)]],
      [this.#abilities.server ? 4 : 0, () => [this.#groups(shape)]],
      [this.#abilities.server ? 5 : 0, () => [this.#legacy(shape)]],
      [2, () => [everything(shape)]],
      [this.#abilities.server ? 1 : 0, () => [step("GET", at(shape))]],
      [shape.vectors.length > 2 ? 0.7 : 0, () => this.#otherVector(shape)],
      [shape.ids.size > 20 ? 1 : 0, () => [everything(shape), this.#drop(shape)]],
    ]);
  }

  #create(name: string): Step {
    const shape = drawShape(this.#draw, name, this.#abilities);
    this.#shapes.set(name, shape);
    return step("PUT", at(shape), configOf(this.#draw, shape));
  }

  #drop(shape: Shape): Step {
    this.#shapes.delete(shape.name);
    return step("DELETE", at(shape));
  }

  #write(shape: Shape): Step {
    const { method, path, body } = drawWrite(this.#draw, shape);
    return step(method, `${at(shape, path)}?wait=true`, body);
  }

  #index(shape: Shape): Step {
    const draw = this.#draw;
    if (shape.indexes.size > 0 && draw.chance(0.25)) {
      const field = draw.of([...shape.indexes.keys()]);
      shape.indexes.delete(field);
      return step("DELETE", at(shape, `index/${encodeURIComponent(field)}?wait=true`));
    }
    const type = draw.of(Object.keys(indexedFields));
    const field_name = draw.of(indexedFields[type] ?? []);
    shape.indexes.set(field_name, type);
    const body = { field_name, field_schema: drawIndexSchema(draw, type) };
    return step("PUT", at(shape, "index?wait=true"), body);
  }

  #filtered(shape: Shape, body: object, probability = 0.8): object {
    const draw = this.#draw;
    return { ...body, ...draw.maybe(probability, { filter: () => drawFilter(draw, shape) }) };
  }

  #query(shape: Shape): Step {
    const draw = this.#draw;
    if (this.#abilities.server && draw.chance(0.08)) {
      const drawn = draw
        .list(1, 3, () => drawQuery(draw, shape))
        .filter((one) => one.ranking === "scores");
      return step(
        "POST",
        at(shape, "points/query/batch"),
        { searches: drawn.map(({ body }) => body) },
        "scores",
      );
    }
    const { body, ranking } = drawQuery(draw, shape);
    return step("POST", at(shape, "points/query"), body, ranking);
  }

  #scroll(shape: Shape): Step {
    const draw = this.#draw;
    const body = { ...this.#filtered(shape, {}, 0.6), ...drawSelectors(draw, shape) };
    const order_by = draw.chance(0.4)
      ? drawOrderBy(draw, shape, !shape.abilities.as1182)
      : undefined;
    const limit = draw.maybe(0.7, { limit: () => draw.int(1, 30) });
    if (order_by !== undefined) {
      return step("POST", at(shape, "points/scroll"), { ...body, ...limit, order_by }, "values");
    }
    const offset = draw.maybe(0.4, { offset: () => digits(drawId(draw)) });
    return step("POST", at(shape, "points/scroll"), { ...body, ...limit, ...offset });
  }

  #retrieve(shape: Shape): Step {
    const draw = this.#draw;
    const id = knownId(draw, shape);
    if (this.#abilities.server && draw.chance(0.3)) {
      return step("GET", at(shape, `points/${id.replaceAll('"', "")}`));
    }
    const ids = new Set([id, ...draw.list(0, 5, () => knownId(draw, shape))]);
    return step("POST", at(shape, "points"), {
      ids: [...ids].map(digits),
      ...drawSelectors(draw, shape),
    });
  }

  #facet(shape: Shape): Step {
    const draw = this.#draw;
    const types = new Set(["keyword", "integer", "bool", "uuid"]);
    const keys = [...shape.indexes].filter(([, type]) => types.has(type)).map(([field]) => field);
    const key = keys.length > 0 ? draw.of(keys) : "tenant";
    const limit = draw.maybe(0.5, { limit: () => draw.int(1, 6) });
    return step(
      "POST",
      at(shape, "facet"),
      this.#filtered(shape, { key, exact: true, ...limit }, 0.4),
      "values",
    );
  }

  #groups(shape: Shape): Step {
    const draw = this.#draw;
    const other = draw.chance(0.2) ? draw.of([...this.#shapes.keys()]) : undefined;
    return step(
      "POST",
      at(shape, "points/query/groups"),
      drawGroups(draw, shape, other).body,
      "scores",
    );
  }

  #legacy(shape: Shape): Step {
    if (shape.vectors.every(({ kind }) => kind === "multi")) return this.#scroll(shape);
    const { path, body } = drawLegacy(this.#draw, shape);
    return step("POST", at(shape, `points/${path}`), body, "scores");
  }

  /** A name of vectors goes, with all of them; another comes. */
  #otherVector(shape: Shape): Step[] {
    const draw = this.#draw;
    const gone = shape.vectors.splice(draw.int(0, shape.vectors.length - 1), 1)[0];
    if (!gone) return [];
    const config = gone.kind === "sparse" ? { sparse: {} } : { dense: denseParams(draw, gone) };
    shape.vectors.push({ ...gone, idf: false });
    const path = at(shape, `vectors/${gone.name}?wait=true`);
    return [step("DELETE", path), everything(shape), step("PUT", path, config), everything(shape)];
  }
}

const at = (shape: Shape, below?: string) =>
  `/collections/${shape.name}${below === undefined ? "" : `/${below}`}`;

/** All points with all that they hold. */
const everything = (shape: Shape) =>
  step("POST", at(shape, "points/scroll"), { limit: 200, with_payload: true, with_vector: true });

/** The collections that a sequence makes. */
export const collectionsOf = (prefix: string) => [`${prefix}a`, `${prefix}b`];

/** `count` steps, and a few more where some belong together. */
export function drawSteps(
  seed: number,
  count: number,
  prefix: string,
  abilities: Abilities,
): Step[] {
  const sequence = new Sequence(new Draw(seed), prefix, abilities);
  const steps: Step[] = [];
  while (steps.length < count) steps.push(...sequence.next());
  return steps;
}
