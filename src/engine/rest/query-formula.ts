/** Formulas in request bodies. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs (Expression), lib/shard/src/query/formula.rs. */
import { isVectorError } from "../../errors.ts";
import { isObject, type JsonValue, parseLossless } from "../../util/json.ts";
import type { JsonObject } from "../api.ts";
import { breaks } from "../errors.ts";
import { parseFilter } from "../filter/filter.ts";
import { type GeoPoint, namedPlace } from "../filter/geo.ts";
import { parseInstant } from "../filter/instant.ts";
import { parsePath } from "../filter/json-path.ts";
import type { Decay, Expression, Formula, PayloadKey, Unary } from "../query/formula.ts";
import { decayLambda, invalidFormula, parseVariable } from "../query/formula-terms.ts";
import type { Members } from "./body.ts";

/** A formula is not one: the query is none. */
class NoExpression extends Error {}

type JsonMap = { [key: string]: JsonValue };

const unaries = new Set<string>(["neg", "abs", "sqrt", "exp", "log10", "ln"] satisfies Unary[]);
const decays: ReadonlyMap<string, Decay> = new Map([
  ["lin_decay", "lin"],
  ["exp_decay", "exp"],
  ["gauss_decay", "gauss"],
]);

/** The formula of a query, which stands at `at`; null where it is none. @throws E_INPUT: 422 for a default without meaning, 400 for a term */
export function toFormula(query: Members, at: string): Formula | null {
  const text = query.raw("formula");
  const defaults: JsonValue = parseLossless(query.raw("defaults") ?? "{}");
  if (text === undefined || !isMap(defaults)) return null;
  try {
    const reader = new FormulaReader();
    const value = parseLossless(text);
    const expression = reader.read(value);
    return { expression, conditions: reader.conditions, ...readDefaults(defaults, at) };
  } catch (error) {
    if (error instanceof NoExpression) return null;
    throw error;
  }
}

function readDefaults(defaults: JsonMap, at: string) {
  const scoreDefaults = new Map<number, number>();
  const payloadDefaults = new Map<string, unknown>();
  for (const [name, value] of Object.entries(defaults)) {
    const variable = parseVariable(name);
    if ("fault" in variable)
      breaks(`Validation error in JSON body: [${at}.defaults: ${variable.fault}]`);
    else if (variable.kind === "payload") {
      payloadDefaults.set(JSON.stringify(variable.key.steps), value);
    } else if (typeof value === "number" || typeof value === "bigint") {
      scoreDefaults.set(variable.prefetch, Number(value));
    } else {
      breaks(
        `Validation error in JSON body: [${at}.defaults: Validation error: Score default must be a number [{}]]`,
      );
    }
  }
  return { scoreDefaults, payloadDefaults };
}

function isMap(value: JsonValue | undefined): value is JsonMap {
  return isObject(value);
}

/** In the order in which a server tries them, after conditions; it passes over whatever else an object has. */
const kinds = [
  ...[
    "geo_distance",
    "datetime",
    "datetime_key",
    "mult",
    "sum",
    "neg",
    "abs",
    "div",
    "sqrt",
    "pow",
  ],
  ...["exp", "log10", "ln", "lin_decay", "exp_decay", "gauss_decay"],
];

/** What `read` gives; null where it finds no expression. */
function orNothing(read: () => Expression | null): Expression | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof NoExpression) return null;
    throw error;
  }
}

class FormulaReader {
  readonly conditions: JsonObject[] = [];

  read(value: JsonValue | undefined): Expression {
    if (typeof value === "number" || typeof value === "bigint")
      return { kind: "constant", value: Math.fround(Number(value)) };
    if (typeof value === "string") return readVariable(value);
    if (!isMap(value)) throw new NoExpression();
    const condition = orNothing(() => this.#condition(value));
    if (condition !== null) return condition;
    for (const kind of kinds) {
      if (!Object.hasOwn(value, kind)) continue;
      const term = orNothing(() => this.#term(kind, value[kind]));
      if (term !== null) return term;
    }
    throw new NoExpression();
  }

  #term(kind: string, of: JsonValue | undefined): Expression | null {
    if (unaries.has(kind)) return { kind: kind as Unary, of: this.read(of) };
    const decay = decays.get(kind);
    if (decay !== undefined) return this.#decay(decay, need(of));
    switch (kind) {
      case "mult":
      case "sum":
        if (!Array.isArray(of)) throw new NoExpression();
        return { kind, terms: of.map((term) => this.read(term)) };
      case "div": {
        const { left, right, by_zero_default: byZero } = need(of);
        return {
          kind,
          left: this.read(left),
          right: this.read(right),
          byZero: optional(byZero),
        };
      }
      case "pow": {
        const { base, exponent } = need(of);
        return { kind, base: this.read(base), exponent: this.read(exponent) };
      }
      case "geo_distance": {
        const { origin, to } = need(of);
        return { kind: "geo-distance", origin: readPlace(origin), key: readKey(to) };
      }
      case "datetime":
        return { kind: "constant", value: readSeconds(of) };
      case "datetime_key":
        return { kind: "datetime", key: readKey(of) };
      default:
        return null;
    }
  }

  #decay(decay: Decay, params: JsonMap): Expression {
    const x = this.read(params["x"]);
    const { target = null } = params;
    const midpoint = optional(params["midpoint"]) ?? 0.5;
    const scale = optional(params["scale"]) ?? 1;
    return {
      kind: "decay",
      decay,
      x,
      target: target === null ? null : this.read(target),
      lambda: decayLambda(decay, midpoint, scale),
    };
  }

  #condition(condition: JsonMap): Expression {
    const filter: JsonObject = { must: [condition] };
    try {
      parseFilter(filter);
    } catch (error) {
      if (isVectorError(error) && error.details["status"] === 400) throw new NoExpression();
      throw error;
    }
    this.conditions.push(filter);
    return { kind: "condition", condition: this.conditions.length - 1 };
  }
}

function need(value: JsonValue | undefined): JsonMap {
  if (isMap(value)) return value;
  throw new NoExpression();
}

/** A float32, or none. */
function optional(value: JsonValue | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "bigint") return Math.fround(Number(value));
  throw new NoExpression();
}

function readVariable(text: string): Expression {
  const variable = parseVariable(text);
  if ("fault" in variable)
    throw invalidFormula(`failed to parse variable ID ${text}: ${variable.fault}`);
  return variable;
}

function readKey(value: JsonValue | undefined): PayloadKey {
  if (typeof value !== "string") throw new NoExpression();
  try {
    return { text: value, steps: parsePath(value) };
  } catch (error) {
    if (isVectorError(error)) throw new NoExpression();
    throw error;
  }
}

function readPlace(value: JsonValue | undefined): GeoPoint {
  const place = namedPlace(value);
  if (place !== null) return place;
  throw new NoExpression();
}

/** Seconds since 1970. */
function readSeconds(value: JsonValue | undefined): number {
  if (typeof value !== "string") throw new NoExpression();
  const instant = parseInstant(value);
  if (instant !== null) return instant / 1e6;
  throw invalidFormula(`failed to parse date-time ${value}: input contains invalid characters`);
}
