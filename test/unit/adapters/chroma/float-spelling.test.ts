import { expect, it } from "vitest";
import { spelledFloat, spelledMetadata } from "../../../../src/adapters/chroma/float-spelling.ts";
import { floatText } from "../../../../src/util/json.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";
import { serdeReads } from "../../../../src/util/serde-number.ts";

/** What a server of 1.x keeps: read from the request, and again from its queue. */
function kept(text: string): number {
  return serdeReads(serdeReads(text).toExponential());
}

it("every number that such a server can hold has a spelling that gives it", () => {
  const random = seededRandom(9);
  for (let round = 0; round < 5000; round += 1) {
    const value = kept(floatText((random() - 0.5) * 10 ** Math.floor(random() * 60 - 30)));
    const spelling = spelledFloat(floatText(value), 2);
    expect(spelling, String(value)).not.toBeNull();
    expect(kept(spelling ?? "")).toBe(value);
  }
});

it("a number that it cannot hold has none; where it is not known how often it reads, only what is the same either way", () => {
  const random = seededRandom(10);
  let without = 0;
  for (let round = 0; round < 1000; round += 1) {
    const text = floatText(random() * 1000);
    const [twice, either, once] = [
      spelledFloat(text, 2),
      spelledFloat(text, null),
      spelledFloat(text, 1),
    ];
    if (twice === null) without += 1;
    else expect(kept(twice)).toBe(Number(text));
    if (either !== null)
      expect([kept(either), serdeReads(either)]).toEqual([Number(text), Number(text)]);
    if (once !== null) expect(serdeReads(once)).toBe(Number(text));
    expect(spelledFloat(text, 0)).toBe(text);
  }
  expect(without).toBeGreaterThan(50);
  expect(without).toBeLessThan(200);
});

it("only floats of the metadata are spelled, in lists too, and nothing else is touched", () => {
  const value = serdeReads("94.52706955539223");
  const spelling = spelledFloat(String(value), 2);
  const others = '"text":"94.52706955539225","int":12345678901234567,"half":0.5';
  const text = `{"a": ${value} ,${others},"list":[0.5, ${value}],"strings":["x",",1.5e300"]}`;
  const wanted = `{"a": ${spelling} ,${others},"list":[0.5, ${spelling}],"strings":["x",",1.5e300"]}`;
  expect(spelledMetadata(text, 2)).toBe(wanted);
  expect(spelledMetadata(text, 0)).toBe(text);
  expect(spelledMetadata('{"a":1.5}', 2)).toBe('{"a":1.5}');
});
