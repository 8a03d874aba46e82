import { describe, expect, it, vi } from "vitest";
import { parseAnswer } from "../../../src/embedded/answers.ts";
import { openEngine } from "../../../src/engine/index.ts";
import { directRoad, Statistics } from "../../../src/server/index.ts";
import { parsePlain } from "../../../src/util/json.ts";

/** As a point of an answer stands, with what looks like the border of two points in it. */
const point = (id: number, inner: string) =>
  `{"id":${id},"version":0,"score":0.5,"payload":{"big":12345678901234567890,"text":"é🦀},{\\"id\\":","list":[${inner}]},"vector":[1,2.5]}`;
const utf8 = (answer: string): Uint8Array => new TextEncoder().encode(answer);
const text = '"x"';
/** Objects with ids, so many that a cut falls among them. */
const many = Array.from({ length: 20_000 }, (_, id) => `{"id":${id}}`).join(",");
const points = Array.from({ length: 8_000 }, (_, id) => point(id, text)).join(",");

/** So many members that a cut falls among them; one of them has a name of its own. */
const members = (name: string): string =>
  `"${name}":{"own":1},${Array.from({ length: 20_000 }, (_, at) => `"${at % 7 === 0 ? at : `k${at}`}":[${at}]`).join(",")}`;

describe("a long answer", () => {
  it.each([
    ["a page", `{"points":[${points}],"next_page_offset":"a]b"}`],
    ["hits", `{"points":[${points}]}`],
    ["a bare list", `[${points}]`],
    ["a batch", `[{"points":[${points}]},{"points":[${points}]}]`],
    ["groups", `{"groups":[{"hits":[${points}],"id":1}]}`],
    ["points with a list of objects", `{"points":[${point(1, many)},${point(2, many)}]}`],
    ["one point", `[${point(1, many)}]`],
    ["no points", `["${"x".repeat(300_000)}"]`],
    ["a long string and nothing else", `"${"x".repeat(300_000)}"`],
    ["values of a facet", `{"hits":[${many.replaceAll("id", "value")}]}`],
    [
      "objects of objects",
      `{"a":{"2":{${members("x")}},"1":[[${points}],[]],"__proto__":{${members("__proto__")}}}}`,
    ],
    [
      "spaces and escaped keys",
      `[ {"\\u0061\\"": [ ${points.replaceAll("},{", "} , {")} , 1 ] , "b" : {} } , [ ] ]`,
    ],
  ])("is decoded as a short one is: %s", async (_what, answer) => {
    expect(await parseAnswer(utf8(answer))).toEqual(parsePlain(answer));
  });

  it.each([
    ["hits", `{"points":[${points}]}`],
    ["a batch", `[{"points":[${points}]},{"points":[${points}]}]`],
    ["groups", `{"groups":[{"hits":[${points}],"id":1},{"hits":[${points}],"id":2}]}`],
    ["values of a facet", `{"hits":[${many},${many}]}`],
    ["the lists of a batch", `[[${points}],[${points}]]`],
  ])("is decoded by small pieces: %s", async (_what, answer) => {
    const parse = vi.spyOn(JSON, "parse");
    await parseAnswer(utf8(answer));
    const lengths = parse.mock.calls.map(([piece]) => piece.length);
    parse.mockRestore();
    expect(Math.max(...lengths)).toBeLessThan(80_000);
  });

  it("leaves turns of the event loop to others", async () => {
    const vector = Array.from({ length: 1000 }, (_, at) => at / 7).join(",");
    const page = Array.from({ length: 3_000 }, (_, id) => `{"id":${id},"vector":[${vector}]}`);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const answer = await parseAnswer(utf8(`{"points":[${page.join(",")}]}`));
    clearInterval(timer);
    expect(answer).toMatchObject({ points: { length: 3_000 } });
    expect(turns).toBeGreaterThan(1);
  });

  it("comes from the engine's thread as bytes, which are handed over and not copied", async () => {
    await using engine = await openEngine(":memory:");
    const road = directRoad(engine, new Statistics());
    const told = await road({
      operation: "listCollections",
      collection: "",
      params: {},
      body: null,
    });
    const result = utf8('{"collections":[]}');
    expect(told).toEqual({ status: 200, result, seconds: expect.any(Number) });
  });
});
