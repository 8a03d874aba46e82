/** Refusals of vectors in Qdrant's words. */
import type { VectorError } from "../../errors.ts";
import type { VectorColumn } from "../../model/record.ts";
import { badInput, late } from "../errors.ts";

/** `name` is told of what is written, where it has one. */
export function wrongDimension(expected: number, given: number, name = ""): VectorError {
  const of = name === "" ? "" : ` for vector '${name}'`;
  return badInput(
    `Wrong input: Vector dimension error: expected dim: ${expected}, got ${given}${of}`,
    { expected, given },
  );
}

/** @throws E_INPUT where a component is not a finite number */
export function checkFinite(name: string, data: Float32Array): void {
  for (let at = 0; at < data.length; at += 1) if (!Number.isFinite(data[at])) throw notFinite(name);
}

export function notFinite(name: string): VectorError {
  return badInput(`Wrong input: vector '${name}' has a component that is not a finite number`);
}

export function unknownVector(name: string): VectorError {
  return late(badInput(`Wrong input: Not existing vector name error: ${name}`));
}

type Kind = VectorColumn["kind"];

/** A vector of another kind than the name's. */
export function wrongKind(name: string, expected: Kind, given: Kind): VectorError {
  const words =
    expected === "sparse" || given === "sparse"
      ? "Conversion between sparse and regular vectors failed"
      : "Conversion between multi and regular vectors failed";
  return late(badInput(`Wrong input: ${words}`, { vector: name, expected, given }));
}
