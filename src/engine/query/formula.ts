/**
 * Scores by a formula over the scores of prefetches, the payload and conditions.
 * Source: qdrant 1.18.2, lib/segment/src/index/query_optimization/rescore_formula. Arithmetic in float64, as there.
 */
import type { VectorError } from "../../errors.ts";
import type { JsonObject } from "../api.ts";
import { badInput } from "../errors.ts";
import { type GeoPoint, haversine, namedPlace } from "../filter/geo.ts";
import { parseInstant } from "../filter/instant.ts";
import type { PathStep } from "../filter/json-path.ts";
import { numberText } from "./number-text.ts";

/** A payload path: as it was written, and parsed. */
export interface PayloadKey {
  readonly text: string;
  readonly steps: readonly PathStep[];
}

export type Unary = "neg" | "abs" | "sqrt" | "exp" | "log10" | "ln";
export type Decay = "lin" | "exp" | "gauss";

export type Expression =
  | { readonly kind: "constant"; readonly value: number }
  /** The score that the point has in this prefetch. */
  | { readonly kind: "score"; readonly prefetch: number }
  | { readonly kind: "payload"; readonly key: PayloadKey }
  /** 1 where the formula's condition of this number holds, else 0. */
  | { readonly kind: "condition"; readonly condition: number }
  /** Metres. */
  | { readonly kind: "geo-distance"; readonly origin: GeoPoint; readonly key: PayloadKey }
  /** Seconds since 1970 of a date in the payload. */
  | { readonly kind: "datetime"; readonly key: PayloadKey }
  | { readonly kind: "mult" | "sum"; readonly terms: readonly Expression[] }
  | {
      readonly kind: "div";
      readonly left: Expression;
      readonly right: Expression;
      readonly byZero: number | null;
    }
  | { readonly kind: "pow"; readonly base: Expression; readonly exponent: Expression }
  | { readonly kind: Unary; readonly of: Expression }
  | {
      readonly kind: "decay";
      readonly decay: Decay;
      readonly x: Expression;
      /** Where the decay is 1; null = 0. */
      readonly target: Expression | null;
      readonly lambda: number;
    };

export interface Formula {
  readonly expression: Expression;
  /** Filters by number. */
  readonly conditions: readonly JsonObject[];
  /** Scores by the prefetch's number, for points that are not in it. */
  readonly scoreDefaults: ReadonlyMap<number, number>;
  /** Payload values by path (the steps as JSON), for points that have none. */
  readonly payloadDefaults: ReadonlyMap<string, unknown>;
  /** What is wrong with its terms, which a server tells when it comes to rank by them; null = nothing. */
  readonly fault: VectorError | null;
}

/** What a formula asks of one point. */
export interface PointView {
  /** undefined = the point is not in that prefetch. */
  score(prefetch: number): number | undefined;
  /** The values at a path; the elements of an array one by one. */
  payload(key: PayloadKey): readonly unknown[];
  fits(condition: number): boolean;
}

/** The point's score: a finite float32. @throws E_INPUT where a value is missing or a step gives no finite number */
export function evaluate(formula: Formula, point: PointView): number {
  const value = new Evaluation(formula, point).value(formula.expression);
  const score = Math.fround(value);
  if (Number.isFinite(score)) return score;
  throw notFinite(`${numberText(value)} as f32 = ${numberText(score)}`);
}

class Evaluation {
  readonly #formula: Formula;
  readonly #point: PointView;

  constructor(formula: Formula, point: PointView) {
    this.#formula = formula;
    this.#point = point;
  }

