/** Vectors in request bodies. */
import { z } from "zod";
import type { DenseColumn } from "../../model/record.ts";
import { badInput, notImplemented } from "../errors.ts";
import { parse } from "./body.ts";

/** One point's dense vectors by name; the unnamed one has the name ''. */
export type GivenVectors = Map<string, number[]>;

const components = z.array(z.number());
const named = z.record(z.string(), z.unknown());

function toComponents(value: unknown): number[] {
  if (Array.isArray(value)) {
    if (value.every((component) => typeof component === "number")) return value;
    if (value.every(Array.isArray)) throw notImplemented("multivectors");
  } else if (typeof value === "object" && value !== null) {
    throw "indices" in value ? notImplemented("sparse vectors") : notImplemented("inference");
  }
  throw badInput(
    "Format error in JSON body: data did not match any variant of untagged enum VectorStruct",
  );
}

/** A `vector` member: a list of components, or an object of them by name. @throws E_INPUT, E_NOT_SUPPORTED */
export function toGivenVectors(text: string): GivenVectors {
  const value = parse(text);
  if (Array.isArray(value)) return new Map([["", toComponents(value)]]);
  const object = named.safeParse(value);
  if (!object.success || "indices" in object.data || "text" in object.data)
    return new Map([["", toComponents(value)]]);
  return new Map(Object.entries(object.data).map(([name, vector]) => [name, toComponents(vector)]));
}

/** A query vector. @throws E_INPUT */
export function toQueryVector(value: unknown): Float32Array {
  const result = components.safeParse(value);
  return Float32Array.from(result.success ? result.data : toComponents(value));
}

/** The rows' vectors as columns, one for each name. @throws E_INPUT where those of one name differ in length */
export function toVectorColumns(rows: readonly GivenVectors[]): Map<string, DenseColumn> {
  const columns = new Map<string, DenseColumn>();
  const names = new Set(rows.flatMap((row) => [...row.keys()]));
  for (const name of names) columns.set(name, toColumn(rows, name));
  return columns;
}

function toColumn(rows: readonly GivenVectors[], name: string): DenseColumn {
  const dimension = rows.find((row) => row.has(name))?.get(name)?.length ?? 0;
  const data = new Float32Array(rows.length * dimension);
  const present = new Uint8Array(rows.length);
  let missing = 0;
  for (const [row, vectors] of rows.entries()) {
    const vector = vectors.get(name);
    if (vector === undefined) {
      missing += 1;
      continue;
    }
    if (vector.length !== dimension) {
      throw badInput(
        `Wrong input: Vector dimension error: expected dim: ${dimension}, got ${vector.length}`,
      );
    }
    data.set(vector, row * dimension);
    present[row] = 1;
  }
  return { kind: "dense", dimension, data, present: missing === 0 ? null : present };
}
