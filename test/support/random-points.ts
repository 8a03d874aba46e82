/** Random payloads, ids and vectors for the tests of messages. */
import fc from "fast-check";
import type { DenseColumn } from "../../src/model/record.ts";
import type { JsonValue } from "../../src/util/json.ts";
import { named, numbered } from "./qdrant-messages.ts";

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** The generated classes keep maps in plain objects, which have no room for this key. */
const key = fc.string({ unit: "grapheme", maxLength: 12 }).filter((name) => name !== "__proto__");
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom('"', "\\", "\n", "\u0000", "\u001f", "é", "漢", "😀", "/", "a"),
  }),
  fc.string({ minLength: 100, maxLength: 20_000, size: "max" }),
);
const float = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 2, 1e300, 5e-324, 1e21, -1e15, 2 ** 63),
);

const json = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    text,
    int64,
    fc.integer().map(BigInt),
    float,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

/** Lossless JSON: an int64 is a bigint, a double a number. */
export const payloads = fc.dictionary(key, json.value, { maxKeys: 6, noNullPrototype: true });

export const points = fc.oneof(
  fc.uuid(),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  fc.nat().map(String),
);

export const vectorsOf = (dimension: number) =>
  fc.float32Array({
    minLength: dimension,
    maxLength: dimension,
    noNaN: true,
  });

/** Rows of a random page. */
export const rows = (dimension: number) =>
  fc.array(
    fc.record({
      point: points,
      payload: payloads,
      vector: fc.option(vectorsOf(dimension)),
      score: fc.float({ noNaN: true }),
    }),
    { maxLength: 6 },
  );

/** A point's id as the generated classes have it. */
export const idOf = (point: string) =>
  point.length === 36 ? named(point) : numbered(BigInt(point));

export const column = (
  dimension: number,
  data: number[],
  present: number[] | null = null,
): DenseColumn => ({
  kind: "dense" as const,
  dimension,
  data: Float32Array.from(data),
  present: present === null ? null : Uint8Array.from(present),
});
