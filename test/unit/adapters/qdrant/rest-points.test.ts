import { describe, expect, it } from "vitest";
import type { PointColumns } from "../../../../src/adapters/qdrant/api.ts";
import {
  columnsOf,
  plainOf,
  queryBytes,
  upsertBodies,
  vectorText,
} from "../../../../src/adapters/qdrant/rest-points.ts";
import { type PlainObject, parsePlain } from "../../../../src/util/json.ts";
import { alone, unnamed, wantedAlone } from "../../../support/vector-columns.ts";

const uuid = "00000000-0000-5000-8000-00000000000a";

function columns(payloads: readonly string[], vector = [1, -0]): PointColumns {
  const data = Float32Array.from(payloads.flatMap(() => vector));
  return {
    points: payloads.map((_, row) => String(row)),
    vectors: alone(vector.length, data),
    payloads: [...payloads],
  };
}

describe("vectorText", () => {
  it("names every float32: bits from all over, the ends of the range, both zeros", () => {
    const bits = new Uint32Array(200_000);
    bits.forEach((_, index) => {
      bits[index] = Math.imul(index, 2_654_435_761);
    });
    bits.set([0, 0x8000_0000, 1, 0x8000_0001, 0x7f7f_ffff, 0xff7f_ffff, 0x0080_0000, 0x007f_ffff]);
    const data = new Float32Array(bits.buffer).filter(Number.isFinite);
    const back = Float32Array.from(JSON.parse(vectorText(data, 0, data.length)));
    expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(data.buffer))).toBe(0);
  });

  it("writes every component as a float, and no more digits than are needed", () => {
    const data = Float32Array.of(0, -0, 1, 0.1, 2 ** 127);
    expect(vectorText(data, 0, 5)).toBe("[0.0,-0.0,1.00000000,0.100000001,1.70141183e+38]");
    expect(vectorText(data, 1, 3)).toBe("[-0.0,1.00000000]");
    // A server reads a list of integers and another list as a sparse vector.
    const large = Float32Array.of(123_456_792, -999_999_936, 1e9);
    expect(vectorText(large, 0, 3)).toBe("[123456792.0,-999999936.0,1.00000000e+9]");
  });

  it("writes the nine digits that toPrecision gives, also about the powers of ten, and however many are long", () => {
    const floats = [1, 0.1, 0.01, 0.001].flatMap((power) => {
      const around = Int32Array.from({ length: 2001 }, (_, step) => step - 1000);
      const [bits = 0] = new Int32Array(Float32Array.of(power).buffer);
      return [...new Float32Array(around.map((step) => bits + step).buffer)];
    });
    const long = Array.from({ length: 1000 }, (_, step) => -1.2345e-6 - step / 1e9);
    for (const some of [floats, floats.map((one) => -one), long]) {
      const data = Float32Array.from(some);
      const digits = Array.from(data, (component) => component.toPrecision(9));
      expect(vectorText(data, 0, data.length)).toBe(`[${digits.join(",")}]`);
    }
  });
});

describe("queryBytes", () => {
  it("are the text with its vector, in UTF-8, however long components and the rest are", () => {
    const rest = `,"filter":${JSON.stringify({ value: "日本 ä \ud83d\ude00".repeat(500) })}}`;
    const long = Float32Array.from({ length: 2000 }, (_, step) => -1.2345e-6 - step / 1e9);
    for (const vector of [Float32Array.of(), Float32Array.of(1, -0), long])
      expect(Buffer.from(queryBytes(vector, rest)).toString()).toBe(
        `{"query":${vectorText(vector, 0, vector.length)}${rest}`,
      );
  });
});

