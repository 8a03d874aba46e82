import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isVectorError } from "../../../src/errors.ts";
import { examples } from "../../support/qdrant-messages.ts";

/** What decoding gives: a value, or the kind of refusal. Anything else is thrown on. */
function outcome(decode: (message: Uint8Array) => unknown, message: Uint8Array): unknown {
  try {
    return { value: decode(message) };
  } catch (error) {
    if (error instanceof SyntaxError) return "garbled";
    if (isVectorError(error, "E_INPUT") || isVectorError(error, "E_NOT_SUPPORTED"))
      return error.code;
    throw error;
  }
}

describe.each(examples)("$name", ({ bytes, withUnknown, decode }) => {
  it("passes over fields that nobody knows, wherever they stand", () => {
    expect(withUnknown.length).toBeGreaterThan(bytes.length);
    expect(decode(withUnknown)).toEqual(decode(bytes));
  });

  it("cut at any byte is refused or read, and nothing behind the cut is looked at", () => {
    let refused = 0;
    for (let length = 0; length < bytes.length; length += 1) {
      const alone = outcome(decode, bytes.slice(0, length));
      expect(outcome(decode, bytes.subarray(0, length))).toEqual(alone);
      if (alone === "garbled") refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it("is read wherever its bytes begin", () => {
    for (let before = 1; before < 5; before += 1) {
      const shifted = Buffer.concat([Buffer.alloc(before, 0xff), bytes, Buffer.alloc(9, 0xff)]);
      const message = shifted.subarray(before, before + bytes.length);
      expect(decode(message)).toEqual(decode(bytes));
    }
  });

  it("garbled in some bytes is refused by name or read, and never hangs", () => {
    const change = fc.record({
      at: fc.nat({ max: bytes.length - 1 }),
      to: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x7f, 0x80, 0xff)),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const garbled = Uint8Array.from(bytes);
        for (const { at, to } of changes) garbled[at] = to;
        outcome(decode, garbled);
      }),
      { numRuns: 400 },
    );
  });

  it("of random bytes is refused by name or read", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        outcome(decode, random);
      }),
    );
  });
});
