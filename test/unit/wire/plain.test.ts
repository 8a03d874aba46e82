import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PlainObject, parsePlain, stringifyLossless } from "../../../src/util/json.ts";
import {
  decodePlainAnswer,
  decodeQueryAnswer,
  encodeQueryAnswer,
} from "../../../src/wire/query.ts";
import { payloads } from "../../support/random-points.ts";

const id = "00000000-0000-0000-0000-000000000001";

function answerOf(texts: readonly string[]): Uint8Array {
  const ids = texts.map(() => id);
  const scores = texts.map((_, row) => 1 / (row + 1));
  return encodeQueryAnswer({ ids, vectors: new Map(), payloads: [...texts], scores }, 0).subarray(
    5,
  );
}

const whole = (payload: PlainObject) => payload;
const plainOf = (texts: readonly string[]) => decodePlainAnswer(answerOf(texts), [], whole);

describe("an answer that is read plain", () => {
  it("has the values that its text would give, keys in the same order", () => {
    fc.assert(
      fc.property(fc.array(payloads, { maxLength: 5 }), (some) => {
        const message = answerOf(some.map(stringifyLossless));
        const read = decodePlainAnswer(message, [], whole);
        const { payloads: texts, doubtful, ...found } = decodeQueryAnswer(message);
        if (doubtful.length > 0) {
          expect(read).toBeNull();
          return;
        }
        const plain = texts.map((text) => parsePlain(text ?? "{}"));
        expect(read).toEqual({ ...found, plain });
        expect(read?.plain.map(entriesOf)).toEqual(plain.map(entriesOf));
      }),
    );
  });

  it("has integers that no number holds as bigint, and floats as numbers", () => {
    const text =
      '{"a":9007199254740991,"b":9007199254740992,"c":-9007199254740993,"d":2.0,"e":1e300,"f":-0.0,"g":-1,"h":-9223372036854775808}';
    expect(plainOf([text])?.plain).toEqual([
      {
        a: 9007199254740991,
        b: 9007199254740992n,
        c: -9007199254740993n,
        d: 2,
        e: 1e300,
        f: -0,
        g: -1,
        h: -(2n ** 63n),
      },
    ]);
  });

  it("keeps every key its own, whatever was read before", () => {
    const texts = Array.from(
      { length: 3000 },
      (_, row) => `{"é${row}":1,"key-${row}":2,"__proto__":3,"":4}`,
    );
    expect(plainOf(texts)?.plain).toEqual(texts.map((text) => JSON.parse(text)));
    expect(Object.getPrototypeOf(plainOf(texts)?.plain[0])).toBe(Object.prototype);
  });

  it("is none where gRPC leaves a number open, or a payload is not fit", () => {
    expect(plainOf(['{"a":1}', '{"a":[9.3e18]}'])).toBeNull();
    expect(
      decodePlainAnswer(answerOf(['{"a":1}', '{"a":2}']), [], (payload) =>
        payload["a"] === 1 ? payload : null,
      ),
    ).toBeNull();
  });

  it("is refused where it is garbled", () => {
    const message = answerOf(['{"text":"x"}']);
    const at = Buffer.from(message).indexOf("x");
    const bad = Uint8Array.from(message);
    bad[at] = 0xff;
    expect(() => decodePlainAnswer(bad, [], whole)).toThrow(SyntaxError);
    for (let end = 1; end < message.length - 9; end += 1)
      expect(() => decodePlainAnswer(message.subarray(0, end), [], whole)).toThrow(SyntaxError);
  });
});

function entriesOf(value: unknown): unknown {
  return value === null || typeof value !== "object"
    ? value
    : Object.entries(value).map(([key, member]) => [key, entriesOf(member)]);
}
