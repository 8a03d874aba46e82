/** Formulas in request bodies. Source: qdrant 1.18.2, lib/api/src/rest/schema.rs (Expression), lib/shard/src/query/formula.rs. */
import { isVectorError, type VectorError } from "../../errors.ts";
import { isObject, type JsonValue, parseSigned } from "../../util/json.ts";
import type { JsonObject } from "../api.ts";
import { breaks, variant } from "../errors.ts";
import { parseFilter } from "../filter/filter.ts";
import { namedPlace } from "../filter/geo.ts";
import { parseInstant } from "../filter/instant.ts";
import { isPath, parsePath } from "../filter/json-path.ts";
import type { Decay, Expression, Formula, PayloadKey, Unary } from "../query/formula.ts";
import { decayLambda, invalidFormula, parseVariable } from "../query/formula-terms.ts";
import { asStruct, type Fields, fields } from "../struct-list.ts";
import type { Members } from "./body.ts";

type JsonMap = { [key: string]: JsonValue };

const unaries = new Set<string>(["neg", "abs", "sqrt", "exp", "log10", "ln"] satisfies Unary[]);
const decays: ReadonlyMap<string, Decay> = new Map([
  ["lin_decay", "lin"],
  ["exp_decay", "exp"],
  ["gauss_decay", "gauss"],
]);

