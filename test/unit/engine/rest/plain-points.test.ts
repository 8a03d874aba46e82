import { describe, expect, it } from "vitest";
import { plainPoints } from "../../../../src/engine/rest/plain-points.ts";
import { seededRandom } from "../../../../src/util/seeded-random.ts";

const uuid = "0f0f0f0f-1111-4222-8333-444444444444";
/** Behind which nobody looks: it makes a body long. */
const filler = " ".repeat(64 * 1024);

function read(text: string) {
  const body = new TextEncoder().encode(text);
  return plainPoints({ operation: "upsertPoints", collection: "c", params: {}, body });
}

const point = (more: string, vector = "[1,2]") => `{"id":1,"vector":${vector}${more}}`;
const bodyOf = (points: string, more = "") => `{"points":[${points}]${more}}${filler}`;

describe("a long body of points in their usual shape", () => {
  const seed = 20261122;

  it(`gives each component the float32 that its text has (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const words = new Uint32Array(1);
    const float = new Float32Array(words.buffer);
    const spellings = [
      () => String((random() - 0.5) * 10 ** Math.floor(random() * 40 - 20)),
      () => String(Math.fround(random() - 0.5)),
      () => (random() * 1e12).toFixed(Math.floor(random() * 30)),
      () => String(Math.floor(random() * 1e15)),
      // Halfway between two neighbours, and a little beside it.
      () => {
        words[0] = Math.floor(random() * 0x7f000000);
        const low = float[0] ?? 0;
        words[0] += 1;
        const middle = (low + (float[0] ?? 0)) / 2;
        return middle > 1e-6 && middle < 1e20 ? middle.toFixed(30) : String(middle);
      },
      () =>
        ["0", "-0", "0.0", "1e-7", "-1.5E3", "123456789.5", "1234567890.5"][
          Math.floor(random() * 7)
        ] ?? "",
    ];
    const texts = Array.from(
      { length: 20_000 },
      () => spellings[Math.floor(random() * spellings.length)]?.() ?? "",
    );
    const rows = Array.from({ length: 100 }, (_, row) => {
      const vector = texts.slice(row * 200, (row + 1) * 200).join(row % 2 === 0 ? "," : " , ");
      return `{"vector":[${vector}],"id":${row}}`;
    });
    const column = read(`{"points":[${rows.join()}]}`)?.vectors.get("");
    expect(column).toMatchObject({ kind: "dense", dimension: 200 });
    if (column?.kind !== "dense") return;
    for (const [at, text] of texts.entries())
      if (!Object.is(column.data[at], Math.fround(Number(text))))
        expect.fail(`${text} became ${column.data[at]}`);
  });

  it("keeps ids and payloads as they stand", () => {
    const points = [
      point(',"payload":{"a": "b\\n\\"ü","n":12345678901234567890,"l":[{"x":1.50}, true ]}'),
      `{ "id" : "${uuid}", "vector" : [ 3 , 4 ] }`,
      '{"payload":{},"id":18446744073709551615,"vector":[5,6]}',
    ];
    const given = read(bodyOf(points.join(" , ")));
    expect(given?.ids).toEqual(["1", uuid, "18446744073709551615"]);
    expect(given?.payloads).toEqual([
      '{"a": "b\\n\\"ü","n":12345678901234567890,"l":[{"x":1.50}, true ]}',
      null,
      "{}",
    ]);
    expect(given?.vectors.get("")).toMatchObject({ data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  });
});

describe("is left to the reader of texts:", () => {
  const odd: Record<string, string> = {
    "a body that is short": `{"points":[${point("")}]}`,
    "one that says more than points": bodyOf(point(""), ',"update_mode":"insert_only"'),
    "one with something behind it": `${bodyOf(point(""))}]`,
    "no point": bodyOf(""),
    "a member that is not known": bodyOf(point(',"x":1')),
    "a member that stands twice": bodyOf(point(',"id":2')),
    "a member with an escape in its name": bodyOf('{"\\u0069d":1,"vector":[1]}'),
    "a point without a vector": bodyOf('{"id":1}'),
    "a point without an id": bodyOf('{"vector":[1]}'),
    "an id that is spelled otherwise": bodyOf(`{"id":"${uuid.toUpperCase()}","vector":[1]}`),
    "a number as a string for an id": bodyOf('{"id":"1","vector":[1]}'),
    "an id with zeros before it": bodyOf('{"id":01,"vector":[1]}'),
    "an id beyond 64 bits": bodyOf('{"id":18446744073709551616,"vector":[1]}'),
    "vectors by name": bodyOf(point("", '{"a":[1]}')),
    "a multivector": bodyOf(point("", "[[1]]")),
    "an empty vector": bodyOf(point("", "[]")),
    "vectors of several lengths": bodyOf(`${point("")},${point("", "[1]")}`),
    "no number": bodyOf(point("", "[1,nan]")),
    "zeros before a number": bodyOf(point("", "[01]")),
    "a point without digits": bodyOf(point("", "[1.]")),
    "a number that no double has": bodyOf(point("", "[1e400]")),
    "a payload that is none": bodyOf(point(',"payload":[]')),
    "a deep payload": bodyOf(point(`,"payload":{"a":${"[".repeat(70)}${"]".repeat(70)}}`)),
    "a payload with an exponent": bodyOf(point(',"payload":{"a":1e999}')),
    "a payload with a long number": bodyOf(point(`,"payload":{"a":${"1".repeat(400)}}`)),
    "a payload with half a character": bodyOf(point(',"payload":{"a":"\\ud800"}')),
    "a body cut short": bodyOf(point("")).replace("]}", ""),
  };
  it.each(Object.entries(odd))("%s", (_what, text) => {
    expect(read(text)).toBeNull();
  });

  it("what is no UTF-8", () => {
    const body = Buffer.from(bodyOf(point(',"payload":{"a":"x"}')));
    body[body.indexOf("x")] = 0xff;
    expect(
      plainPoints({ operation: "upsertPoints", collection: "c", params: {}, body }),
    ).toBeNull();
  });
});
