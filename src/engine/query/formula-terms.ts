/** What a formula's terms are made of: names of variables, and the constants of decay functions. Source: qdrant 1.18.2, parsed_formula.rs. */
import { isVectorError } from "../../errors.ts";
import { badInput } from "../errors.ts";
import { type PathStep, parsePath } from "../filter/json-path.ts";
import type { Decay, Expression } from "./formula.ts";
import { numberText } from "./number-text.ts";

/** A rule of formulas that is broken. */
export function invalidFormula(words: string) {
  return badInput(`Wrong input: Validation failed: ${words}`);
}

type Variable = Expression & { kind: "score" | "payload" };

/** What a name means: `$score`, `$score[2]`, or a payload path; or why it means nothing. */
export function parseVariable(text: string): Variable | { readonly fault: string } {
  const reserved = text.startsWith("$");
  const steps = tryPath(reserved ? text.slice(1) : text);
  if (!reserved) {
    return steps === null
      ? { fault: `Invalid payload variable: ${text}` }
      : { kind: "payload", key: { text, steps } };
  }
  if (steps === null) return { fault: `Invalid reserved variable: ${text}` };
  const [word, index = 0, ...more] = steps;
  if (word !== "score") return { fault: `Invalid reserved word: ${text}` };
  if (typeof index !== "number" || more.length > 0)
    return { fault: `Invalid reserved variable: ${text}` };
  return { kind: "score", prefetch: index };
}

function tryPath(text: string): PathStep[] | null {
  try {
    return parsePath(text);
  } catch (error) {
    if (isVectorError(error)) return null;
    throw error;
  }
}

/** The constant of a decay function that is `midpoint` at a distance of `scale`; defaults 0.5 and 1. @throws E_INPUT */
export function decayLambda(decay: Decay, midpoint: number, scale: number): number {
  const got = `got ${numberText(midpoint)}.`;
  if (decay === "lin" && (midpoint < 0 || midpoint > 1))
    throw invalidFormula(`Linear decay midpoint should be in the range [0.0, 1.0], ${got}`);
  if (decay !== "lin" && (midpoint <= 0 || midpoint >= 1))
    throw invalidFormula(`Decay midpoint should be in the range (0.0, 1.0), ${got}`);
  if (scale <= 0)
    throw invalidFormula(`Decay scale should be non-zero positive, got ${numberText(scale)}.`);
  if (decay === "lin") return (1 - midpoint) / scale;
  return Math.log(midpoint) / (decay === "gauss" ? scale ** 2 : scale);
}