/** The formula of a query, which stands at `at`; null where it is none. @throws E_INPUT: 422 for a default without meaning */
export function toFormula(query: Members, at: string): Formula | null {
  const text = query.refuseNull("defaults").raw("formula");
  const defaults: JsonValue = parseSigned(query.raw("defaults") ?? "{}");
  if (text === undefined || !isMap(defaults)) return null;
  const reader = new FormulaReader();
  const expression = reader.read(parseSigned(text));
  if (expression === null) return null;
  const { conditions, fault } = reader;
  return { expression, conditions, fault, ...readDefaults(defaults, at) };
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

class FormulaReader {
  readonly conditions: JsonObject[] = [];
  #faults: VectorError[] = [];
  /** What was read already: a list may be several kinds of term, and each would read all that is in it again. */
  readonly #known = new Map<
    JsonValue,
    { readonly expression: Expression | null; readonly faults: readonly VectorError[] }
  >();

  /** The first rule of formulas that is broken; null = none is. */
  get fault(): VectorError | null {
    return this.#faults[0] ?? null;
  }

  /** null where `value` is no expression. @throws E_INPUT (422) for a condition that asks nothing */
  read(value: JsonValue | undefined): Expression | null {
    if (typeof value === "number" || typeof value === "bigint")
      return { kind: "constant", value: Math.fround(Number(value)) };
    if (typeof value === "string") return this.#variable(value);
    if (value === undefined || typeof value !== "object" || value === null) return null;
    const known = this.#known.get(value);
    if (known !== undefined) {
      this.#faults.push(...known.faults);
      return known.expression;
    }
    const before = this.#faults.length;
    const expression = this.#struct(value);
    this.#known.set(value, { expression, faults: this.#faults.slice(before) });
    return expression;
  }

  #struct(value: JsonMap | JsonValue[]): Expression | null {
    const condition = variant(() => this.#condition(value));
    if (condition !== null) return condition;
    for (const kind of kinds) {
      const [of] = Array.isArray(value) && value.length === 1 ? value : [];
      const inner = Array.isArray(value)
        ? of
        : Object.hasOwn(value, kind)
          ? value[kind]
          : undefined;
      const faults = this.#faults.length;
      const term = inner === undefined ? null : this.#term(kind, inner);
      if (term !== null) return term;
      // No fault counts of what is no such term. Its conditions stay: what was read may be part of another.
      this.#faults.length = faults;
    }
    return null;
  }

  #term(kind: string, of: JsonValue): Expression | null {
    if (unaries.has(kind)) {
      const inner = this.read(of);
      return inner === null ? null : { kind: kind as Unary, of: inner };
    }
    const decay = decays.get(kind);
    if (decay !== undefined) return this.#decay(decay, of);
    switch (kind) {
      case "mult":
      case "sum": {
        const terms = Array.isArray(of) ? of.map((term) => this.read(term)) : [null];
        return terms.every((term) => term !== null) ? { kind, terms } : null;
      }
      case "div":
        return this.#div(of);
      case "pow": {
        const { base, exponent } = structOf(of, powFields);
        const [below, above] = [this.read(base), this.read(exponent)];
        return below === null || above === null ? null : { kind, base: below, exponent: above };
      }
      case "geo_distance": {
        const { origin: from, to } = structOf(of, distanceFields);
        const [origin, key] = [namedPlace(from), readKey(to)];
        return origin === null || key === null ? null : { kind: "geo-distance", origin, key };
      }
      case "datetime":
        return typeof of === "string" ? this.#seconds(of) : null;
      default: {
        const key = readKey(of);
        return key === null ? null : { kind: "datetime", key };
      }
    }
  }

  #div(of: JsonValue): Expression | null {
    const given = structOf(of, divFields);
    const [left, right] = [this.read(given["left"]), this.read(given["right"])];
    const byZero = optional(given["by_zero_default"]);
    if (left === null || right === null || byZero === undefined) return null;
    return { kind: "div", left, right, byZero };
  }

  #decay(decay: Decay, of: JsonValue): Expression | null {
    const given = structOf(of, decayFields);
    const x = this.read(given["x"]);
    const { target: at = null } = given;
    const target = at === null ? null : this.read(at);
    const [midpoint, scale] = [optional(given["midpoint"]), optional(given["scale"])];
    if (x === null || (at !== null && target === null)) return null;
    if (midpoint === undefined || scale === undefined) return null;
    const lambda = this.#checked(() => decayLambda(decay, midpoint ?? 0.5, scale ?? 1), 0);
    return { kind: "decay", decay, x, target, lambda };
  }

  /** What `read` gives; where a rule is broken, that is kept for later: a server looks for points that are named first. */
  #checked<Result>(read: () => Result, otherwise: Result): Result {
    try {
      return read();
    } catch (error) {
      if (!isVectorError(error)) throw error;
      this.#faults.push(error);
      return otherwise;
    }
  }

  #condition(condition: JsonMap | JsonValue[]): Expression {
    const filter: JsonObject = { must: [condition] };
    parseFilter(filter);
    this.conditions.push(filter);
    return { kind: "condition", condition: this.conditions.length - 1 };
  }

  #variable(text: string): Expression {
    const variable = parseVariable(text);
    if (!("fault" in variable)) return variable;
    this.#faults.push(invalidFormula(`failed to parse variable ID ${text}: ${variable.fault}`));
    return { kind: "constant", value: 0 };
  }

  /** Since 1970. */
  #seconds(text: string): Expression {
    const instant = parseInstant(text);
    if (instant === null)
      this.#faults.push(
        invalidFormula(`failed to parse date-time ${text}: input contains invalid characters`),
      );
    return { kind: "constant", value: (instant ?? 0) / 1e6 };
  }
}

const powFields = fields("base exponent");
const divFields = fields("left right by_zero_default");
const distanceFields = fields("origin to");
const decayFields = fields("x target scale midpoint");

/** Nothing where it is no struct: what is needed is lacking then. */
function structOf(value: JsonValue, of: Fields): JsonMap {
  return (asStruct(value, of) ?? {}) as JsonMap;
}

/** A float32; null where there is none; undefined where it is no number. */
function optional(value: JsonValue | undefined): number | null | undefined {
  if (value === undefined || value === null) return null;
  const isNumber = typeof value === "number" || typeof value === "bigint";
  return isNumber ? Math.fround(Number(value)) : undefined;
}

function readKey(value: JsonValue | undefined): PayloadKey | null {
  if (typeof value !== "string" || !isPath(value)) return null;
  return { text: value, steps: parsePath(value) };
}
