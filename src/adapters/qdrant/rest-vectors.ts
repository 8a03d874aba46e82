/** Vectors as Qdrant's REST API answers them: `[0.1, …]`, `[[0.1, …], …]`, `{"indices": […], "values": […]}`. */
import { z } from "zod";
import type { VectorColumn } from "../../model/record.ts";
import type { WantedVector } from "./api.ts";

const sparse = z.object({ indices: z.array(z.number()), values: z.array(z.number()) });

/** The vectors of one name from their raw texts, undefined where a row has none. @throws SyntaxError */
export function columnOf(
  wanted: WantedVector,
  texts: readonly (string | undefined)[],
): VectorColumn {
  const present = Uint8Array.from(texts, (text) => (text === undefined ? 0 : 1));
  const there = present.includes(0) ? present : null;
  if (wanted.kind === "dense") return { ...denseOf(wanted.dimension ?? 0, texts), present: there };
  if (wanted.kind === "multi") return { ...multiOf(wanted.dimension ?? 0, texts), present: there };
  return { ...sparseOf(texts), present: there };
}

function denseOf(dimension: number, texts: readonly (string | undefined)[]) {
  const data = new Float32Array(texts.length * dimension);
  texts.forEach((text, row) => {
    if (text !== undefined) data.set(components(JSON.parse(text), dimension), row * dimension);
  });
  return { kind: "dense", dimension, data } as const;
}

function multiOf(dimension: number, texts: readonly (string | undefined)[]) {
  const rows = texts.map((text) => (text === undefined ? [] : arrayOf(JSON.parse(text))));
  const offsets = offsetsOf(rows);
  const data = new Float32Array((offsets.at(-1) ?? 0) * dimension);
  rows.flat().forEach((one, place) => {
    data.set(components(one, dimension), place * dimension);
  });
  return { kind: "multi", dimension, offsets, data } as const;
}

function sparseOf(texts: readonly (string | undefined)[]) {
  const rows = texts.map((text) => (text === undefined ? [] : pairsOf(JSON.parse(text))));
  const pairs = rows.flat();
  return {
    kind: "sparse",
    offsets: offsetsOf(rows),
    indices: Uint32Array.from(pairs, ([index]) => index),
    values: Float32Array.from(pairs, ([, value]) => value),
  } as const;
}

/** Index and value, in the order of indices. */
function pairsOf(given: unknown): (readonly [index: number, value: number])[] {
  const { data } = sparse.safeParse(given);
  if (data === undefined || data.indices.length !== data.values.length)
    throw new SyntaxError("a sparse vector in another form");
  return data.indices
    .map((index, at) => [index, data.values[at] ?? 0] as const)
    .sort(([one], [other]) => one - other);
}

function offsetsOf(rows: readonly (readonly unknown[])[]): Uint32Array {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((row, place) => {
    offsets[place + 1] = (offsets[place] ?? 0) + row.length;
  });
  return offsets;
}

function components(given: unknown, dimension: number): number[] {
  const array = arrayOf(given);
  if (array.length !== dimension)
    throw new SyntaxError(`a vector that has not ${dimension} components`);
  if (!array.every((component) => typeof component === "number"))
    throw new SyntaxError("a vector with a component that is no number");
  return array;
}

function arrayOf(given: unknown): unknown[] {
  if (Array.isArray(given)) return given;
  throw new SyntaxError("a vector that is no array");
}
