import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  metrics,
  normalizeCosine,
  squaredLength,
} from "../../../../src/engine/vectors/distance.ts";

const component = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 });
const vector = fc
  .integer({ min: 1, max: 100 })
  .chain((size) => fc.array(component, { minLength: size, maxLength: size }));

/** Of unit length as far as float32 goes, computed in float64. */
function unit(values: readonly number[]): Float32Array {
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / norm);
}

describe("normalizeCosine", () => {
  it("leaves a vector that was normalized in float64 as it is, bit by bit", () => {
    fc.assert(
      fc.property(vector, (values) => {
        fc.pre(Math.hypot(...values) > 1e-3);
        const given = unit(values);
        const stored = given.slice();
        normalizeCosine(stored, 0, stored.length);
        expect(stored).toEqual(given);
      }),
    );
  });

  it("normalizes what is not of unit length, and gives what a server of 1.18.2 stored", () => {
    const stored = Float32Array.from([9, 9, 0.1, 0.2, 0.3, 0.4, 9]);
    normalizeCosine(stored, 2, 4);
    expect([...stored]).toEqual(
      [9, 9, 0.18257418, 0.36514837, 0.5477226, 0.73029673, 9].map(Math.fround),
    );
    const other = Float32Array.from([1, 2, 3, 4]);
    normalizeCosine(other, 0, 4);
    expect([...other]).toEqual([0.18257418, 0.36514837, 0.5477225, 0.73029673].map(Math.fround));
  });

  it("leaves nearly zero vectors alone", () => {
    const tiny = Float32Array.from([3e-4, 0, 0]);
    normalizeCosine(tiny, 0, 3);
    expect(tiny[0]).toBe(Math.fround(3e-4));
  });

  it("sums squares to within float32 of the true sum, at every width", () => {
    fc.assert(
      fc.property(vector, (values) => {
        const data = Float32Array.from(values);
        const exact = data.reduce((sum, value) => sum + value * value, 0);
        expect(Math.abs(squaredLength(data, 0, data.length) - exact)).toBeLessThanOrEqual(
          exact * 1e-5 + 1e-37,
        );
      }),
    );
  });
});

describe("metrics", () => {
  it("score as Qdrant does: products as they are, Euclid as the root, Manhattan as the sum", () => {
    const query = Float32Array.from([1, 2, 3, 4, 5]);
    const data = Float32Array.from([0, 5, 4, 3, 2, 1]);
    const score = (name: keyof typeof metrics): number =>
      metrics[name].toScore(metrics[name].compare(query, data, 1));
    expect(score("Dot")).toBe(35);
    expect(score("Euclid")).toBe(Math.fround(Math.sqrt(16 + 4 + 0 + 4 + 16)));
    expect(score("Manhattan")).toBe(12);
  });
});
