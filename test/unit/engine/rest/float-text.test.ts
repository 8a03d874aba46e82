import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float32Text } from "../../../../src/engine/rest/float-text.ts";

describe("float32Text", () => {
  it("comes back as the same float32, whatever it is", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Math.fround(Number(float32Text(value))), value)).toBe(true);
        expect(JSON.parse(float32Text(value))).toBe(Number(float32Text(value)));
      }),
      { numRuns: 2000 },
    );
  });

  it("is as short as a server of 1.18.2 writes it", () => {
    const texts = [
      "0.1",
      "0.18257418",
      "1.0",
      "-2.0",
      "0.0",
      "-0.0",
      "0.99999994",
      "15.25",
      "1e-7",
      "123456.79",
    ];
    for (const text of texts) expect(float32Text(Math.fround(Number(text)))).toBe(text);
  });
});