describe("plainOf", () => {
  const all = (payload: PlainObject) => payload;
  const hit = '{"id":"a","version":1,"score":0.1,"payload":{"a":2.0,"b":9007199254740993}}';

  it("gives the points of an answer with their payloads decoded", () => {
    const numbered = '{"id":18446744073709551615,"score":-1,"payload":{}}';
    expect(plainOf(parsePlain(`{"points":[${hit},${numbered}]}`), all)).toEqual({
      points: ["a", "18446744073709551615"],
      scores: [Math.fround(0.1), -1],
      vectors: new Map(),
      plain: [{ a: 2, b: 9007199254740993n }, {}],
    });
    expect(plainOf({ points: [] }, all)?.points).toEqual([]);
    const far = '{"points":[{"id":1,"score":10000000000000000,"payload":{}}]}';
    expect(plainOf(parsePlain(far), all)?.scores).toEqual([Math.fround(1e16)]);
  });

  it("gives nothing where a payload is not fit, or there is none", () => {
    const first = ({ a }: PlainObject) => (a === 1 ? a : null);
    expect(plainOf(parsePlain(`{"points":[${hit}]}`), first)).toBeNull();
    expect(plainOf({ points: [{ id: "a", score: 1, payload: null }] }, all)).toBeNull();
  });

  it.each([
    null,
    [],
    {},
    { points: {} },
    { points: [1] },
    { points: [{ id: "a", payload: {} }] },
    { points: [{ score: 1, payload: {} }] },
    { points: [{ id: {}, score: 1, payload: {} }] },
  ])("refuses what is no answer: %j", (result) => {
    expect(() => plainOf(result, all)).toThrow(SyntaxError);
  });
});

function* bodiesOf(...given: Parameters<typeof upsertBodies>): Generator<string> {
  for (const body of upsertBodies(...given)) yield Buffer.from(body).toString();
}

describe("upsertBodies", () => {
  it("splices payload as it stands", () => {
    const payload = '{"a":2.0,"b":9007199254740993,"c":{"d":[1,1.0]}}';
    expect([...bodiesOf(columns([payload]), 10_000, 10_000, {})]).toEqual([
      `{"points":[{"id":0,"vector":[1.00000000,-0.0],"payload":${payload}}]}`,
    ]);
  });

  it("writes UUIDs as strings, and a row without vector as a point without one", () => {
    const given: PointColumns = {
      points: [uuid, "18446744073709551615"],
      vectors: alone(1, Float32Array.of(1, 0), Uint8Array.of(1, 0)),
      payloads: [null, null],
    };
    expect([...bodiesOf(given, 10_000, 10_000, {})]).toEqual([
      `{"points":[{"id":"${uuid}","vector":[1.00000000],"payload":{}},{"id":18446744073709551615,"vector":{},"payload":{}}]}`,
    ]);
  });

  it("keeps every body under the bound, counted in bytes, and loses no row", () => {
    const payloads = Array.from(
      { length: 100 },
      (_, row) => `{"row":${row},"t":"${"日".repeat(row)}"}`,
    );
    const bodies = [...bodiesOf(columns(payloads), 1000, 1000, {})];
    expect(bodies.length).toBeGreaterThan(10);
    expect(bodies.every((body) => Buffer.byteLength(body) <= 1000)).toBe(true);
    const rows = bodies.flatMap((body) => JSON.parse(body).points);
    expect(rows.map(({ id, payload }) => [id, payload.row])).toEqual(
      payloads.map((_, row) => [row, row]),
    );
  });

  it("refuses a single point over the bound and names it", () => {
    const bodies = bodiesOf(columns(["{}", `{"t":"${"x".repeat(1000)}"}`]), 1000, 1000, {});
    expect(() => [...bodies]).toThrow(
      expect.objectContaining({
        code: "E_REJECTED",
        details: expect.objectContaining({ tooLarge: true, point: "1" }),
      }),
    );
  });
});

describe("columnsOf", () => {
  it("takes ids, raw payload and vectors of every shape", () => {
    const answer = `[
      {"id":18446744073709551615,"payload":{"a":2.0},"vector":[0.1,-0.0]},
      {"id":"${uuid}","payload":null,"vector":{"":[1,2],"other":[7]}},
      {"id":1,"vector":{}}]`;
    const { points, payloads, vectors } = columnsOf(answer, wantedAlone(2));
    expect(points).toEqual(["18446744073709551615", uuid, "1"]);
    expect(payloads).toEqual(['{"a":2.0}', null, null]);
    expect(unnamed(vectors)).toEqual(Float32Array.of(0.1, -0, 1, 2, 0, 0));
    expect(vectors.get("")?.present).toEqual(Uint8Array.of(1, 1, 0));
  });

  it("has no vectors where none were asked for", () => {
    expect(columnsOf('[{"id":1,"payload":{}}]', []).vectors).toEqual(new Map());
    expect(columnsOf("[]", [])).toEqual({ points: [], vectors: new Map(), payloads: [] });
  });
});