  value(expression: Expression): number {
    switch (expression.kind) {
      case "constant":
        return expression.value;
      case "score":
        return this.#score(expression.prefetch);
      case "payload":
        return this.#number(expression.key);
      case "condition":
        return this.#point.fits(expression.condition) ? 1 : 0;
      case "geo-distance":
        return haversine(expression.origin, this.#place(expression.key));
      case "datetime":
        return this.#seconds(expression.key);
      case "mult":
        return this.#product(expression.terms);
      case "sum":
        return expression.terms.reduce((total, term) => total + this.value(term), 0);
      case "div":
        return this.#quotient(expression);
      case "pow":
        return this.#power(expression);
      case "decay":
        return this.#decay(expression);
      default:
        return this.#unary(expression.kind, this.value(expression.of));
    }
  }

  #score(prefetch: number): number {
    return this.#point.score(prefetch) ?? this.#formula.scoreDefaults.get(prefetch) ?? 0;
  }

  #product(terms: readonly Expression[]): number {
    let product = 1;
    for (const term of terms) {
      const value = this.value(term);
      if (value === 0) return 0;
      product *= value;
    }
    return product;
  }

  #quotient({ left, right, byZero }: Expression & { kind: "div" }): number {
    const dividend = this.value(left);
    if (dividend === 0) return 0;
    const divisor = this.value(right);
    if (divisor === 0 && byZero !== null) return byZero;
    const quotient = dividend / divisor;
    return finite(quotient, () => `${numberText(dividend)}/${numberText(divisor)}`);
  }

  #power({ base, exponent }: Expression & { kind: "pow" }): number {
    const [of, to] = [this.value(base), this.value(exponent)];
    return finite(of ** to, () => `${numberText(of)}^${numberText(to)}`);
  }

  #unary(kind: Unary, value: number): number {
    switch (kind) {
      case "neg":
        return -value;
      case "abs":
        return Math.abs(value);
      case "sqrt":
        return finite(Math.sqrt(value), () => `√${numberText(value)}`);
      case "exp":
        return finite(Math.exp(value), () => `exp(${numberText(value)})`);
      case "log10":
        return finite(Math.log10(value), () => `log10(${numberText(value)})`);
      case "ln":
        return finite(Math.log(value), () => `ln(${numberText(value)})`);
    }
  }

  #decay({ decay, x, target, lambda }: Expression & { kind: "decay" }): number {
    const difference = this.value(x) - (target === null ? 0 : this.value(target));
    const distance = Math.abs(difference);
    if (decay === "lin") return Math.max(1 - lambda * distance, 0);
    return Math.exp(lambda * distance * (decay === "gauss" ? distance : 1));
  }

  #number(key: PayloadKey): number {
    const value = this.#payload(key, "number");
    if (typeof value === "number") return value;
    if (typeof value === "bigint") return Number(value);
    throw wrongValue(key, "number", "Value is not a number");
  }

  #place(key: PayloadKey): GeoPoint {
    const place = namedPlace(this.#payload(key, "geo point"));
    if (place !== null) return place;
    throw wrongValue(key, "geo point", "Value is not a place on the globe");
  }

  #seconds(key: PayloadKey): number {
    const value = this.#payload(key, "datetime");
    if (typeof value !== "string") throw wrongValue(key, "datetime", "Value is not a string");
    const instant = parseInstant(value);
    if (instant === null) throw wrongValue(key, "datetime", "Value is not a date and time");
    return instant / 1e6;
  }

  #payload(key: PayloadKey, expected: string): unknown {
    const values = this.#point.payload(key);
    if (values.length > 1) return values;
    const value =
      values.length === 1
        ? values[0]
        : this.#formula.payloadDefaults.get(JSON.stringify(key.steps));
    if (value !== undefined) return value;
    throw wrongValue(key, expected, "No value found in a payload nor defaults");
  }
}

function finite(value: number, words: () => string): number {
  if (Number.isFinite(value)) return value;
  throw notFinite(`${words()} = ${numberText(value)}`);
}

function notFinite(expression: string): VectorError {
  return badInput(`Wrong input: The expression ${expression} produced a non-finite number`);
}

function wrongValue({ text }: PayloadKey, expected: string, words: string): VectorError {
  return badInput(
    `Wrong input: Expected ${expected} value for ${text} in the payload and/or in the formula defaults. Error: ${words}`,
  );
}
