/** Refusals of vectors in Qdrant's words. */
import type { VectorError } from "../../errors.ts";
import type { VectorColumn } from "../../model/record.ts";
import { badInput } from "../errors.ts";

export function wrongDimension(expected: number, given: number): VectorError {
  return badInput(`Wrong input: Vector dimension error: expected dim: ${expected}, got ${given}`, {
    expected,
    given,
  });
}

export function unknownVector(name: string): VectorError {
  return badInput(`Wrong input: Not existing vector name error: ${name}`);
}

type Kind = VectorColumn["kind"];

/** A vector of another kind than the name's. */
export function wrongKind(name: string, expected: Kind, given: Kind): VectorError {
  const words =
    expected === "sparse" || given === "sparse"
      ? "Conversion between sparse and regular vectors failed"
      : "Conversion between multi and regular vectors failed";
  return badInput(`Wrong input: ${words}`, { vector: name, expected, given });
}
